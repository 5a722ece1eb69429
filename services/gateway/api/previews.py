"""Endpoints of looking before leaping: the mapping, previews of deliveries, why one is where it is; and changes."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import rule_inputs, rule_shapes
from services.gateway.api.current import (
    encode,
    encode_page,
    entity_tag,
    gateway,
    if_match_versions,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import CURRENT_MAPPING, Change, IntakeMapping, Role, Scope
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.change_mapping import change_mapping, check_paths
from services.gateway.handlers.explain_delivery import explain_delivery
from services.gateway.handlers.preview_deliveries import newest_of_source, preview_deliveries, view_preview
from services.gateway.ports import RecordQuery

blueprint = ReadingBlueprint("previews", __name__, description="What would happen, and why what happened did.")

_MAPPED = "webhook"
_PATHS = {"paths": {"title": ["check.headline"], "severity": ["check.level"]}}
_BODY_ERRORS = (errors.RecordNotFound, errors.BlobNotFound, errors.BlobDamaged)


@endpoint(
    blueprint,
    Operation(
        path="/api/mapping",
        role=Role.VIEWER,
        scope=Scope.DELIVERIES_READ,
        answer=rule_shapes.MappingShape,
        conditional=True,
    ),
)
def read_mapping() -> Response:
    """Read the mapping in force; it stands over the file the worker was started with."""
    mapping = gateway().store.find(IntakeMapping, CURRENT_MAPPING)
    return read_answer(_show(mapping), mapping.version if mapping is not None else 0)


@endpoint(
    blueprint,
    Operation(
        path="/api/mapping",
        method="PUT",
        role=Role.ADMIN,
        scope=Scope.DELIVERIES_WRITE,
        answer=rule_shapes.MappingShape,
        body=rule_inputs.MappingInput,
        body_example=_PATHS,
        errors=(errors.VersionConflict,),
        keyed=True,
        matched=True,
    ),
)
def replace_mapping(fields: dict[str, Any]) -> Response:
    """Put a mapping into force for every delivery that is read from now on."""
    store, actor, versions = gateway().store, subject().id, if_match_versions()

    def render(version: str) -> Answer:
        body = _show(store.get(IntakeMapping, version))
        return Answer(200, body.decode(), etag=entity_tag(body, int(version)))

    answer = answer_once(
        store,
        repeat_guard(),
        lambda tx: change_mapping(tx, fields["paths"], actor=actor, versions=versions),
        render,
    )
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/mapping/try",
        method="POST",
        role=Role.RESPONDER,
        scope=Scope.DELIVERIES_WRITE,
        status=202,
        answer=rule_shapes.PreviewStartedShape,
        body=rule_inputs.MappingInput,
        body_example=_PATHS,
        errors=_BODY_ERRORS,
        keyed=True,
    ),
)
def try_mapping(fields: dict[str, Any]) -> Response:
    """Read the last 20 deliveries of the generic endpoint by a mapping, without effect; a preview shows the result."""
    check_paths(fields["paths"])
    return _preview(newest_of_source(gateway().store, _MAPPED), fields["paths"])


@endpoint(
    blueprint,
    Operation(
        path="/api/deliveries/{delivery_id}/preview",
        method="POST",
        role=Role.RESPONDER,
        scope=Scope.DELIVERIES_WRITE,
        status=202,
        answer=rule_shapes.PreviewStartedShape,
        errors=_BODY_ERRORS,
        keyed=True,
    ),
)
def preview_replay(delivery_id: str) -> Response:
    """Read a delivery again by the mapping and rules of now, without effect: what a replay would do."""
    return _preview([delivery_id], None)


@endpoint(
    blueprint,
    Operation(
        path="/api/previews/{preview_id}",
        role=Role.VIEWER,
        scope=Scope.DELIVERIES_READ,
        answer=rule_shapes.PreviewShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_preview(preview_id: str) -> Response:
    """Read a preview: each delivery as it was and as it would be."""
    return read_answer(encode(view_preview(gateway().store, preview_id)))


@endpoint(
    blueprint,
    Operation(
        path="/api/deliveries/{delivery_id}/explanation",
        role=Role.VIEWER,
        scope=Scope.DELIVERIES_READ,
        answer=rule_shapes.ExplanationShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def explain(delivery_id: str) -> Response:
    """Explain why a delivery is where it is: how it was read, which rule decided, what held it back."""
    parts = gateway()
    return read_answer(encode(explain_delivery(parts.store, parts.policy, delivery_id)))


@endpoint(
    blueprint,
    Operation(
        path="/api/changes",
        role=Role.VIEWER,
        scope=Scope.DELIVERIES_READ,
        answer=rule_shapes.ChangePageShape,
        query=rule_inputs.ChangeQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_changes(args: dict[str, Any]) -> Response:
    """List what was changed on purpose, newest first: context for incidents."""
    query = RecordQuery(
        parent=args.get("service"),
        tags=tuple(args["source"]),
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    page = gateway().store.list_records(Change, query)
    return read_answer(encode_page(list(page.records), page.total, page.next_cursor))


def _preview(delivery_ids: list[str], paths: dict[str, tuple[str, ...]] | None) -> Response:
    parts, actor = gateway(), subject().id

    def render(preview_id: str) -> Answer:
        body = encode({"previewId": preview_id}).decode()
        return Answer(202, body, location=f"/api/previews/{preview_id}")

    answer = answer_once(
        parts.store,
        repeat_guard(),
        lambda tx: preview_deliveries(tx, parts.blobs, delivery_ids, paths, actor),
        render,
    )
    return write_answer(answer)


def _show(mapping: IntakeMapping | None) -> bytes:
    return encode(
        {
            "version": mapping.version if mapping is not None else 0,
            "paths": mapping.paths if mapping is not None else {},
            "changedBy": mapping.changed_by if mapping is not None else None,
            "changedAt": mapping.changed_at if mapping is not None else None,
        },
    )
