from datetime import timedelta
from itertools import permutations

import msgspec
import pytest

from services.gateway.domain.records import (
    Activity,
    Delivery,
    DeliveryState,
    Hints,
    IncidentStatus,
    Job,
    JobState,
    Outcome,
    Signal,
)
from services.gateway.ports import RecordQuery
from shared.contracts.messages import DeliveryQuarantined, JobFailed
from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus
from tests.support.clock import START
from tests.support.gateway_core import Gateway, a_report, normalised


@pytest.fixture
def gateway():
    return Gateway()


def outcomes(delivery):
    return [signal.outcome for signal in delivery.signals]


def test_a_firing_signal_opens_an_incident(gateway):
    delivery = gateway.deliver(a_report())
    incident = gateway.only_incident()

    assert (delivery.state, delivery.outcome) == (DeliveryState.PROCESSED, Outcome.OPENED)
    assert (incident.status, incident.severity, incident.services) == ("new", "high", ("checkout",))
    assert gateway.timeline(incident) == ["incident_opened"]
    activity = gateway.store.get(Activity, incident.id)
    assert (activity.signal_count, activity.firing_count) == (1, 1)
    assert gateway.store.get(Hints, incident.id).entities[0].name == "a"
    assert gateway.store.get(Job, "job_1").state is JobState.SUCCEEDED


def test_a_repeat_joins_without_a_timeline_entry_and_without_a_new_version(gateway):
    gateway.deliver(a_report())
    version = gateway.only_incident().version

    for _ in range(5):
        assert gateway.deliver(a_report()).outcome is Outcome.JOINED

    incident = gateway.only_incident()
    assert gateway.timeline(incident) == ["incident_opened"]
    assert incident.version == version
    assert gateway.store.get(Signal, "alertmanager:a").count == 6


def test_signals_of_one_group_share_an_incident_and_others_do_not(gateway):
    other = {"alertname": "CheckoutDown", "namespace": "pay", "service": "cart"}
    delivery = gateway.deliver(a_report("a"), a_report("b"), a_report("c", group_labels=other))

    assert outcomes(delivery) == [Outcome.OPENED, Outcome.JOINED, Outcome.OPENED]
    assert len(gateway.incidents()) == 2


def test_a_worse_signal_raises_the_severity_without_a_new_version(gateway):
    gateway.deliver(a_report("a"))
    before = gateway.only_incident()
    gateway.deliver(a_report("b", severity=Severity.CRITICAL), a_report("c", severity=Severity.LOW))

    after = gateway.only_incident()
    assert (after.severity, after.version) == ("critical", before.version)
    assert "severity_raised" in gateway.timeline(after)


def test_the_severity_a_person_chose_stays(gateway):
    gateway.deliver(a_report("a"))
    head = msgspec.structs.replace(gateway.only_incident(), severity=Severity.LOW, severity_pinned=True)
    gateway.store.transact(lambda tx: tx.put(head))

    gateway.deliver(a_report("b", severity=Severity.CRITICAL))

    assert gateway.only_incident().severity == "low"


def test_an_incident_resolves_when_all_its_signals_stayed_resolved(gateway):
    gateway.deliver(a_report("a"), a_report("b"))
    gateway.deliver(a_report("a", "resolved"))
    gateway.pass_time(minutes=5)
    assert gateway.only_incident().status is IncidentStatus.NEW

    gateway.deliver(a_report("b", "resolved"))
    gateway.pass_time(seconds=30)
    assert gateway.only_incident().status is IncidentStatus.NEW
    gateway.pass_time(seconds=30)

    incident = gateway.only_incident()
    assert incident.status is IncidentStatus.RESOLVED
    assert incident.milestones.resolved_at == gateway.clock.now()
    assert gateway.timeline(incident)[-1] == "status_changed"


def test_firing_again_within_the_stable_period_keeps_the_incident_open(gateway):
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))
    gateway.pass_time(seconds=30)
    gateway.deliver(a_report(starts=20))
    gateway.pass_time(minutes=10)

    assert gateway.only_incident().status is IncidentStatus.NEW
    assert gateway.timeline(gateway.only_incident())[-1] == "signal_refired"
    assert gateway.store.list_records(Job, RecordQuery(states=("pending",))).total == 0


def test_firing_again_soon_after_resolve_reopens(gateway):
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))
    gateway.pass_time(minutes=2)
    delivery = gateway.deliver(a_report(starts=100))

    incident = gateway.only_incident()
    assert delivery.outcome is Outcome.REOPENED
    assert incident.status is IncidentStatus.INVESTIGATING
    assert incident.milestones.resolved_at is None


def test_a_new_signal_of_a_just_resolved_group_reopens_too(gateway):
    gateway.deliver(a_report("a"))
    gateway.deliver(a_report("a", "resolved"))
    gateway.pass_time(minutes=2)

    assert gateway.deliver(a_report("b")).outcome is Outcome.REOPENED
    assert gateway.only_incident().status is IncidentStatus.INVESTIGATING


def test_firing_again_long_after_resolve_opens_a_recurrence(gateway):
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))
    gateway.pass_time(minutes=2)
    gateway.pass_time(hours=1)
    delivery = gateway.deliver(a_report(starts=3700))

    first, second = gateway.incidents()
    assert delivery.outcome is Outcome.OPENED
    assert [(r.type, r.incident_id) for r in second.relations] == [("recurrence_of", first.id)]
    assert gateway.store.get(Signal, "alertmanager:a").incident_id == second.id
    assert gateway.store.get(Activity, first.id).firing_count == 0


@pytest.mark.parametrize("status", [IncidentStatus.CLOSED, IncidentStatus.CANCELLED])
def test_signals_never_undo_the_word_of_a_person(gateway, status):
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))
    ended = msgspec.structs.replace(gateway.only_incident(), status=status)
    gateway.store.transact(lambda tx: tx.put(ended))

    gateway.deliver(a_report(starts=50))

    first, second = gateway.incidents()
    assert (first.status, second.status) == (status, "new")


def test_a_resolve_nobody_saw_fire_opens_nothing_and_keeps_older_firings_out(gateway):
    firing, resolve = gateway.accept(), gateway.accept()
    gateway.record(normalised(resolve, a_report(status="resolved")))
    gateway.record(normalised(firing, a_report()))

    assert gateway.incidents() == []
    assert gateway.store.get(Delivery, resolve).outcome is Outcome.IGNORED
    assert gateway.store.get(Delivery, firing).outcome is Outcome.IGNORED


def test_whatever_the_order_of_workers_the_final_state_is_that_of_the_last_delivery():
    reports = [a_report(), a_report(status="resolved"), a_report(starts=9), a_report(status="resolved", starts=9)]
    for order in permutations(range(4)):
        gateway = Gateway()
        names = [gateway.accept() for _ in reports]
        for n in order:
            gateway.record(normalised(names[n], reports[n]))
        gateway.pass_time(minutes=10)

        assert gateway.store.get(Signal, "alertmanager:a").status is SignalStatus.RESOLVED
        assert all(incident.status is IncidentStatus.RESOLVED for incident in gateway.incidents())
        assert len(gateway.incidents()) <= 1
        assert all(gateway.store.get(Activity, i.id).firing_count == 0 for i in gateway.incidents())


def test_repeats_of_a_sender_without_start_times_are_no_news(gateway):
    for seconds in range(4):
        gateway.clock.advance(60)
        gateway.deliver(a_report(starts=60 * (seconds + 1)))
    gateway.clock.advance(60)
    resolved = gateway.deliver(a_report(status="resolved", starts=300))

    assert gateway.timeline(gateway.only_incident()) == ["incident_opened", "signal_resolved"]
    assert (resolved.outcome, resolved.signals[0].reason) == (Outcome.JOINED, "resolved")


def test_a_resolve_under_the_earliest_of_overlapping_starts_resolves(gateway):
    gateway.clock.advance(3600)
    for starts in (0, 7, 0):
        gateway.deliver(a_report(starts=starts))
    gateway.deliver(a_report(status="resolved", ends_at=START + timedelta(minutes=20)))
    gateway.pass_time(minutes=2)

    assert gateway.only_incident().status is IncidentStatus.RESOLVED
    assert gateway.timeline(gateway.only_incident()) == ["incident_opened", "signal_resolved", "status_changed"]


def test_a_firing_that_comes_late_may_be_what_a_resolve_ended(gateway):
    ends = START + timedelta(minutes=5)
    gateway.pass_time(minutes=10)
    reports = [a_report(starts=20), a_report(status="resolved", starts=1, ends_at=ends), a_report(starts=10)]
    late, resolve, again = (normalised(gateway.accept(), report) for report in reports)

    gateway.record(again)
    gateway.record(resolve)
    assert gateway.signal().status is SignalStatus.FIRING
    gateway.record(late)
    incident = gateway.only_incident()

    assert gateway.signal().status is SignalStatus.RESOLVED
    assert gateway.store.get(Activity, incident.id).firing_count == 0
    gateway.pass_time(minutes=2)
    assert gateway.only_incident().status is IncidentStatus.RESOLVED


def test_a_resolve_that_is_corrected_leaves_firing_what_began_after_it(gateway):
    gateway.pass_time(minutes=10)
    gateway.deliver(a_report(starts=20))
    gateway.deliver(a_report(status="resolved", starts=1, ends_at=START + timedelta(minutes=5)))

    corrected = gateway.deliver(a_report(status="resolved", starts=1))
    incident = gateway.only_incident()

    assert (outcomes(corrected), gateway.signal().status) == ([Outcome.JOINED], SignalStatus.FIRING)
    assert gateway.store.get(Activity, incident.id).firing_count == 1
    gateway.pass_time(minutes=2)
    assert gateway.only_incident().status is IncidentStatus.NEW


def test_a_start_in_the_future_does_not_keep_a_signal_firing_for_ever(gateway):
    gateway.deliver(a_report(starts=86_400 * 365))
    gateway.clock.advance(60)
    gateway.deliver(a_report(status="resolved", starts=60))

    assert gateway.store.get(Signal, "alertmanager:a").status is SignalStatus.RESOLVED


@pytest.mark.parametrize(
    ("status", "minutes", "incidents"),
    [
        (IncidentStatus.RESOLVED, 29, 1),
        (IncidentStatus.RESOLVED, 31, 2),
        (IncidentStatus.CLOSED, 31, 2),
        (IncidentStatus.CANCELLED, 31, 1),
    ],
)
def test_a_forced_resolve_holds_for_the_reopen_window_and_not_for_ever(gateway, status, minutes, incidents):
    gateway.deliver(a_report())
    head = gateway.only_incident()
    milestones = msgspec.structs.replace(head.milestones, resolved_at=gateway.clock.now())
    gateway.store.transact(lambda tx: tx.put(msgspec.structs.replace(head, status=status, milestones=milestones)))
    gateway.clock.advance(minutes * 60)

    gateway.deliver(a_report())

    assert len(gateway.incidents()) == incidents


def test_the_same_result_again_changes_nothing(gateway):
    name = gateway.accept()
    result = normalised(name, a_report())

    first, again = gateway.record(result), gateway.record(result, msgspec.structs.replace(result, attempt=2))

    assert (first.recorded, first.ignored) == (1, 0)
    assert (again.recorded, again.ignored) == (0, 2)
    assert gateway.store.get(Signal, "alertmanager:a").count == 1


def test_a_result_of_an_unknown_job_is_ignored(gateway):
    assert gateway.record(normalised("dlv_404", a_report())).ignored == 1


def test_a_quarantined_delivery_says_why_and_its_job_is_done(gateway):
    name = gateway.accept()
    gateway.record(
        DeliveryQuarantined(job_id="job_1", attempt=1, delivery_id=name, code="unknown_shape", reason="no alerts"),
    )

    delivery = gateway.store.get(Delivery, name)
    assert (delivery.state, delivery.outcome, delivery.code) == ("quarantined", "quarantined", "unknown_shape")
    assert gateway.store.get(Job, "job_1").state is JobState.SUCCEEDED


def test_a_failed_attempt_is_tried_again_later_and_later(gateway):
    gateway.accept()
    waits = []
    for attempt in (1, 2, 3):
        gateway.record(JobFailed(job_id="job_1", attempt=attempt, error="no route", retryable=True))
        job = gateway.store.get(Job, "job_1")
        waits.append((job.not_before - gateway.clock.now()).total_seconds())

    assert (job.state, job.attempt, job.error) == ("pending", 3, "no route")
    assert waits == [1, 2, 4]


@pytest.mark.parametrize(("attempt", "retryable"), [(5, True), (1, False)])
def test_a_job_that_will_not_do_is_a_dead_letter_and_its_delivery_has_an_outcome(gateway, attempt, retryable):
    name = gateway.accept()
    gateway.record(JobFailed(job_id="job_1", attempt=attempt, error="broken", retryable=retryable))

    delivery = gateway.store.get(Delivery, name)
    assert gateway.store.get(Job, "job_1").state is JobState.FAILED
    assert (delivery.outcome, delivery.code) == (Outcome.QUARANTINED, "worker_failed")


def test_one_batch_is_one_commit(gateway):
    names = [gateway.accept() for _ in range(10)]
    before = gateway.store.last_seq

    gateway.record(*(normalised(name, a_report(str(n))) for n, name in enumerate(names)))

    assert gateway.store.last_seq == before + 1


def test_a_truncated_body_is_told_to_the_incident_it_opens_once(gateway):
    gateway.deliver(a_report(), truncated=3)
    gateway.deliver(a_report(), truncated=3)

    assert gateway.timeline(gateway.only_incident()) == ["incident_opened", "signals_truncated"]


def test_an_open_incident_that_was_quiet_past_the_window_gives_its_group_to_a_new_one(gateway):
    gateway.deliver(a_report("a"))
    head = gateway.only_incident()
    activity = msgspec.structs.replace(gateway.store.get(Activity, head.id), firing_count=0)
    gateway.store.transact(lambda tx: tx.put(activity))
    gateway.clock.advance(5 * 3600)

    gateway.deliver(a_report("b"))

    first, second = gateway.incidents()
    assert (first.dedup_key, second.relations[0].type) == (None, "related")
