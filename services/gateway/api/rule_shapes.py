"""The shapes of answers about rules, silences, previews and noise, for the OpenAPI document."""

from typing import Any

from marshmallow import fields

from services.gateway.api.delivery_shapes import SignalOutcomeShape, SignalReadingShape
from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, page_of
from services.gateway.domain.records import (
    Outcome,
    ResolveOn,
    RuleEffect,
    SilenceKind,
    SilenceState,
    ThresholdOf,
)
from shared.contracts.severity import Severity


def _moment(**options: Any) -> fields.DateTime:
    return fields.DateTime(format="iso", **options)


def _words() -> fields.List[str]:
    return fields.List(fields.String())


def _map() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String())


def _counts() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.Integer())


def _paths() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=_words())


class MatchShape(Shape):
    """Equalities that must all hold; an empty field matches all."""

    sources = _words()
    names = _words()
    services = _words()
    namespaces = _words()
    clusters = _words()
    severities = fields.List(Word(Severity))
    labels = _paths()


class ThresholdShape(Shape):
    """How much must come before an incident opens."""

    count = fields.Integer()
    of = Word(ThresholdOf)
    within_seconds = fields.Float()


class FlapShape(Shape):
    """When a signal flaps."""

    changes = fields.Integer()
    within_seconds = fields.Float()
    quiet_seconds = fields.Float()


class _RuleShape(Shape):
    id = fields.String()
    name = fields.String()
    description = fields.String()
    enabled = fields.Boolean()
    match = fields.Nested(MatchShape)
    when = fields.String()


class GroupingRuleShape(_RuleShape):
    """Which signals become one incident, and how."""

    effect = Word(RuleEffect)
    group_by = _words()
    window_seconds = fields.Float(allow_none=True)
    threshold = fields.Nested(ThresholdShape, allow_none=True)
    resolve_on = Word(ResolveOn)
    stable_seconds = fields.Float(allow_none=True)
    reopen_seconds = fields.Float(allow_none=True)
    flap = fields.Nested(FlapShape)


class OwnershipRuleShape(_RuleShape):
    """Who owns what matching signals open."""

    owner = fields.String()


class RulesShape(Shape):
    """One version of the rules; 0 is none but the built-in ones."""

    version = fields.Integer()
    grouping = fields.List(fields.Nested(GroupingRuleShape))
    ownership = fields.List(fields.Nested(OwnershipRuleShape))
    built_in = fields.List(fields.Nested(GroupingRuleShape))
    changed_by = fields.String(allow_none=True)
    changed_at = _moment(allow_none=True)
    reason = fields.String()


class RulesVersionShape(Shape):
    """When the rules changed, by whom, and why."""

    version = fields.Integer()
    grouping_rules = fields.Integer()
    ownership_rules = fields.Integer()
    changed_by = fields.String()
    changed_at = _moment()
    reason = fields.String()


class RulesEffectShape(Shape):
    """What one set of rules makes of the past."""

    incidents = fields.Integer()
    outcomes = _counts()
    rules = _counts()


class EssenceShape(Shape):
    """What became of a signal."""

    outcome = Word(Outcome)
    rule_id = fields.String(allow_none=True)
    dedup_key = fields.String(allow_none=True)


class DifferenceShape(Shape):
    """A signal of which two sets of rules make different things."""

    delivery_id = fields.String()
    received_at = _moment()
    fingerprint = fields.String()
    title = fields.String()
    before = fields.Nested(EssenceShape)
    after = fields.Nested(EssenceShape)


class TriedRulesShape(Shape):
    """What the rules in force and those tried make of the past, each from an empty inbox."""

    since = _moment()
    deliveries = fields.Integer()
    signals = fields.Integer()
    is_whole = fields.Boolean(metadata={"description": "False where only the newest part of the past was tried."})
    before = fields.Nested(RulesEffectShape)
    after = fields.Nested(RulesEffectShape)
    different = fields.Integer()
    differences = fields.List(fields.Nested(DifferenceShape))


class SilenceShape(Shape):
    """A silence or a maintenance window."""

    id = fields.String()
    kind = Word(SilenceKind)
    comment = fields.String()
    match = fields.Nested(MatchShape)
    when = fields.String()
    starts_at = _moment()
    ends_at = _moment()
    repeat = fields.String(allow_none=True)
    timezone = fields.String()
    state = Word(SilenceState)
    created_by = fields.String()
    created_at = _moment()
    updated_at = _moment()
    ended_by = fields.String(allow_none=True)
    ended_at = _moment(allow_none=True)
    version = fields.Integer()
    end_job_id = fields.String(allow_none=True)


class HeldBackShape(Shape):
    """A past signal that a silence would have held back."""

    delivery_id = fields.String()
    received_at = _moment()
    fingerprint = fields.String()
    title = fields.String()
    outcome = Word(Outcome)
    incident_id = fields.String(allow_none=True)


class TriedSilenceShape(Shape):
    """What a silence would have held back, had it held all the time."""

    since = _moment()
    looked_at = fields.Integer()
    is_whole = fields.Boolean()
    deliveries = fields.Integer()
    signals = fields.Integer()
    fingerprints = fields.Integer()
    incidents = fields.Integer()
    held_back = fields.List(fields.Nested(HeldBackShape))


class NoiseLineShape(Shape):
    """What came of one source under one rule."""

    source = fields.String()
    rule_id = fields.String()
    deliveries = fields.Integer()
    signals = fields.Integer()
    repeats = fields.Integer()
    outcomes = _counts()
    noise = fields.Float(allow_none=True)


class NoiseShape(Shape):
    """What came, and how little of it was news."""

    since = _moment()
    lines = fields.List(fields.Nested(NoiseLineShape))


class MappingShape(Shape):
    """Where each field is looked for."""

    version = fields.Integer()
    paths = _paths()
    changed_by = fields.String(allow_none=True)
    changed_at = _moment(allow_none=True)


class PreviewStartedShape(Shape):
    """The preview is under way."""

    preview_id = fields.String()


class PreviewedSignalShape(Shape):
    """A signal, how it was read, and what became of it."""

    outcome = fields.Nested(SignalOutcomeShape)
    reading = fields.Nested(SignalReadingShape, allow_none=True)


class PreviewSideShape(Shape):
    """What became of a delivery, or would now."""

    outcome = Word(Outcome, allow_none=True)
    code = fields.String(allow_none=True)
    reason = fields.String()
    signals = fields.List(fields.Nested(PreviewedSignalShape))
    warnings = _words()


class PreviewedDeliveryShape(Shape):
    """One delivery of a preview."""

    delivery_id = fields.String()
    before = fields.Nested(PreviewSideShape, allow_none=True)
    after = fields.Nested(PreviewSideShape, allow_none=True)
    is_different = fields.Boolean(allow_none=True)


class PreviewShape(Shape):
    """Deliveries as they were and as they would be."""

    id = fields.String()
    is_ready = fields.Boolean()
    deliveries = fields.List(fields.Nested(PreviewedDeliveryShape))


class ConsideredShape(Shape):
    """A rule that was looked at."""

    rule_id = fields.String()
    name = fields.String()
    why_not = fields.String(allow_none=True, metadata={"description": "null: it took the signal."})


class SignalExplanationShape(Shape):
    """Why a signal is where it is."""

    outcome = fields.Nested(SignalOutcomeShape)
    title = fields.String()
    considered = fields.List(fields.Nested(ConsideredShape))
    story = _words()


class ExplanationShape(Shape):
    """Why a delivery is where it is."""

    delivery_id = fields.String()
    story = _words()
    signals = fields.List(fields.Nested(SignalExplanationShape))


class ChangeShape(Shape):
    """Something that was changed on purpose."""

    id = fields.String()
    source = fields.String()
    summary = fields.String()
    occurred_at = _moment()
    service = fields.String(allow_none=True)
    namespace = fields.String(allow_none=True)
    cluster = fields.String(allow_none=True)
    labels = _map()
    link = fields.String(allow_none=True)
    delivery_id = fields.String()
    received_at = _moment()


RulesVersionPageShape = page_of(RulesVersionShape)
SilencePageShape = page_of(SilenceShape)
ChangePageShape = page_of(ChangeShape)
