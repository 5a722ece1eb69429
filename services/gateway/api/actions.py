"""Endpoints of actions: propose, list, read, and attach and read what dry runs put out."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import action_inputs, action_shapes
from services.gateway.api.action_views import (
    show_action,
    summarise_action,
    view_action,
    view_output,
    view_run_output,
)
from services.gateway.api.current import (
    encode,
    encode_page,
    gateway,
    if_match_versions,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import resolve_incident_id
from services.gateway.domain.records import Action, ActionOutput, Incident, Job, Role
from services.gateway.errors import RecordNotFound
from services.gateway.handlers.action_case import ActionCall
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.ask_dry_run import ask_dry_run
from services.gateway.handlers.kept_bytes import kept_bytes
from services.gateway.handlers.preview_action import keep_output, preview_action, read_output
from services.gateway.handlers.propose_action import propose_action
from services.gateway.ports import RecordQuery

blueprint = ReadingBlueprint("actions", __name__, description="What people propose to do about an incident.")
NEW = {
    "type": "kubernetes",
    "payload": {
        "verb": "scale",
        "context": "prod-eu",
        "namespace": "shop",
        "kind": "Deployment",
        "name": "checkout",
        "parameters": {"replicas": 6},
    },
    "title": "Double the checkout pods",
    "rationale": "Every pod is at its limit of processor time since 12:04.",
    "risk": "medium",
    "rollback": "Scale back to 3.",
    "expectedEffect": "Latency under 300 ms within two minutes.",
}


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions",
        method="POST",
        role=Role.RESPONDER,
        status=201,
        answer=action_shapes.ActionShape,
        body=action_inputs.ActionInput,
        body_example=NEW,
        errors=(errors.RecordNotFound, errors.IncidentEnded, errors.IncidentMerged),
        keyed=True,
    ),
)
def create_action(fields: dict[str, Any], incident_id: str) -> Response:
    """Propose an action. Its content never changes: another that supersedes it takes its place."""
    parts, actor = gateway(), subject()
    found = resolve_incident_id(parts.store, incident_id)
    answer = answer_once(
        parts.store,
        repeat_guard(),
        lambda tx: propose_action(tx, found, actor, parts.settings.approvals, fields),
        lambda action_id: show_action(parts, action_id, 201, is_new=True),
    )
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions",
        role=Role.VIEWER,
        answer=action_shapes.ActionPageShape,
        query=action_inputs.IncidentActionsQuery,
        errors=(errors.RecordNotFound, errors.BadCursor),
        conditional=True,
    ),
)
def list_incident_actions(args: dict[str, Any], incident_id: str) -> Response:
    """List the actions of an incident, newest first."""
    store = gateway().store
    return _list_actions(args, store.get(Incident, resolve_incident_id(store, incident_id)).id)


@endpoint(
    blueprint,
    Operation(
        path="/api/actions",
        role=Role.VIEWER,
        answer=action_shapes.ActionPageShape,
        query=action_inputs.ActionQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_actions(args: dict[str, Any]) -> Response:
    """List the actions of all incidents, newest first; `state=pending` is what waits for approval."""
    return _list_actions(args, None)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}",
        role=Role.VIEWER,
        answer=action_shapes.ActionShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_action(incident_id: str, action_id: str) -> Response:
    """Read an action as it is now: what it would do, what was seen and approved, and what may be asked of it."""
    parts = gateway()
    action = _find_action(incident_id, action_id)
    view = view_action(parts.store, action, parts.settings.approvals, parts.clock.now())
    return read_answer(encode(view), action.version)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}/previews",
        method="POST",
        role=Role.RESPONDER,
        status=201,
        answer=action_shapes.ActionShape,
        body=action_inputs.ActionPreviewInput,
        body_example={"output": "deployment.apps/checkout scaled (server dry run)", "succeeded": True},
        errors=(
            errors.RecordNotFound,
            errors.VersionConflict,
            errors.IncidentEnded,
            errors.IncidentMerged,
            errors.CallNotAllowed,
            errors.TooManyPreviews,
        ),
        keyed=True,
        matched=True,
    ),
)
def create_preview(fields: dict[str, Any], incident_id: str, action_id: str) -> Response:
    """Attach what a dry run put out. Approvals given before it lapse; secrets in plain sight are taken out."""
    parts = gateway()
    call = action_call(incident_id, action_id)
    # Before anything is kept. Whether its state takes a preview is not asked here: a repeat gets its first answer.
    _find_action(incident_id, action_id)
    dry_run = keep_output(parts.blobs, fields["output"], succeeded=fields["succeeded"])

    def render(previewed: str) -> Answer:
        return show_action(parts, previewed, 201, is_new=True)

    return write_answer(answer_once(parts.store, repeat_guard(), lambda tx: preview_action(tx, call, dry_run), render))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}/previews/{preview_id}",
        role=Role.VIEWER,
        answer=action_shapes.ActionPreviewShape,
        errors=(errors.RecordNotFound, errors.BlobNotFound, errors.BlobDamaged),
        conditional=True,
    ),
)
def read_preview(incident_id: str, action_id: str, preview_id: str) -> Response:
    """Read a preview with what the dry run put out."""
    parts = gateway()
    action = _find_action(incident_id, action_id)
    seen, output = read_output(parts.store, parts.blobs, action, preview_id)
    return read_answer(encode(view_output(action, seen, output)))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}/dry-run",
        method="POST",
        role=Role.RESPONDER,
        status=202,
        answer=action_shapes.DryRunAskedShape,
        errors=(
            errors.RecordNotFound,
            errors.IncidentEnded,
            errors.IncidentMerged,
            errors.CallNotAllowed,
            errors.ExecutionUnavailable,
        ),
        keyed=True,
    ),
)
def create_dry_run(incident_id: str, action_id: str) -> Response:
    """Let a worker show what the action would do; one that is under way is not done twice."""
    parts, call = gateway(), action_call(incident_id, action_id)

    def render(job_id: str) -> Answer:
        job = parts.store.get(Job, job_id)
        body = {"jobId": job.id, "state": job.state}
        return Answer(202, encode(body).decode(), location=f"/api/jobs/{job.id}")

    return write_answer(answer_once(parts.store, repeat_guard(), lambda tx: ask_dry_run(tx, call), render))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}/outputs/{output_id}",
        role=Role.VIEWER,
        answer=action_shapes.RunOutputShape,
        errors=(errors.RecordNotFound, errors.BlobNotFound, errors.BlobDamaged),
        conditional=True,
    ),
)
def read_run_output(incident_id: str, action_id: str, output_id: str) -> Response:
    """Read what an execution put out."""
    parts = gateway()
    action = _find_action(incident_id, action_id)
    kept = parts.store.get(ActionOutput, output_id)
    if kept.action_id != action.id:
        raise RecordNotFound(f"{action.id} has no output {output_id!r}.")
    return read_answer(encode(view_run_output(kept, kept_bytes(parts.blobs, kept.text, kept.blob).decode())))


def action_call(incident_id: str, action_id: str) -> ActionCall:
    """Return who asks what of which action, as this request says."""
    parts = gateway()
    return ActionCall(
        incident_id=resolve_incident_id(parts.store, incident_id),
        action_id=action_id,
        subject=subject(),
        policy=parts.settings.approvals,
        versions=if_match_versions(),
    )


def _find_action(incident_id: str, action_id: str) -> Action:
    store = gateway().store
    parent = resolve_incident_id(store, incident_id)
    action = store.get(Action, action_id)
    if action.incident_id != parent:
        raise RecordNotFound(f"{parent} has no action {action_id!r}.")
    return action


def _list_actions(args: dict[str, Any], parent: str | None) -> Response:
    parts = gateway()
    query = RecordQuery(
        parent=parent,
        states=tuple(args["state"]),
        tags=tuple(args["risk"]),
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    page = parts.store.list_records(Action, query)
    policy, now = parts.settings.approvals, parts.clock.now()
    items = [summarise_action(parts.store, action, policy, now) for action in page.records]
    return read_answer(encode_page(items, page.total, page.next_cursor))
