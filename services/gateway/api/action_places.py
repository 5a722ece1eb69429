"""Endpoint that says where actions can be done: the clusters that can be changed, and whether commands are run."""

from flask import Response

from services.gateway.api import action_shapes
from services.gateway.api.current import JSON, encode, gateway
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.readiness import missing_worker
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import KNOWN_PLACES, ActionPlaces, Role
from shared.contracts.queues import Queue

blueprint = ReadingBlueprint("action_places", __name__, description="Where actions can be done.")


@endpoint(
    blueprint,
    Operation(path="/api/actions/places", role=Role.VIEWER, answer=action_shapes.ActionPlacesShape),
)
def read_action_places() -> Response:
    """Say what all actions workers heard last can do, by which executions and dry runs are taken or refused."""
    parts = gateway()
    known = parts.store.find(ActionPlaces, KNOWN_PLACES)
    body = {
        "clusters": list(known.names) if known is not None else [],
        "runsCommands": known is not None and known.runs_commands,
        "problem": missing_worker(parts.relay.stats().workers, Queue.ACTIONS),
    }
    return Response(encode(body), content_type=JSON)
