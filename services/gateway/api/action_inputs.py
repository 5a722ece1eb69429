"""What the API takes of actions; what a payload must have to be meant is checked by the domain."""

import math
from typing import Any

import marshmallow as ma
import msgspec
from marshmallow import fields, validate

from services.gateway.api.fields import Flag, InputSchema, Moment, Text, Word, Words
from services.gateway.api.inputs import TITLE_LENGTH, ListQuery
from services.gateway.api.reading import is_deeper
from services.gateway.domain.records import ActionRisk, ActionState, ActionType, ManualPayload
from shared.contracts.action import CommandPayload, KubernetesPayload, KubernetesVerb

WORDS_LENGTH = 4_000
INSTRUCTIONS_LENGTH = 16 << 10
OUTPUT_LENGTH = 256 << 10
RESULT_LENGTH = 4_000
PARAMETERS_BYTES = 16 << 10
_PARAMETERS_DEPTH = 10
_PARAMETERS_COUNT = 50
_MOST_ARGUMENTS = 64
_ARGUMENT_LENGTH = 2_000
_COMMAND_LENGTH = 16 << 10
# Whole numbers that every reader of JSON reads alike.
_SAFE_INTEGER = 1 << 53
_NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?$"
CONTEXT = r"^[A-Za-z0-9](?:[A-Za-z0-9._:/@-]*[A-Za-z0-9])?$"
NAMESPACE = r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$"
_KIND = r"^[A-Za-z](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$"


def named(pattern: str, most: int, **options: Any) -> fields.String:
    # Python's `$` also matches before a line end; `\Z` does not, but JSON Schema knows only `$`.
    rule = validate.Regexp(pattern.removesuffix("$") + r"\Z", error=f"must match {pattern}")
    options.setdefault("metadata", {}).setdefault("pattern", pattern)
    return fields.String(validate=[validate.Length(1, most), rule], **options)


class _Parameters(fields.Dict):
    """Open JSON, but small, not deep, and the same to every reader."""

    def __init__(self) -> None:
        super().__init__(
            keys=Text(most=200, blank=False),
            load_default=dict,
            metadata={"maxProperties": _PARAMETERS_COUNT, "example": {"replicas": 3}},
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        # marshmallow leaves this one method of its Dict without annotations.
        found = super()._deserialize(value, attr, data, **options)  # type: ignore[no-untyped-call]
        if len(found) > _PARAMETERS_COUNT:
            raise ma.ValidationError(f"has more than {_PARAMETERS_COUNT} entries")
        if is_deeper(found, _PARAMETERS_DEPTH):
            raise ma.ValidationError(f"is nested more than {_PARAMETERS_DEPTH} levels")
        _check_values(found)
        if len(msgspec.json.encode(found)) > PARAMETERS_BYTES:
            raise ma.ValidationError(f"is larger than {PARAMETERS_BYTES} bytes")
        return found


def _check_values(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_values(key)
            _check_values(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_values(inner)
    elif isinstance(value, str):
        if "\0" in value:
            raise ma.ValidationError("must not hold NUL characters")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(value, int) and abs(value) > _SAFE_INTEGER:
            raise ma.ValidationError("has a number that not every reader reads alike; send it as text")
        if not math.isfinite(value):
            raise ma.ValidationError("has a number that is not finite")


class KubernetesPayloadInput(InputSchema):
    """One change of one object of a cluster."""

    verb = Word(KubernetesVerb, required=True)
    context = named(
        CONTEXT, 253, required=True, metadata={"description": "Which cluster, as a kubeconfig names its contexts."}
    )
    namespace = named(
        NAMESPACE,
        63,
        load_default=None,
        allow_none=True,
        metadata={"description": "Left out only for objects that have none; nothing takes a default."},
    )
    kind = named(_KIND, 100, required=True, metadata={"example": "Deployment"})
    name = named(_NAME, 253, required=True)
    parameters = _Parameters()

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> KubernetesPayload:
        """Return the record's part."""
        return KubernetesPayload(**data)


class CommandPayloadInput(InputSchema):
    """A program with its arguments; no shell reads them."""

    argv = fields.List(
        Text(most=_ARGUMENT_LENGTH),
        required=True,
        validate=validate.Length(1, _MOST_ARGUMENTS),
        metadata={"example": ["systemctl", "restart", "haproxy"]},
    )
    target = Text(most=253, blank=False, required=True, metadata={"description": "Where it is to run."})

    @ma.validates_schema
    def check_argv(self, data: dict[str, Any], **_: Any) -> None:
        """The program is named, and all of it is small enough to be read by a person."""
        argv = data.get("argv") or [""]
        if not argv[0].strip():
            raise ma.ValidationError("must begin with a program", "argv")
        if sum(map(len, argv)) > _COMMAND_LENGTH:
            raise ma.ValidationError(f"has more than {_COMMAND_LENGTH} characters in all", "argv")

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> CommandPayload:
        """Return the record's part."""
        return CommandPayload(argv=tuple(data["argv"]), target=data["target"])


class ManualPayloadInput(InputSchema):
    """What a person is to do by hand."""

    instructions = Text(most=INSTRUCTIONS_LENGTH, blank=False, required=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> ManualPayload:
        """Return the record's part."""
        return ManualPayload(**data)


PAYLOADS: dict[ActionType, type[InputSchema]] = {
    ActionType.KUBERNETES: KubernetesPayloadInput,
    ActionType.COMMAND: CommandPayloadInput,
    ActionType.MANUAL: ManualPayloadInput,
}
_READERS = {kind: schema() for kind, schema in PAYLOADS.items()}


class ActionInput(InputSchema):
    """An action to propose. It never changes afterwards: to change it, propose another that supersedes it."""

    type = Word(ActionType, required=True)
    payload = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "What is to be done, in the form that goes with the type.",
            "anyOf": [{"$ref": f"#/components/schemas/{schema.__name__}"} for schema in PAYLOADS.values()],
        },
    )
    title = Text(most=TITLE_LENGTH, blank=False, required=True)
    rationale = Text(most=WORDS_LENGTH, load_default="", metadata={"description": "Why it will help."})
    risk = Word(ActionRisk, load_default=ActionRisk.HIGH)
    rollback = Text(most=WORDS_LENGTH, load_default="", metadata={"description": "How to undo it."})
    expected_effect = Text(most=WORDS_LENGTH, load_default="", metadata={"description": "What should be seen then."})
    supersedes = Text(most=100, blank=False, metadata={"description": "An action of this incident it takes over from."})

    @ma.post_load
    def read_payload(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Return the fields with the payload read in the form of its type."""
        try:
            data["payload"] = _READERS[data["type"]].load(data["payload"])
        except ma.ValidationError as error:
            raise ma.ValidationError({"payload": error.messages}) from None
        return data


class ActionPreviewInput(InputSchema):
    """What a dry run put out."""

    output = Text(most=OUTPUT_LENGTH, blank=False, required=True)
    succeeded = Flag(load_default=True, metadata={"description": "Whether the dry run went through."})


class DecisionInput(InputSchema):
    """An approval, or with ``approved`` false a rejection."""

    approved = Flag(required=True)
    digest = Text(
        most=200,
        metadata={
            "description": "The reviewDigest that was seen; required from high risk on and after a second preview."
        },
    )
    reason = Text(most=2_000, load_default="", metadata={"description": "Required to reject."})


class WithdrawalInput(InputSchema):
    """Why it is withdrawn; the body may be left out."""

    may_be_absent = True
    reason = Text(most=2_000, load_default="")


class ExecutionInput(InputSchema):
    """For a manual action what came of it, both required; every other type needs no body."""

    may_be_absent = True
    succeeded = Flag(load_default=None, metadata={"description": "Of a manual action: whether it went well."})
    result = Text(most=RESULT_LENGTH, load_default="", metadata={"description": "Of a manual action: what came of it."})
    break_glass = Text(
        most=2_000,
        load_default="",
        metadata={"description": "Why it cannot wait for a freeze to end; only for whom the freeze lets through."},
    )


class ActionStatsQuery(InputSchema):
    """Which actions are counted, by when they were proposed."""

    since = Moment()
    until = Moment()


class IncidentActionsQuery(ListQuery):
    """A page of the actions of one incident."""

    state = Words(Word(ActionState))
    risk = Words(Word(ActionRisk))


class ActionQuery(IncidentActionsQuery):
    """A page of actions of all incidents."""
