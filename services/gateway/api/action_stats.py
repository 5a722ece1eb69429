"""Endpoint that counts actions by what became of them."""

from typing import Any

from flask import Response

from services.gateway.api import action_inputs, action_shapes
from services.gateway.api.current import encode, gateway, read_answer
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Action, ActionState, Role
from services.gateway.ports import RecordQuery

blueprint = ReadingBlueprint("action_stats", __name__, description="What became of actions.")


@endpoint(
    blueprint,
    Operation(
        path="/api/actions/stats",
        role=Role.VIEWER,
        answer=action_shapes.ActionStatsShape,
        query=action_inputs.ActionStatsQuery,
        conditional=True,
    ),
)
def read_action_stats(args: dict[str, Any]) -> Response:
    """Count actions by state, as they are stored, and say how many of those that were looked at helped."""
    counts = {str(state): _count(state, args) for state in ActionState}
    helped, useless = counts[ActionState.VERIFIED], counts[ActionState.INEFFECTIVE]
    looked_at = helped + useless
    body = {
        "total": sum(counts.values()),
        "byState": counts,
        "verifiedShare": helped / looked_at if looked_at else None,
    }
    return read_answer(encode(body))


def _count(state: ActionState, args: dict[str, Any]) -> int:
    query = RecordQuery(states=(state,), since=args.get("since"), until=args.get("until"), limit=1)
    return gateway().store.list_records(Action, query).total or 0
