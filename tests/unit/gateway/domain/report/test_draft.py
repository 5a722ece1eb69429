"""The report as a whole: what it tells, that it is always the same, and that nothing in it breaks out."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from services.gateway.domain.records import (
    EntryType,
    IncidentStatus,
    Milestones,
    Occurrence,
    Relation,
    Task,
    TaskState,
    TimelineEntry,
)
from services.gateway.domain.report import ReportAction, ReportEvidence, ReportInput, write_report
from shared.contracts.diagnosis import CoverageNote, DiagnosedResource, Diagnosis, Evidence, Finding
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint, SignalStatus
from tests.support.builders import a_signal, an_activity, an_incident, the_hints
from tests.support.clock import START
from tests.support.hostile import hostile_text

HEADINGS = [
    "Summary", "Impact", "Timeline", "Evidence and diagnoses", "Actions", "Follow-ups", "Root cause and lessons",
]  # fmt: skip
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LIST_AND_TEXT = {"heading", "paragraph", "inline", "bullet", "list", "blockquote"}


def after(**time):
    return START + timedelta(**time)


def an_entry(sequence: int, kind: EntryType = EntryType.STATUS_CHANGED, **fields) -> TimelineEntry:
    given = {"message": f"entry {sequence}", "occurred_at": after(minutes=sequence), "actor": "token:ann"}
    return TimelineEntry(
        incident_id="inc_1",
        sequence=sequence,
        previous_hash="0" * 64,
        type=kind,
        source="api",
        recorded_at=START,
        **(given | fields),
    )


def a_task(n: int, **fields) -> Task:
    given = {"title": f"task {n}", "created_by": "token:ann", "created_at": START, "updated_at": START}
    return Task(id=f"task_{n}", incident_id="inc_1", incident_number=7, **(given | fields))


def a_case(text: str = "x", **fields) -> ReportInput:
    """Return a case with ``text`` wherever someone outside can put any."""
    claim = Finding(
        rule_id=text, title=text, confidence=0.9, severity=Severity.HIGH, explanation=text, remediation=text,
        evidence=(Evidence(kind=text, source=text, query=text, observation=text, digest=text),),
    )  # fmt: skip
    resource = DiagnosedResource(cluster=text, namespace=text, kind=text, name=text)
    incident = an_incident(
        incident_id="inc_1",
        title=text,
        status=IncidentStatus.RESOLVED,
        number=7,
        description=text,
        owner=text,
        roles={"commander": text},
        services=(text,),
        labels={"team": text},
        relations=(Relation(type="recurrence_of", incident_id="inc_0"),),
        milestones=Milestones(detected_at=START, acknowledged_at=after(seconds=90), resolved_at=after(hours=2)),
    )
    signal = a_signal(
        source=text, name=text, title=text, incident_id="inc_1",
        occurrences=(
            Occurrence(starts_at=START, status=SignalStatus.RESOLVED, ends_at=after(minutes=28), accepted_seq=1),
        ),
    )  # fmt: skip
    given = {
        "incident": incident,
        "activity": an_activity("inc_1", firing=0),
        "hints": the_hints("inc_1"),
        "signals": (signal,),
        "signal_count": 1,
        "entries": (
            an_entry(1, message=text),
            an_entry(2, EntryType.NOTE_ADDED, message=text, actor=text),
        ),
        "entry_count": 2,
        "head_hash": "ab" * 32,
        "diagnoses": (
            Diagnosis(
                id="dx_1", resource=resource, observed_at=START, produced_by=text, summary=text,
                coverage=(CoverageNote(part=text, reason=text),), hypotheses=(claim,),
            ),
        ),
        "diagnosis_count": 1,
        "tasks": (a_task(1, title=text, owner=text, due_at=after(days=1)),),
        "actions": (
            ReportAction(
                title=text, type=text, state=text, risk=text, proposed_by=text, decided_by=(text,),
                executed_by=text, result=text,
            ),
        ),
        "evidence": (ReportEvidence(source=text, observation=text, query=text, digest=text, at=START),),
    }  # fmt: skip
    return ReportInput(**(given | fields))


def headings_of(markdown: str) -> list[tuple[str, str]]:
    tokens = MARKDOWN.parse(markdown)
    return [(t.tag, tokens[i + 1].content) for i, t in enumerate(tokens) if t.type == "heading_open"]


def test_the_report_tells_what_the_record_says():
    report = write_report(a_case("Checkout is down"))

    assert report.startswith("# INC-7: Checkout is down\n")
    assert [title for tag, title in headings_of(report) if tag == "h2"] == HEADINGS
    for line in (
        "- **Status:** resolved",
        "- **Acknowledged:** 2026-11-01 12:01:30 UTC (1 min 30 s after detection)",
        "- **Resolved:** 2026-11-01 14:00:00 UTC (2 h after detection)",
        "- **Closed:** not yet",
        "- **Recurrence of:** inc\\_0",
        "- **Roles:** commander: Checkout is down",
        "- **Entities:** shop/service/checkout",
        "- [ ] Checkout is down (Checkout is down, due 2026-11-02 12:00:00 UTC)",
    ):
        assert line in report.splitlines()
    assert "Fired 2026-11-01 12:00:00 UTC to 2026-11-01 12:28:00 UTC (28 min)." in report


def test_an_empty_record_makes_a_report_too():
    empty = ReportInput(incident=an_incident(), activity=an_activity("x", firing=0, signals=0), hints=the_hints("x"))

    report = write_report(empty)

    assert [title for tag, title in headings_of(report) if tag == "h2"] == HEADINGS
    assert report.count("None was recorded.") == 3


@given(hostile_text(6))
@settings(max_examples=200)
def test_no_text_of_anybody_breaks_the_document(text):
    tokens = MARKDOWN.parse(write_report(a_case(text)))
    plain = MARKDOWN.parse(write_report(a_case("x")))

    assert [t.tag for t in tokens if t.type == "heading_open"] == [t.tag for t in plain if t.type == "heading_open"]
    assert {token.type.removesuffix("_open").removesuffix("_close").split("_")[0] for token in tokens} <= LIST_AND_TEXT
    children = {child.type for token in tokens if token.type == "inline" for child in token.children}
    allowed = {"text", "softbreak", "hardbreak", "strong_open", "strong_close", "em_open", "em_close", "code_inline"}
    assert children <= allowed


@given(st.permutations(range(6)))
def test_the_same_record_gives_the_same_bytes_in_whatever_order_it_was_read(order):
    parts = {
        "signals": [a_signal(fingerprint=f"s{n}", name=f"s{n}") for n in range(6)],
        "entries": [an_entry(n + 1, occurred_at=START) for n in range(6)],
        "tasks": [a_task(n) for n in range(6)],
    }
    mixed = {name: tuple(values[i] for i in order) for name, values in parts.items()}
    straight = {name: tuple(values) for name, values in parts.items()}

    assert write_report(a_case(**mixed)) == write_report(a_case(**straight))


def test_the_timeline_is_told_in_the_order_things_happened():
    late = an_entry(1, message="later", occurred_at=after(hours=2))
    early = an_entry(2, EntryType.NOTE_ADDED, message="earlier", occurred_at=after(hours=1))

    report = write_report(a_case(entries=(late, early)))

    assert report.index("earlier") < report.index("later")


def test_a_long_note_is_cut_and_says_where_the_whole_is():
    report = write_report(a_case(entries=(an_entry(2, EntryType.NOTE_ADDED, message="word " * 1_000),)))

    assert "> … (cut: 5,000 characters in all; timeline entry 2 has the whole)" in report


def test_of_a_long_timeline_what_people_did_is_kept_and_the_rest_is_counted():
    storm = [an_entry(n, EntryType.SIGNAL_REFIRED, message="x" * 400) for n in range(1, 4_001)]
    people = [an_entry(n, message=f"step {n}.") for n in range(4_001, 4_011)]

    report = write_report(a_case(entries=(*storm, *people), entry_count=10_000))

    assert all(f"step {n}." in report for n in range(4_001, 4_011))
    assert "of type signal_refired, 5990 from the middle of a long timeline" in report
    assert len(report) < 600_000


@pytest.mark.parametrize("size", [1, 2_000])
def test_the_report_is_bounded_however_much_there_is(size):
    text = "|" * 16_384
    report = write_report(
        a_case(
            text,
            signals=tuple(a_signal(fingerprint=str(n), name=text, title=text) for n in range(size)),
            signal_count=size + 5,
            entries=tuple(an_entry(n, EntryType.NOTE_ADDED, message=text) for n in range(1, size + 1)),
            tasks=tuple(a_task(n, title=text) for n in range(size)),
            diagnoses=a_case(text).diagnoses * size,
            evidence=a_case(text).evidence * size,
            actions=a_case(text).actions * size,
        ),
    )

    assert len(report) < 1 << 20
    if size > 1:
        assert report.count("are not shown here.") == 5


def test_done_tasks_come_after_open_ones():
    done = a_task(1, title="finished", state=TaskState.DONE, finished_at=after(hours=1))

    report = write_report(a_case(tasks=(done, a_task(2, title="to do"))))

    assert "- [ ] to do (nobody)\n- [x] finished (nobody, done 2026-11-01 13:00:00 UTC)" in report


def test_many_entities_are_named_without_breaking_the_line():
    hints = the_hints("inc_1")
    many = tuple(EntityHint(kind="pod", name=f"p{n}\n# x") for n in range(50))

    report = write_report(a_case(hints=type(hints)(incident_id="inc_1", entities=many)))

    assert "pod/p49 # x" in report
    assert [title for tag, title in headings_of(report) if tag == "h2"] == HEADINGS
