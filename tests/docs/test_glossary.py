"""Every word the product is built of stands in the glossary, and the words of the code are those words."""

import re
from pathlib import Path

import pytest

from services.gateway.domain.records import (
    RECORD_KINDS,
    ActionRisk,
    ActionState,
    ActionType,
    IncidentStatus,
    JobState,
    Outcome,
    Role,
)
from shared.contracts.queues import TASK_QUEUES
from shared.contracts.severity import Severity

ROOT = Path(__file__).resolve().parents[2]
WORDS = (
    "action", "blob", "connector", "correlation", "dedup key", "delivery", "edge", "entity", "evidence", "finding",
    "fingerprint", "hypothesis", "idempotency key", "incident", "job", "outcome", "signal", "timeline entry",
)  # fmt: skip


def glossary() -> str:
    return (ROOT / "docs/glossary.md").read_text()


@pytest.mark.parametrize("word", WORDS)
def test_the_word_has_a_row(word):
    assert re.search(rf"^\| \*\*{word}\*\* \|", glossary(), re.MULTILINE)


@pytest.mark.parametrize(
    "words",
    [ActionRisk, ActionState, ActionType, IncidentStatus, JobState, Outcome, Role, Severity],
    ids=lambda kind: kind.__name__,
)
def test_every_word_of_a_fixed_list_is_in_the_glossary(words):
    page = glossary()

    assert [word.value for word in words if f"`{word.value}`" not in page] == []


def test_every_kind_of_record_is_in_the_glossary():
    page = glossary()

    assert [kind for kind in RECORD_KINDS if f"`{kind}`" not in page] == []


def test_every_task_is_in_the_glossary():
    page = glossary()

    assert [task for task in TASK_QUEUES if f"`{task}`" not in page] == []
