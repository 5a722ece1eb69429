"""Reports that say only which problem and its state, and the source's word that somebody has it."""

from datetime import timedelta
from itertools import permutations

import pytest

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Delivery, Incident, Outcome, Signal
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.ports import IncidentQuery
from shared.contracts.messages import DeliveryNormalised, Results
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus
from tests.support.clock import START, FixedClock
from tests.support.memory_store import MemoryStore
from tests.support.records import a_delivery, a_job

KEY = "pagerduty:disk-db-3"


def an_event(action: str, second: int, **fields) -> NormalisedSignal:
    """Return an event of a sender without occurrences: it began when it was received."""
    at = START + timedelta(seconds=second)
    is_resolve = action == "resolve"
    words = {"title": "Disk full", "name": "Disk full", "labels": {"host": "db-3"}, "service": "db"}
    return NormalisedSignal(
        **{
            "source": "pagerduty",
            "fingerprint": KEY,
            "status": SignalStatus.RESOLVED if is_resolve else SignalStatus.FIRING,
            "severity": Severity.HIGH if action == "trigger" else Severity.CRITICAL,
            "starts_at": at,
            "ends_at": at if is_resolve else None,
            "acknowledged": action == "acknowledge",
            "brief": action != "trigger",
            **(words if action == "trigger" else {"title": "disk-db-3", "name": "disk-db-3"}),
        }
        | fields,
    )


class Story:
    """Deliveries are accepted in the order of the story, and processed in any."""

    def __init__(self, *actions: str) -> None:
        self.clock = FixedClock()
        self.store = MemoryStore(self.clock)
        self.judge = Judge(GroupingPolicy())
        self.recorder = Recorder(self.judge)
        self.events = []
        for second, action in enumerate(actions, start=1):
            self.clock.advance(1)
            name, now = f"dlv_{second}", self.clock.now()
            job = a_job(f"job_{second}", created_at=now)
            delivery = a_delivery(name, received_at=now)
            self.store.transact(lambda tx, delivery=delivery, job=job: (tx.put(delivery), tx.put(job)))
            self.events.append(an_event(action, second))

    def process(self, *order: int) -> None:
        for index in order or range(len(self.events)):
            result = DeliveryNormalised(
                job_id=f"job_{index + 1}",
                attempt=1,
                delivery_id=f"dlv_{index + 1}",
                signals=(self.events[index],),
            )
            record_results(self.store, self.recorder, Results(results=(result,)))

    def outcome(self, index: int):
        (outcome,) = self.store.get(Delivery, f"dlv_{index + 1}").signals
        return outcome

    @property
    def signal(self) -> Signal:
        return self.store.get(Signal, KEY)

    @property
    def incident(self) -> Incident | None:
        signal = self.signal
        return self.store.find(Incident, signal.incident_id) if signal.incident_id else None


def test_an_acknowledgement_takes_a_new_incident_to_triage():
    story = Story("trigger", "acknowledge")
    story.process()

    assert story.incident.status == "triage"
    assert story.incident.milestones.acknowledged_at == START + timedelta(seconds=2)
    assert (story.outcome(1).outcome, story.outcome(1).incident_id) == (Outcome.JOINED, story.incident.id)


def test_a_second_acknowledgement_changes_nothing():
    story = Story("trigger", "acknowledge", "acknowledge")
    story.process()

    assert story.outcome(2).outcome is Outcome.IGNORED
    assert "triage already" in story.outcome(2).reason


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_an_acknowledgement_counts_in_whatever_order_it_is_processed(order):
    story = Story("trigger", "acknowledge")
    story.process(*order)

    assert (story.incident.status, story.signal.status) == ("triage", "firing")


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_an_acknowledgement_of_an_earlier_time_does_not_acknowledge_the_next(order):
    story = Story("acknowledge", "trigger")
    story.process(*order)

    assert story.outcome(0).outcome is Outcome.IGNORED
    assert story.incident.status == "new"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_repeat_after_the_acknowledgement_takes_nothing_back(order):
    story = Story("trigger", "acknowledge", "trigger")
    story.process(*order)

    assert (story.incident.status, story.signal.status) == ("triage", "firing")
    assert story.incident.milestones.acknowledged_at == START + timedelta(seconds=2)


def test_a_late_acknowledgement_of_what_was_resolved_since_acknowledges_nothing():
    story = Story("trigger", "acknowledge", "resolve", "trigger")
    story.process(0, 2, 3, 1)

    assert story.outcome(1).outcome is Outcome.IGNORED
    assert (story.incident.status, story.signal.status) == ("new", "firing")


def test_an_acknowledgement_opens_nothing():
    story = Story("acknowledge")
    story.process()

    assert story.store.list_incidents(IncidentQuery()).total == 0
    assert "no incident has seen it fire" in story.outcome(0).reason


def test_an_acknowledgement_after_the_resolve_is_dropped():
    story = Story("trigger", "resolve", "acknowledge")
    story.process()

    assert (story.incident.status, story.signal.status) == ("new", "resolved")
    assert "does not fire" in story.outcome(2).reason


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_words_of_a_brief_report_never_replace_what_is_known(order):
    story = Story("trigger", "acknowledge", "resolve")
    story.process(*order)

    signal = story.signal
    assert (signal.title, signal.severity, signal.labels) == ("Disk full", "high", {"host": "db-3"})
    assert signal.status == "resolved"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_last_word_decides_whether_it_fires(order):
    story = Story("trigger", "resolve", "acknowledge", "trigger")
    story.process(*order)

    assert story.signal.status == "firing"
    assert story.incident is not None


def test_every_outcome_says_what_was_reported_and_which_said_nothing_new():
    story = Story("trigger", "trigger", "resolve")
    story.process()

    assert [story.outcome(index).is_repeat for index in range(3)] == [False, True, False]
    assert story.outcome(2).ends_at == START + timedelta(seconds=3)
    assert story.outcome(0).severity == "high"
