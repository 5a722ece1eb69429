"""The parts of a diagnosis that a producer may leave out: arithmetic, proposed actions, what was checked, rights."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from services.gateway.api.fields import InputSchema, Text
from shared.contracts.diagnosis import Checked, ConfidenceStep, ProposedAction, ReadGrant

_WORD_LENGTH = 200
_TEXT_LENGTH = 2_000
_MOST_COUNT = 2**31 - 1


def _words(most: int, *, length: int = _WORD_LENGTH) -> fields.List[Any]:
    return fields.List(Text(most=length), validate=validate.Length(max=most))


def count_field(**options: Any) -> fields.Integer:
    """A number of things, zero or more."""
    return fields.Integer(strict=True, validate=validate.Range(0, _MOST_COUNT), **options)


class GrantInput(InputSchema):
    """The rule of a role that would allow what was refused."""

    api_groups = _words(10)
    resources = _words(20)
    verbs = _words(10)
    namespace = Text(most=253, allow_none=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> ReadGrant:
        """Return the contract's part."""
        lists = {name: tuple(data.get(name, ())) for name in ("api_groups", "resources", "verbs")}
        return ReadGrant(**lists, namespace=data.get("namespace"))


class StepInput(InputSchema):
    """A part of a confidence."""

    reason = Text(most=_TEXT_LENGTH, required=True)
    delta = fields.Float(required=True, validate=validate.Range(-1, 1))

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> ConfidenceStep:
        """Return the contract's part."""
        return ConfidenceStep(**data)


class ProposalInput(InputSchema):
    """What would help."""

    text = Text(most=_TEXT_LENGTH, required=True)
    command = _words(50, length=_TEXT_LENGTH)
    risk = Text(most=_WORD_LENGTH, blank=False)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> ProposedAction:
        """Return the contract's part."""
        return ProposedAction(**{**data, "command": tuple(data.get("command", ()))})


class CheckedInput(InputSchema):
    """What was looked at."""

    objects = fields.Dict(
        keys=Text(most=100, blank=False), values=count_field(), required=True, validate=validate.Length(max=200)
    )
    rules = count_field(required=True)
    logs = count_field()

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> Checked:
        """Return the contract's part."""
        return Checked(**data)
