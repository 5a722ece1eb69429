"""What the API takes of rules, silences and the mapping; what they mean is checked by the domain."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from services.gateway.api.fields import Flag, InputSchema, Moment, SeverityWord, Text, Word, Words
from services.gateway.api.inputs import ListQuery
from services.gateway.domain.records import (
    FlapControl,
    GroupingRule,
    Match,
    OwnershipRule,
    ResolveOn,
    RuleEffect,
    SilenceKind,
    SilenceState,
    Threshold,
    ThresholdOf,
)
from services.gateway.domain.rules.conditions import MAX_LENGTH

_MOST_SECONDS = 30 * 86_400
_MOST_VALUES = 100
_MOST_LABELS = 20
MOST_RULES = 200


class _Values(fields.List[Any]):
    """Alternatives: a list of texts, kept as a tuple."""

    def __init__(self, inner: fields.Field[Any] | None = None) -> None:
        super().__init__(inner or Text(most=1_024, blank=False), validate=validate.Length(max=_MOST_VALUES))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **options))


class _Labels(fields.Dict):
    """Label names, each with its alternatives."""

    def __init__(self) -> None:
        super().__init__(
            keys=Text(most=128, blank=False),
            values=_Values(),
            metadata={"maxProperties": _MOST_LABELS},
            validate=validate.Length(max=_MOST_LABELS),
        )


def _condition() -> Text:
    return Text(most=MAX_LENGTH, metadata={"description": "A CEL expression over `signal`; empty always holds."})


def _seconds(**options: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(0, _MOST_SECONDS), allow_nan=False, **options)


class MatchInput(InputSchema):
    """Equalities that must all hold; values of one field are alternatives."""

    sources = _Values()
    names = _Values()
    services = _Values()
    namespaces = _Values()
    clusters = _Values()
    severities = _Values(SeverityWord())
    labels = _Labels()

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> Match:
        """Return the record's part."""
        return Match(**data)


class ThresholdInput(InputSchema):
    """Open an incident only once so much came."""

    count = fields.Integer(required=True, validate=validate.Range(2, 1_000))
    of = Word(ThresholdOf)
    within_seconds = _seconds(required=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> Threshold:
        """Return the record's part."""
        return Threshold(**data)


class FlapInput(InputSchema):
    """When a signal flaps."""

    changes = fields.Integer(validate=validate.Range(3, 20))
    within_seconds = _seconds()
    quiet_seconds = _seconds()

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> FlapControl:
        """Return the record's part."""
        return FlapControl(**data)


class _RuleInput(InputSchema):
    id = Text(most=64, blank=False, required=True)
    name = Text(most=200, blank=False, required=True)
    description = Text(most=2_000)
    enabled = Flag()
    match = fields.Nested(MatchInput)
    when = _condition()


class GroupingRuleInput(_RuleInput):
    """A grouping rule; what is left out has the default that docs/rules.md gives."""

    effect = Word(RuleEffect)
    group_by = _Values(Text(most=140, blank=False))
    window_seconds = _seconds(allow_none=True)
    threshold = fields.Nested(ThresholdInput, allow_none=True)
    resolve_on = Word(ResolveOn)
    stable_seconds = _seconds(allow_none=True)
    reopen_seconds = _seconds(allow_none=True)
    flap = fields.Nested(FlapInput)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> GroupingRule:
        """Return the record's part."""
        return GroupingRule(**data)


class OwnershipRuleInput(_RuleInput):
    """An ownership rule."""

    owner = Text(most=200, blank=False, required=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> OwnershipRule:
        """Return the record's part."""
        return OwnershipRule(**data)


class RulesInput(InputSchema):
    """All rules, in their order; they replace those in force whole."""

    grouping = fields.List(fields.Nested(GroupingRuleInput), load_default=[], validate=validate.Length(max=MOST_RULES))
    ownership = fields.List(
        fields.Nested(OwnershipRuleInput), load_default=[], validate=validate.Length(max=MOST_RULES)
    )
    reason = Text(most=1_000, load_default="", metadata={"description": "Why they change; kept with the version."})


class RulesTrial(RulesInput):
    """Rules to try on the past."""

    hours = fields.Integer(load_default=24, validate=validate.Range(1, 168))


class SilenceInput(InputSchema):
    """A silence, or a maintenance window."""

    kind = Word(SilenceKind, load_default=SilenceKind.SILENCE)
    comment = Text(most=1_000, blank=False, required=True)
    match = fields.Nested(MatchInput, load_default=Match())
    when = _condition()
    starts_at = Moment(metadata={"description": "Now if left out."})
    ends_at = Moment(required=True)
    repeat = Text(
        most=300,
        allow_none=True,
        metadata={"description": "RFC 5545, such as FREQ=WEEKLY;BYDAY=SU: the span recurs at that wall-clock time."},
    )
    timezone = Text(most=64, blank=False)

    @ma.validates_schema
    def check_kind(self, data: dict[str, Any], **_: Any) -> None:
        """Only what is planned recurs."""
        if data.get("repeat") and data["kind"] is not SilenceKind.MAINTENANCE_WINDOW:
            raise ma.ValidationError("only a maintenance window recurs", "repeat")


class SilenceQuery(ListQuery):
    """A page of silences."""

    state = Words(Word(SilenceState))
    kind = Word(SilenceKind)


class ChangeQuery(ListQuery):
    """A page of changes."""

    source = Words(Text(most=200))
    service = Text(most=200)


class NoiseQuery(InputSchema):
    """How far back the noise is counted."""

    hours = fields.Integer(load_default=24, validate=validate.Range(1, 24 * 90))


class MappingInput(InputSchema):
    """Where each field is looked for; a field left out keeps its defaults."""

    paths = fields.Dict(
        keys=Text(most=40, blank=False),
        values=_Values(Text(most=200, blank=False)),
        required=True,
        metadata={"example": {"title": ["check.headline"], "severity": ["check.level"]}},
        validate=validate.Length(max=20),
    )
