"""Endpoints that merge and split incidents, relate them, and correct their milestones."""

from collections.abc import Callable
from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import incident_moves_inputs as inputs
from services.gateway.api import shapes
from services.gateway.api.current import (
    encode,
    entity_tag,
    gateway,
    if_match_versions,
    judge,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import resolve_incident_id, view_incident
from services.gateway.domain.records import Role, Scope
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.backdate_incident import backdate_incident
from services.gateway.handlers.merge_incidents import IncidentMerger, MergeOrder
from services.gateway.handlers.relate_incidents import relate_incidents, unrelate_incidents
from services.gateway.handlers.split_incident import IncidentSplitter, SplitOrder
from services.gateway.ports import Transaction

blueprint = ReadingBlueprint("incident_moves", __name__, description="Merging, relating and correcting incidents.")


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/merge",
        method="POST",
        role=Role.RESPONDER,
        answer=shapes.IncidentShape,
        body=inputs.MergeInput,
        body_example={"into": "INC-41", "reason": "The same outage, seen by another alert."},
        errors=(
            errors.RecordNotFound,
            errors.TransitionNotAllowed,
            errors.IncidentMerged,
            errors.MergeIntoItself,
            errors.MergeCycle,
            errors.MergeTargetMerged,
            errors.MergeTargetEnded,
            errors.TooManyRelations,
            errors.VersionConflict,
            errors.TransactionTooLarge,
            errors.ReasonRequired,
        ),
        keyed=True,
        matched=True,
    ),
)
def merge(fields: dict[str, Any], incident_id: str) -> Response:
    """Merge an incident into another, which takes over its signals and groups."""
    store = gateway().store
    order = MergeOrder(
        incident_id=resolve_incident_id(store, incident_id),
        into=_named(fields["into"], "into"),
        reason=fields["reason"].strip(),
        versions=if_match_versions(),
    )
    return _write(IncidentMerger(store, judge(), order, subject()).merge)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/split",
        method="POST",
        role=Role.RESPONDER,
        answer=shapes.IncidentShape,
        body=inputs.SplitInput,
        body_example={"reason": "Another cause after all."},
        errors=(
            errors.RecordNotFound,
            errors.IncidentNotMerged,
            errors.VersionConflict,
            errors.ReasonRequired,
        ),
        keyed=True,
        matched=True,
    ),
)
def split(fields: dict[str, Any], incident_id: str) -> Response:
    """Undo the merge of an incident."""
    store = gateway().store
    order = SplitOrder(
        incident_id=resolve_incident_id(store, incident_id),
        reason=fields["reason"].strip(),
        versions=if_match_versions(),
    )
    return _write(IncidentSplitter(store, judge(), order, subject()).split)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/relations",
        method="POST",
        role=Role.RESPONDER,
        answer=shapes.IncidentShape,
        body=inputs.RelationInput,
        body_example={"incidentId": "INC-41"},
        errors=(
            errors.RecordNotFound,
            errors.IncidentMerged,
            errors.TooManyRelations,
            errors.VersionConflict,
        ),
        keyed=True,
        matched=True,
    ),
)
def create_relation(fields: dict[str, Any], incident_id: str) -> Response:
    """Relate an incident to another; it stands on both."""
    resolved, actor, versions = resolve_incident_id(gateway().store, incident_id), subject(), if_match_versions()
    other_id = _named(fields["incident_id"], "incidentId")
    return _write(lambda tx: relate_incidents(tx, resolved, other_id, actor, versions))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/relations/{other_id}",
        method="DELETE",
        role=Role.RESPONDER,
        answer=shapes.IncidentShape,
        errors=(errors.RecordNotFound, errors.IncidentMerged, errors.VersionConflict),
        matched=True,
    ),
)
def delete_relation(incident_id: str, other_id: str) -> Response:
    """Take back that two incidents are related, on both."""
    store, actor, versions = gateway().store, subject(), if_match_versions()
    resolved, other = resolve_incident_id(store, incident_id), resolve_incident_id(store, other_id)
    return _write(lambda tx: unrelate_incidents(tx, resolved, other, actor, versions))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/milestones",
        method="PATCH",
        role=Role.APPROVER,
        scope=Scope.INCIDENTS_WRITE,
        answer=shapes.IncidentShape,
        body=inputs.MilestonesInput,
        body_example={"detectedAt": "2026-11-01T11:40:00Z", "reason": "The first customer called at 11:40."},
        errors=(
            errors.RecordNotFound,
            errors.IncidentMerged,
            errors.MilestoneNotReached,
            errors.VersionConflict,
            errors.ReasonRequired,
            errors.TimesNotChronological,
        ),
        keyed=True,
        matched=True,
    ),
)
def patch_milestones(fields: dict[str, Any], incident_id: str) -> Response:
    """Correct when an incident reached its milestones."""
    resolved, actor, versions = resolve_incident_id(gateway().store, incident_id), subject(), if_match_versions()
    reason = fields.pop("reason").strip()
    return _write(lambda tx: backdate_incident(tx, resolved, fields, reason, actor, versions))


def _named(name: str, field: str) -> str:
    """Return the id of the incident a field of the body names; the address is right, so that is no 404."""
    try:
        return resolve_incident_id(gateway().store, name)
    except errors.RecordNotFound:
        raise errors.ValidationFailed(f"Not valid: {field}.", errors={field: ["names no incident"]}) from None


def _write(work: Callable[[Transaction], str]) -> Response:
    return write_answer(answer_once(gateway().store, repeat_guard(), work, _show))


def _show(incident_id: str) -> Answer:
    parts = gateway()
    view = view_incident(parts.store, parts.settings.approvals, parts.clock.now(), incident_id)
    body = encode(view)
    return Answer(200, body.decode(), etag=entity_tag(body, view.version))
