"""What the API takes of diagnoses that are asked for, with its limits."""

from typing import Any

import marshmallow as ma

from services.gateway.api.diagnosis_inputs import DiagnosisInput, ResourceInput
from services.gateway.api.fields import InputSchema, Moment, Text, Word, Words
from services.gateway.api.inputs import ListQuery
from services.gateway.domain.records import FeedbackVerdict, QuickDxState
from shared.contracts.diagnosis import DiagnosedResource

_NAME_LENGTH = 253
_KIND_LENGTH = 100
_ID_LENGTH = 100
NOTE_LENGTH = 2_000
# What a diagnosis that is sent must have, and one that is named by its id has already.
_OF_CONTENT = ("resource", "observed_at", "produced_by", "summary")


class NewQuickDx(InputSchema):
    """The object to diagnose; ``context`` is where it is looked for."""

    context = Text(most=_NAME_LENGTH, blank=False, required=True)
    namespace = Text(
        most=_NAME_LENGTH,
        blank=False,
        allow_none=True,
        metadata={"description": "null for what belongs to the whole cluster."},
    )
    kind = Text(most=_KIND_LENGTH, blank=False, required=True)
    name = Text(most=_NAME_LENGTH, blank=False, required=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> DiagnosedResource:
        """Return the contract's part."""
        return DiagnosedResource(
            cluster=data["context"], namespace=data.get("namespace"), kind=data["kind"], name=data["name"]
        )


class QuickDxQuery(ListQuery):
    """A page of diagnoses that were asked for. With namespace or kind a page may hold fewer, and no total is told."""

    context = Text(most=_NAME_LENGTH)
    namespace = Text(most=_NAME_LENGTH)
    kind = Text(most=_KIND_LENGTH)
    name = Text(most=_NAME_LENGTH)
    state = Words(Word(QuickDxState))


class NewFeedback(InputSchema):
    """What you say of a rule's finding; saying it anew replaces what you said."""

    rule_id = Text(most=200, blank=False, required=True)
    verdict = Word(FeedbackVerdict, required=True)
    note = Text(most=NOTE_LENGTH, load_default="")


class DiagnosisOrIdInput(DiagnosisInput):
    """A diagnosis to attach, or ``diagnosisId`` of one that was asked for, which then is all."""

    diagnosis_id = Text(most=_ID_LENGTH, blank=False, metadata={"description": "Of POST /api/quickdx."})
    resource = ma.fields.Nested(ResourceInput)
    observed_at = Moment()
    produced_by = Text(most=200, blank=False)
    summary = Text(most=8_192, blank=False)

    @ma.validates_schema
    def check_whole(self, data: dict[str, Any], **_: Any) -> None:
        """A diagnosis comes whole, or is named and nothing else."""
        if "diagnosis_id" not in data:
            lost = {self.fields[name].data_key: ["is required where there is no diagnosisId"] for name in _OF_CONTENT}
            missing = {self.fields[name].data_key for name in _OF_CONTENT if name not in data}
            if missing:
                raise ma.ValidationError({key: words for key, words in lost.items() if key in missing})
        elif len(data) > 1:
            raise ma.ValidationError("goes without the members of a diagnosis", "diagnosisId")

    @ma.post_load
    def make(self, data: dict[str, Any], **options: Any) -> Any:  # noqa: ANN401 - as marshmallow has it.
        """Return the contract, or the id."""
        return data["diagnosis_id"] if "diagnosis_id" in data else super().make(data, **options)
