"""Endpoints of diagnoses: attach one to an incident, list them, read one whole."""

from flask import Response

from services.gateway import errors
from services.gateway.api import diagnosis_shapes, inputs
from services.gateway.api.current import (
    encode,
    encode_page,
    gateway,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.diagnosis_shapes import view_content, view_diagnosis
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.quickdx_inputs import DiagnosisOrIdInput
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import incident_path, resolve_incident_id
from services.gateway.domain.records import AttachedDiagnosis, Incident, Role
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.attach_diagnosis import attach_diagnosis, content_of, get_diagnosis, keep_diagnosis
from services.gateway.handlers.promote_quickdx import attach_quickdx, get_done
from services.gateway.ports import RecordQuery, Transaction
from shared.contracts.diagnosis import Diagnosis

blueprint = ReadingBlueprint("diagnoses", __name__, description="What was found out about one resource.")
EXAMPLE = {
    "id": "dx_01KAVEXAMPLE",
    "resource": {"cluster": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"},
    "observedAt": "2026-11-01T12:00:00Z",
    "producedBy": "quickdx",
    "producerVersion": "0.1.0",
    "summary": "3 of 4 pods are killed for memory.",
    "status": "partial",
    "coverage": [{"part": "logs", "reason": "pods/log is forbidden"}],
    "hypotheses": [
        {
            "ruleId": "pod-oom-killed",
            "title": "The memory limit is too low for the new release",
            "confidence": 0.9,
            "severity": "high",
            "explanation": "Containers end with OOMKilled since 11:52.",
            "remediation": "Raise the limit to 512Mi, or roll back.",
            "evidence": [
                {
                    "kind": "pod-status",
                    "source": "kubernetes",
                    "query": "get pods -n shop -l app=checkout",
                    "observation": "lastState.terminated.reason=OOMKilled in 3 pods",
                    "at": "2026-11-01T12:00:00Z",
                },
            ],
        },
    ],
}


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/diagnoses",
        role=Role.VIEWER,
        answer=diagnosis_shapes.DiagnosisPageShape,
        query=inputs.ListQuery,
        errors=(errors.RecordNotFound, errors.BadCursor),
        conditional=True,
    ),
)
def list_diagnoses(args: dict[str, object], incident_id: str) -> Response:
    """List the diagnoses of an incident, attached last first."""
    store = gateway().store
    parent = store.get(Incident, resolve_incident_id(store, incident_id)).id
    query = RecordQuery(parent=parent, **args)  # type: ignore[arg-type]  # ListQuery has the query's own names.
    page = store.list_records(AttachedDiagnosis, query)
    items = [view_diagnosis(record, incident_path(parent)) for record in page.records]
    return read_answer(encode_page(items, page.total, page.next_cursor))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/diagnoses",
        method="POST",
        role=Role.RESPONDER,
        status=201,
        answer=diagnosis_shapes.DiagnosisShape,
        body=DiagnosisOrIdInput,
        body_example=EXAMPLE,
        errors=(
            errors.RecordNotFound,
            errors.IncidentMerged,
            errors.TooManyDiagnoses,
            errors.DiagnosisDiffers,
            errors.DiagnosisNotDone,
            errors.BlobNotFound,
            errors.BlobDamaged,
        ),
        keyed=True,
    ),
)
def create_diagnosis(diagnosis: Diagnosis | str, incident_id: str) -> Response:
    """Attach a diagnosis to an incident; attaching it again changes nothing and gets the same answer."""
    parts, actor = gateway(), subject()
    found = resolve_incident_id(parts.store, incident_id)
    # Nothing is kept for an incident that is not there.
    parts.store.get(Incident, found)
    quickdx_id = diagnosis if isinstance(diagnosis, str) else None
    if isinstance(diagnosis, str):
        kept = get_done(parts.store, parts.blobs, diagnosis)
    else:
        kept = keep_diagnosis(parts.blobs, diagnosis)

    def attach(tx: Transaction) -> str:
        if quickdx_id is None:
            return attach_diagnosis(tx, found, actor, kept)
        return attach_quickdx(tx, found, actor, quickdx_id, kept)

    def render(diagnosis_id: str) -> Answer:
        view = view_diagnosis(get_diagnosis(parts.store, found, diagnosis_id), incident_path(found))
        return Answer(201, encode(view).decode(), location=view.href)

    return write_answer(answer_once(parts.store, repeat_guard(), attach, render))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/diagnoses/{diagnosis_id}",
        role=Role.VIEWER,
        answer=diagnosis_shapes.DiagnosisWithContentShape,
        errors=(errors.RecordNotFound, errors.BlobNotFound, errors.BlobDamaged),
        conditional=True,
    ),
)
def read_diagnosis(incident_id: str, diagnosis_id: str) -> Response:
    """Read a diagnosis whole: every finding and hypothesis with its evidence."""
    parts = gateway()
    found = resolve_incident_id(parts.store, incident_id)
    record = get_diagnosis(parts.store, found, diagnosis_id)
    return read_answer(encode(view_content(record, incident_path(found), content_of(record, parts.blobs))))
