"""Which kinds of record a bundle holds beside the incident and its timeline, each in a file of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.gateway.domain.records import (
    Action,
    ActionOutput,
    ActionPreview,
    AttachedDiagnosis,
    InvestigationContent,
    InvestigationSnapshot,
    KeptInvestigation,
    Record,
    Signal,
    Task,
)


def _names_none(_: Any) -> str | None:  # noqa: ANN401 - any kind of record.
    return None


@dataclass(frozen=True, slots=True)
class BundlePart:
    """A kind whose records have the incident for their ``parent``: one a line, oldest first, in ``file``.

    What ``blob_of`` names goes to ``blobs/<digest>`` as well.
    """

    file: str
    kind: type[Record]
    blob_of: Callable[[Any], str | None] = _names_none


PARTS: tuple[BundlePart, ...] = (
    BundlePart("signals.jsonl", Signal),
    BundlePart("actions.jsonl", Action),
    BundlePart("action_previews.jsonl", ActionPreview, lambda record: record.blob),
    BundlePart("action_outputs.jsonl", ActionOutput, lambda record: record.blob),
    BundlePart("tasks.jsonl", Task),
    BundlePart("diagnoses.jsonl", AttachedDiagnosis, lambda record: record.blob),
    BundlePart("investigations.jsonl", KeptInvestigation),
    BundlePart("investigation_contents.jsonl", InvestigationContent, lambda record: record.blob),
    BundlePart("investigation_snapshots.jsonl", InvestigationSnapshot, lambda record: record.digest),
)
