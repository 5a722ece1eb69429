"""What the API takes of a diagnosis, with its limits."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from services.gateway.api.diagnosis_parts import CheckedInput, GrantInput, ProposalInput, StepInput
from services.gateway.api.fields import InputSchema, Moment, SeverityWord, Text, Word
from shared.contracts.diagnosis import (
    CoverageNote,
    DiagnosedResource,
    Diagnosis,
    DiagnosisStatus,
    Evidence,
    Finding,
    Verdict,
)

_NAME_LENGTH = 253
_WORD_LENGTH = 200
_TEXT_LENGTH = 8_192
_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$"


class Share(fields.Float):
    """A number from 0 to 1, and nothing that merely looks like one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Range(0, 1), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ma.ValidationError("must be a number from 0 to 1")
        return super()._deserialize(value, attr, data, **options)


class ResourceInput(InputSchema):
    """The object a diagnosis is about."""

    cluster = Text(most=_NAME_LENGTH, blank=False, allow_none=True)
    namespace = Text(most=_NAME_LENGTH, blank=False, allow_none=True)
    kind = Text(most=100, blank=False, required=True)
    name = Text(most=_NAME_LENGTH, blank=False, required=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> DiagnosedResource:
        """Return the contract's part."""
        return DiagnosedResource(**data)


class CoverageInput(InputSchema):
    """What could not be looked at, and why."""

    part = Text(most=_WORD_LENGTH, blank=False, required=True)
    reason = Text(most=2_000, required=True)
    kind = Text(most=100, blank=False)
    namespace = Text(most=_NAME_LENGTH, blank=False)
    verb = Text(most=_WORD_LENGTH, blank=False)
    state = Text(most=_WORD_LENGTH, blank=False)
    grant = fields.Nested(GrantInput)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> CoverageNote:
        """Return the contract's part."""
        return CoverageNote(**data)


class EvidenceInput(InputSchema):
    """One observation."""

    kind = Text(most=_WORD_LENGTH, blank=False, required=True)
    source = Text(most=_WORD_LENGTH, blank=False, required=True)
    query = Text(most=4_096, allow_none=True)
    observation = Text(most=_TEXT_LENGTH, required=True)
    at = Moment(allow_none=True)
    digest = Text(most=_WORD_LENGTH, allow_none=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> Evidence:
        """Return the contract's part."""
        return Evidence(**data)


class FindingInput(InputSchema):
    """What a rule concludes, with its evidence; among hypotheses, a candidate root cause."""

    rule_id = Text(most=_WORD_LENGTH, blank=False, required=True)
    title = Text(most=300, blank=False, required=True)
    confidence = Share(required=True)
    severity = SeverityWord(required=True)
    explanation = Text(most=_TEXT_LENGTH)
    remediation = Text(most=_TEXT_LENGTH)
    evidence = fields.List(fields.Nested(EvidenceInput), validate=validate.Length(max=20))
    subject = fields.Nested(ResourceInput)
    culprit = fields.Nested(ResourceInput)
    arithmetic = fields.List(fields.Nested(StepInput), validate=validate.Length(max=30))
    actions = fields.List(fields.Nested(ProposalInput), validate=validate.Length(max=20))
    explains = fields.List(fields.Nested(ResourceInput), validate=validate.Length(max=50))
    follows_from = fields.Nested(ResourceInput)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> Finding:
        """Return the contract's part."""
        names = ("evidence", "arithmetic", "actions", "explains")
        lists: dict[str, Any] = {name: tuple(data[name]) for name in names if name in data}
        return Finding(**{**data, **lists})


class DiagnosisInput(InputSchema):
    """A diagnosis to attach: of one resource, at one moment, every claim with its evidence."""

    id = fields.String(
        validate=validate.Regexp(
            _ID.replace("$", r"\Z"),
            error="must be 1 to 100 letters, digits, dots, dashes, colons or underscores, beginning with one of the "
            "first two",
        ),
        metadata={"pattern": _ID, "description": "The same for every copy; made from the content if left out."},
    )
    resource = fields.Nested(ResourceInput, required=True)
    observed_at = Moment(required=True)
    produced_by = Text(most=_WORD_LENGTH, blank=False, required=True)
    producer_version = Text(most=_WORD_LENGTH)
    summary = Text(most=_TEXT_LENGTH, blank=False, required=True)
    status = Word(DiagnosisStatus)
    coverage = fields.List(fields.Nested(CoverageInput), validate=validate.Length(max=50))
    findings = fields.List(fields.Nested(FindingInput), validate=validate.Length(max=100))
    hypotheses = fields.List(
        fields.Nested(FindingInput),
        validate=validate.Length(max=20),
        metadata={"description": "Ranked, the likeliest first."},
    )
    schema_version = fields.Integer(strict=True, validate=validate.OneOf([1]))
    verdict = Word(Verdict)
    checked = fields.Nested(CheckedInput)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> Diagnosis:
        """Return the contract."""
        lists = {name: tuple(data.pop(name, ())) for name in ("coverage", "findings", "hypotheses")}
        # An empty id stands for one that is made from the content.
        return Diagnosis(**{"id": "", **data, **lists})
