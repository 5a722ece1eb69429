"""Endpoints of diagnoses that are asked for: ask, list, read; what there is to ask about; how often rules are right."""

from typing import Any

import msgspec
from flask import Response

from services.gateway import errors
from services.gateway.api import quickdx_inputs, quickdx_shapes
from services.gateway.api.current import (
    encode,
    encode_page,
    gateway,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.quickdx_shapes import view_quickdx, view_quickdx_whole
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import (
    CLUSTER_NAMES,
    Inventory,
    Job,
    QuickDx,
    QuickDxState,
    Role,
    RuleFeedback,
    RulePrecision,
)
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.ask_quickdx import ask_diagnosis, ask_inventory
from services.gateway.handlers.judge_rule import judge_rule
from services.gateway.handlers.kept_bytes import kept_bytes
from services.gateway.handlers.promote_quickdx import find_content
from services.gateway.ports import RecordQuery
from shared.contracts.diagnosis import DiagnosedResource

blueprint = ReadingBlueprint("quickdx", __name__, description="Diagnoses of Kubernetes objects, made when asked for.")
_PATH = "/api/quickdx"
_MOST_PAGES = 20
_MOST_FEEDBACK = 200
_MOST_RULES = 1_000


@endpoint(
    blueprint,
    Operation(
        path=_PATH,
        method="POST",
        role=Role.RESPONDER,
        status=202,
        answer=quickdx_shapes.QuickDxAskedShape,
        body=quickdx_inputs.NewQuickDx,
        body_example={"context": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"},
        keyed=True,
    ),
)
def ask_for_diagnosis(resource: DiagnosedResource) -> Response:
    """Ask for the diagnosis of one object."""
    store, actor = gateway().store, subject()

    def render(quickdx_id: str) -> Answer:
        asked = store.get(QuickDx, quickdx_id)
        body = {"id": asked.id, "jobId": asked.job_id, "state": QuickDxState.QUEUED}
        return Answer(202, encode(body).decode(), location=f"{_PATH}/{quickdx_id}")

    return write_answer(answer_once(store, repeat_guard(), lambda tx: ask_diagnosis(tx, actor, resource), render))


@endpoint(
    blueprint,
    Operation(
        path=_PATH,
        role=Role.VIEWER,
        answer=quickdx_shapes.QuickDxPageShape,
        query=quickdx_inputs.QuickDxQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_quickdx(args: dict[str, Any]) -> Response:
    """List the diagnoses that were asked for, newest first."""
    is_narrowed = "namespace" in args or "kind" in args
    query = RecordQuery(
        parent=args.get("context"),
        states=tuple(args["state"]),
        tags=(args["name"],) if "name" in args else (),
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
        with_total=not is_narrowed,
    )
    # Nothing is indexed by namespace or kind: whole pages are looked through, so that a cursor never skips any.
    for _ in range(_MOST_PAGES):
        page = gateway().store.list_records(QuickDx, query)
        found = [view_quickdx(record) for record in page.records if _is_wanted(record.resource, args)]
        if found or page.next_cursor is None:
            break
        query = msgspec.structs.replace(query, cursor=page.next_cursor)
    return read_answer(encode_page(found, page.total, page.next_cursor))


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/inventory",
        role=Role.VIEWER,
        answer=quickdx_shapes.InventoryShape,
        errors=(errors.BlobNotFound, errors.BlobDamaged),
        conditional=True,
    ),
)
def read_inventory() -> Response:
    """Read what there is to diagnose, by name, as it was taken last."""
    parts = gateway()
    known = parts.store.find(Inventory, CLUSTER_NAMES)
    job = parts.store.find(Job, known.job_id) if known is not None else None
    content: bytes | None = None
    if known is not None and known.taken_at is not None:
        content = kept_bytes(parts.blobs, known.text, known.blob)
    taken_at = known.taken_at if known is not None else None
    age = int((parts.clock.now() - taken_at).total_seconds()) if taken_at is not None else None
    body = {
        "jobId": known.job_id if known is not None else None,
        "state": job.state if job is not None else None,
        "error": job.error if job is not None else None,
        "takenAt": taken_at,
        "ageSeconds": age,
        "content": msgspec.Raw(content) if content is not None else None,
    }
    return read_answer(encode(body))


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/inventory",
        method="POST",
        role=Role.RESPONDER,
        status=202,
        answer=quickdx_shapes.InventoryAskedShape,
        keyed=True,
    ),
)
def refresh_inventory() -> Response:
    """Let the inventory be taken anew; one that is under way is not taken twice."""
    store, actor = gateway().store, subject()

    def render(job_id: str) -> Answer:
        body = {"jobId": job_id, "state": store.get(Job, job_id).state}
        return Answer(202, encode(body).decode(), location=f"/api/jobs/{job_id}")

    return write_answer(answer_once(store, repeat_guard(), lambda tx: ask_inventory(tx, actor.id), render))


@endpoint(
    blueprint,
    Operation(path=f"{_PATH}/precision", role=Role.VIEWER, answer=quickdx_shapes.PrecisionListShape, conditional=True),
)
def read_precision() -> Response:
    """Read how often people confirmed and rejected each rule."""
    query = RecordQuery(limit=_MOST_RULES, with_total=False)
    counted = sorted(gateway().store.list_records(RulePrecision, query).records, key=lambda one: one.rule_id)
    items = [
        {
            "ruleId": one.rule_id,
            "confirmed": one.confirmed,
            "rejected": one.rejected,
            "precision": round(one.confirmed / judged, 4) if (judged := one.confirmed + one.rejected) else None,
        }
        for one in counted
    ]
    return read_answer(encode({"items": items, "total": len(items)}))


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/{{id:quickdx_id}}",
        role=Role.VIEWER,
        answer=quickdx_shapes.QuickDxWithContentShape,
        errors=(errors.RecordNotFound, errors.BlobNotFound, errors.BlobDamaged),
        conditional=True,
    ),
)
def read_quickdx(quickdx_id: str) -> Response:
    """Read a diagnosis that was asked for: how far it is, why it failed, or what was found."""
    parts = gateway()
    record = parts.store.get(QuickDx, quickdx_id)
    said = RecordQuery(parent=quickdx_id, limit=_MOST_FEEDBACK, with_total=False)
    feedback = tuple(parts.store.list_records(RuleFeedback, said).records)
    content = find_content(parts.store, parts.blobs, quickdx_id)
    progress = parts.relay.progress(record.job_id) if record.state is QuickDxState.RUNNING else None
    return read_answer(encode(view_quickdx_whole(record, progress, feedback, content)))


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/{{quickdx_id}}/feedback",
        method="POST",
        role=Role.RESPONDER,
        answer=quickdx_shapes.FeedbackShape,
        body=quickdx_inputs.NewFeedback,
        body_example={"ruleId": "pod-oom-killed", "verdict": "confirmed", "note": "The limit was too low."},
        errors=(errors.RecordNotFound, errors.DiagnosisNotDone),
        keyed=True,
    ),
)
def give_feedback(fields: dict[str, Any], quickdx_id: str) -> Response:
    """Say whether a rule was right in this diagnosis."""
    store, actor = gateway().store, subject()
    answer = answer_once(
        store,
        repeat_guard(),
        lambda tx: judge_rule(tx, quickdx_id, actor, fields["rule_id"], fields["verdict"], fields["note"]),
        lambda feedback_id: Answer(200, encode(store.get(RuleFeedback, feedback_id)).decode()),
    )
    return write_answer(answer)


def _is_wanted(resource: DiagnosedResource, args: dict[str, Any]) -> bool:
    return all(name not in args or getattr(resource, name) == args[name] for name in ("namespace", "kind"))
