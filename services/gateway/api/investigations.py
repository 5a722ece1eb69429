"""Endpoints of investigations: ask for one, list them, read the graph and the evidence, compare two graphs."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import investigation_inputs, investigation_shapes
from services.gateway.api.current import (
    encode,
    encode_page,
    gateway,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.investigation_shapes import view_evidence, view_graph, view_investigation
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import resolve_incident_id
from services.gateway.domain.graph_diff import compare_graphs
from services.gateway.domain.records import Incident, KeptInvestigation, Role
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.ask_investigation import ask_investigation
from services.gateway.handlers.find_investigation import find_first_like, find_investigation, read_investigation
from services.gateway.ports import RecordQuery
from shared.contracts.investigation import Investigation

blueprint = ReadingBlueprint(
    "investigations", __name__, description="What surrounds an incident in its cluster, and what is wrong there."
)
_PATH = "/api/incidents/{incident_id}"
_READING = (errors.RecordNotFound, errors.NotInvestigated, errors.BlobNotFound, errors.BlobDamaged)


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/investigate",
        method="POST",
        role=Role.RESPONDER,
        status=202,
        answer=investigation_shapes.InvestigationAskedShape,
        body=investigation_inputs.NewInvestigation,
        body_example={"cluster": "prod", "maxEntities": 200},
        errors=(errors.RecordNotFound, errors.IncidentMerged, errors.GraphClusterUnknown),
        keyed=True,
    ),
)
def investigate_incident(fields: dict[str, Any], incident_id: str) -> Response:
    """Let an incident be investigated; one that is under way is not done twice."""
    store, actor = gateway().store, subject()
    found = resolve_incident_id(store, incident_id)

    def render(investigation_id: str) -> Answer:
        asked = store.get(KeptInvestigation, investigation_id)
        body = {"id": asked.id, "jobId": asked.job_id, "state": asked.state}
        return Answer(202, encode(body).decode(), location=f"/api/jobs/{asked.job_id}")

    answer = answer_once(store, repeat_guard(), lambda tx: ask_investigation(tx, found, actor, fields), render)
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/investigations",
        role=Role.VIEWER,
        answer=investigation_shapes.InvestigationPageShape,
        query=investigation_inputs.InvestigationsQuery,
        errors=(errors.RecordNotFound, errors.BadCursor),
        conditional=True,
    ),
)
def list_investigations(args: dict[str, Any], incident_id: str) -> Response:
    """List the investigations of an incident, newest first."""
    store = gateway().store
    query = RecordQuery(
        parent=store.get(Incident, resolve_incident_id(store, incident_id)).id,
        states=tuple(args["state"]),
        tags=tuple(args["trigger"]),
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    page = store.list_records(KeptInvestigation, query)
    return read_answer(encode_page([view_investigation(one) for one in page.records], page.total, page.next_cursor))


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/graph",
        role=Role.VIEWER,
        answer=investigation_shapes.IncidentGraphShape,
        query=investigation_inputs.GraphQuery,
        errors=_READING,
        conditional=True,
    ),
)
def read_graph(args: dict[str, Any], incident_id: str) -> Response:
    """Read what surrounds an incident, as it was seen last: entities by layer, edges with where they come from."""
    investigation_id, found = _find(args, incident_id)
    return read_answer(encode(view_graph(investigation_id, found, tuple(args["layer"]))))


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/graph/diff",
        role=Role.VIEWER,
        answer=investigation_shapes.GraphDiffShape,
        query=investigation_inputs.GraphDiffQuery,
        errors=_READING,
        conditional=True,
    ),
)
def read_graph_diff(args: dict[str, Any], incident_id: str) -> Response:
    """Compare what two investigations of an incident saw: by default the newest, and the first of its cluster."""
    parts = gateway()
    incident = resolve_incident_id(parts.store, incident_id)
    after = find_investigation(parts.store, incident, args.get("after"))
    before = (
        find_investigation(parts.store, incident, args["before"])
        if "before" in args
        else find_first_like(parts.store, incident, after.investigation_id)
    )
    diff = compare_graphs(
        read_investigation(parts.blobs, before),
        read_investigation(parts.blobs, after),
        from_id=before.investigation_id,
        to_id=after.investigation_id,
    )
    return read_answer(encode(diff))


@endpoint(
    blueprint,
    Operation(
        path=f"{_PATH}/evidence",
        role=Role.VIEWER,
        answer=investigation_shapes.IncidentEvidenceShape,
        query=investigation_inputs.OneInvestigationQuery,
        errors=_READING,
        conditional=True,
    ),
)
def read_evidence(args: dict[str, Any], incident_id: str) -> Response:
    """Read what is wrong around an incident: hypotheses with their arithmetic, findings with evidence, changes."""
    return read_answer(encode(view_evidence(*_find(args, incident_id))))


def _find(args: dict[str, Any], incident_id: str) -> tuple[str, Investigation]:
    parts = gateway()
    content = find_investigation(parts.store, resolve_incident_id(parts.store, incident_id), args.get("investigation"))
    return content.investigation_id, read_investigation(parts.blobs, content)
