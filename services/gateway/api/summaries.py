"""The endpoint that tells of many incidents at once what a line of the inbox tells."""

from typing import Any

from flask import Response

from services.gateway.api.current import encode, gateway, read_answer
from services.gateway.api.inbox_inputs import SummariesQuery
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.summaries_shapes import SummariesShape
from services.gateway.domain.records import Activity, Incident, Role
from services.gateway.domain.records.summary import IncidentSummary, summarise
from services.gateway.ports import StoreReads

blueprint = ReadingBlueprint("summaries", __name__, description="What a line of the inbox tells, of some incidents.")


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/summaries",
        role=Role.VIEWER,
        answer=SummariesShape,
        query=SummariesQuery,
        conditional=True,
    ),
)
def read_summaries(args: dict[str, Any]) -> Response:
    """Read the summaries of some incidents by their ids, also of merged ones; what is not kept is left out."""
    store = gateway().store
    found = (_find(store, incident_id) for incident_id in dict.fromkeys(args["id"]))
    return read_answer(encode({"items": [summary for summary in found if summary is not None]}))


def _find(store: StoreReads, incident_id: str) -> IncidentSummary | None:
    incident = store.find(Incident, incident_id)
    return summarise(incident, store.find(Activity, incident_id)) if incident is not None else None
