"""Silences and maintenance windows: what they hold, what passes, and what comes of it when they end."""

from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.domain.records import (
    BOARD,
    Activity,
    GroupingRule,
    Job,
    JobState,
    Match,
    Silence,
    SilenceBoard,
    SilenceKind,
    SilenceState,
    Threshold,
)
from services.gateway.errors import JobNotCancellable, SilenceEnded, ValidationFailed
from services.gateway.handlers.end_silence import end_silence
from services.gateway.handlers.run_timers import run_timer
from services.gateway.handlers.steer_job import cancel_job, retry_job
from tests.support.clock import START
from tests.support.gateway_core import Gateway, a_report


@pytest.fixture
def gateway():
    return Gateway()


def only(delivery):
    (outcome,) = delivery.signals
    return outcome


def test_a_new_signal_is_held_back_and_placed_when_the_silence_ends(gateway):
    silence = gateway.silence(lasts=600)
    held = only(gateway.deliver(a_report()))

    assert (held.outcome, held.suppressed_by) == ("suppressed", silence)
    assert (gateway.signal().held_by, gateway.signal().incident_id) == (silence, None)
    gateway.pass_time(seconds=601)

    incident = gateway.only_incident()
    assert (gateway.signal().held_by, gateway.signal().incident_id) == (None, incident.id)
    assert gateway.store.get(Activity, incident.id).firing_count == 1
    assert gateway.store.get(Silence, silence).state is SilenceState.ENDED
    assert gateway.store.get(SilenceBoard, BOARD).live == ()


def test_a_resolve_passes_and_nothing_opens_afterwards(gateway):
    silence = gateway.silence(lasts=600)
    gateway.deliver(a_report())

    resolved = only(gateway.deliver(a_report(status="resolved")))
    gateway.pass_time(seconds=601)

    assert (resolved.outcome, resolved.reason) == ("ignored", f"resolved while {silence} held it back")
    assert gateway.incidents() == []


def test_a_resolve_under_a_silence_resolves_its_open_incident(gateway):
    gateway.deliver(a_report())
    gateway.silence()

    assert only(gateway.deliver(a_report())).outcome == "joined"
    assert only(gateway.deliver(a_report(status="resolved"))).outcome == "joined"
    gateway.pass_time(minutes=2)

    assert gateway.only_incident().status == "resolved"


def test_a_signal_of_an_open_incident_that_fires_again_goes_on(gateway):
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))
    gateway.silence()

    assert only(gateway.deliver(a_report(starts=5))).outcome == "joined"


def test_a_signal_that_would_reopen_is_held_back(gateway):
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))
    gateway.pass_time(minutes=2)
    gateway.silence(lasts=60)

    assert only(gateway.deliver(a_report(starts=100))).outcome == "suppressed"
    assert gateway.only_incident().status == "resolved"
    gateway.pass_time(minutes=2)

    assert gateway.only_incident().status == "investigating"
    assert gateway.store.get(Activity, gateway.only_incident().id).firing_count == 1


def test_only_what_matches_is_held(gateway):
    gateway.silence(match=Match(namespaces=("shop",)), when="")

    assert only(gateway.deliver(a_report())).outcome == "opened"


def test_of_two_silences_the_longer_holds_and_the_end_of_one_leaves_the_other(gateway):
    gateway.silence(lasts=60)
    longer = gateway.silence(lasts=600)
    assert only(gateway.deliver(a_report())).suppressed_by == longer

    gateway.pass_time(seconds=61)
    assert gateway.incidents() == []
    gateway.pass_time(seconds=600)
    assert len(gateway.incidents()) == 1


def test_what_the_shorter_one_held_goes_over_to_the_longer(gateway):
    gateway.silence(lasts=60)
    gateway.deliver(a_report())
    longer = gateway.silence(lasts=600)

    gateway.pass_time(seconds=61)

    assert gateway.signal().held_by == longer


def test_a_person_ends_it_early_and_what_fires_is_placed_at_once(gateway):
    silence = gateway.silence()
    gateway.deliver(a_report("a"), a_report("b"))

    gateway.end_silence(silence)

    assert gateway.store.get(Silence, silence).ended_by == "token:ann"
    assert gateway.store.get(Activity, gateway.only_incident().id).firing_count == 2
    with pytest.raises(SilenceEnded):
        gateway.end_silence(silence)


def test_a_window_that_recurs_holds_in_each_span_and_lets_go_between(gateway):
    gateway.silence(
        kind=SilenceKind.MAINTENANCE_WINDOW,
        starts_at=START,
        lasts=3_600,
        repeat="FREQ=DAILY",
    )
    assert only(gateway.deliver(a_report("a"))).outcome == "suppressed"
    gateway.pass_time(hours=2)
    assert len(gateway.incidents()) == 1

    assert only(gateway.deliver(a_report("b", name="Other", starts=7_000))).outcome == "opened"
    gateway.pass_time(hours=22.5)
    assert only(gateway.deliver(a_report("c", name="Third", starts=88_000))).outcome == "suppressed"
    gateway.pass_time(hours=1)
    assert gateway.signal("c").incident_id is not None


def test_a_silence_that_is_to_come_holds_nothing_yet(gateway):
    gateway.silence(starts_at=START + timedelta(hours=1), lasts=600)

    assert only(gateway.deliver(a_report("a"))).outcome == "opened"
    gateway.pass_time(hours=1, seconds=1)
    assert only(gateway.deliver(a_report("b", name="Other", starts=3_000))).outcome == "suppressed"


def test_what_is_placed_again_may_wait_for_a_threshold(gateway):
    gateway.rules(
        GroupingRule(id="two", name="Two", group_by=("namespace",), threshold=Threshold(count=2, within_seconds=60))
    )
    silence = gateway.silence()
    gateway.deliver(a_report("a"), a_report("b"))

    gateway.end_silence(silence)

    assert gateway.store.get(Activity, gateway.only_incident().id).firing_count == 2


def test_ending_goes_on_after_a_crash_between_any_two_commits(gateway):
    silence = gateway.silence(lasts=60)
    for pod in range(450):
        gateway.deliver(a_report(f"p{pod}", name=f"N{pod}"))
    gateway.clock.advance(61)
    job = gateway.store.get(Job, gateway.store.get(Silence, silence).end_job_id)

    commits = 0

    class Dying:
        """Dies before the commit whose turn has come."""

        def __init__(self, store, at):
            self._store, self._left = store, at

        def transact(self, work):
            if self._left == 0:
                raise InterruptedError
            self._left -= 1
            return self._store.transact(work)

        def __getattr__(self, name):
            return getattr(self._store, name)

    for at in range(6):
        try:
            end_silence(Dying(gateway.store, at), gateway.judge, job)
        except InterruptedError:
            commits += 1

    assert commits > 0
    run_timer(gateway.store, gateway.judge, job.id)
    incidents = gateway.incidents()
    assert gateway.store.get(Job, job.id).state is JobState.SUCCEEDED
    assert len({gateway.signal(f"p{pod}").incident_id for pod in range(450)}) == 450
    assert len({incident.dedup_key for incident in incidents}) == len(incidents)


def test_a_silence_that_can_hold_nothing_is_refused(gateway):
    with pytest.raises(ValidationFailed):
        gateway.silence(lasts=-1)
    with pytest.raises(ValidationFailed):
        gateway.silence(starts_at=START - timedelta(hours=2), lasts=60)
    with pytest.raises(ValidationFailed):
        gateway.silence(when="")


def test_a_window_that_is_over_before_it_begins_by_its_clocks_is_refused(gateway):
    begins = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    with pytest.raises(ValidationFailed):
        gateway.silence(
            kind=SilenceKind.MAINTENANCE_WINDOW,
            starts_at=begins,
            lasts=2_700,
            repeat="FREQ=WEEKLY",
            timezone="Europe/Berlin",
        )


@pytest.mark.parametrize("year", [1, 1900, 9999])
def test_a_window_that_begins_at_the_ends_of_time_is_refused(gateway, year):
    with pytest.raises(ValidationFailed):
        gateway.silence(
            kind=SilenceKind.MAINTENANCE_WINDOW,
            starts_at=datetime(year, 1, 1, 1, tzinfo=UTC),
            lasts=60,
            repeat="FREQ=DAILY",
            timezone="America/New_York",
        )


def test_its_timer_can_be_retried_but_not_cancelled(gateway):
    silence = gateway.silence(lasts=60)
    gateway.deliver(a_report())
    job_id = gateway.store.get(Silence, silence).end_job_id

    with pytest.raises(JobNotCancellable):
        gateway.store.transact(lambda tx: cancel_job(tx, job_id, "token:ann"))
    failed = gateway.store.get(Job, job_id)
    gateway.store.transact(lambda tx: tx.put(_failed(failed)))
    gateway.clock.advance(61)
    again = gateway.store.transact(lambda tx: retry_job(tx, job_id, "token:ann"))
    run_timer(gateway.store, gateway.judge, again)

    assert len(gateway.incidents()) == 1


def _failed(job: Job) -> Job:
    import msgspec  # noqa: PLC0415 - used here alone.

    return msgspec.structs.replace(job, state=JobState.FAILED)
