"""What the API takes to explain the approval policy: an action there is, or one there might be."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from services.gateway.api.action_inputs import CONTEXT, NAMESPACE, named
from services.gateway.api.fields import InputSchema, Moment, Text, Word
from services.gateway.domain.records import ActionRisk, ActionType
from shared.contracts.action import KubernetesVerb

_NEEDED = {
    ActionType.KUBERNETES: ("verb", "context"),
    ActionType.COMMAND: ("target",),
    ActionType.MANUAL: (),
}
_TAKEN = {
    ActionType.KUBERNETES: ("verb", "context", "namespace"),
    ActionType.COMMAND: ("target",),
    ActionType.MANUAL: (),
}
_FIRST_YEAR, _LAST_YEAR = 2000, 2199


class ExplainedPayloadInput(InputSchema):
    """What the policy looks at of a payload: of a change of a cluster its place, of a command its target."""

    verb = Word(KubernetesVerb)
    context = named(CONTEXT, 253)
    namespace = named(NAMESPACE, 63, allow_none=True)
    target = Text(most=253, blank=False)


class ExplainInput(InputSchema):
    """An action by its id, or the type, risk and place of one that nobody proposed; and when."""

    action_id = Text(most=100, blank=False, metadata={"description": "Of an action there is; the others are left out."})
    type = Word(ActionType)
    payload = fields.Nested(ExplainedPayloadInput, load_default=dict)
    risk = Word(ActionRisk, metadata={"description": "high if left out, as in a proposal."})
    at = Moment(metadata={"description": "At which moment; now if left out."})

    @ma.validates_schema
    def check_which(self, data: dict[str, Any], **_: Any) -> None:
        """It is one of the two, with the place that goes with its type."""
        problems: dict[str, Any] = {}
        if "action_id" in data:
            problems = {
                name: ["cannot be combined with actionId"] for name in ("type", "risk", "payload") if data.get(name)
            }
        elif "type" not in data:
            problems["type"] = ["give a type, or an actionId"]
        elif found := _check_payload(data["type"], data["payload"]):
            problems["payload"] = found
        if "at" in data and not _FIRST_YEAR <= data["at"].year <= _LAST_YEAR:
            problems["at"] = [f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}"]
        if problems:
            raise ma.ValidationError(problems)


def _check_payload(kind: ActionType, payload: dict[str, Any]) -> dict[str, list[str]]:
    missing = {name: [f"is required of {kind}"] for name in _NEEDED[kind] if name not in payload}
    return missing | {name: [f"is nothing of {kind}"] for name in payload if name not in _TAKEN[kind]}
