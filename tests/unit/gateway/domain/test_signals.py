from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest

from services.gateway.domain.records import Activity, Hints, Signal
from services.gateway.domain.signals import MAX_ENTITIES, Change, classify, merge_report, note_activity, note_hints
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint, NormalisedSignal, SignalStatus

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_report(status: str = "firing", starts: int = 0, **fields) -> NormalisedSignal:
    return NormalisedSignal(
        **{
            "source": "alertmanager",
            "fingerprint": "alertmanager:f1",
            "status": SignalStatus(status),
            "severity": Severity.HIGH,
            "name": "Down",
            "starts_at": START + timedelta(seconds=starts),
            "title": "It is down",
        }
        | fields,
    )


def a_signal(status: str = "firing", starts: int = 0, seq: int = 10, incident_id: str | None = "inc_1") -> Signal:
    merged = merge_report(None, a_report(status, starts), accepted_seq=seq, received_at=START)
    return msgspec.structs.replace(merged, incident_id=incident_id)


@pytest.mark.parametrize(
    ("known", "report", "seq", "change"),
    [
        pytest.param(None, a_report(), 1, Change.FIRED, id="never seen, fires"),
        pytest.param(None, a_report("resolved"), 1, Change.RESOLVED_UNSEEN, id="never seen, resolves"),
        pytest.param(a_signal(), a_report(), 11, Change.REPEATED, id="fires on"),
        pytest.param(a_signal(), a_report(), 9, Change.REPEATED, id="an earlier repeat that a worker got to late"),
        pytest.param(a_signal(), a_report(starts=-5), 11, Change.REPEATED, id="a replica that saw it begin earlier"),
        pytest.param(a_signal(), a_report(starts=5), 11, Change.REPEATED, id="a replica that saw it begin later"),
        pytest.param(a_signal(), a_report("resolved", -5), 11, Change.SUPERSEDED, id="an older occurrence resolves"),
        pytest.param(
            a_signal(),
            a_report("resolved", -5, ends_at=START + timedelta(minutes=20)),
            11,
            Change.RESOLVED,
            id="an earlier start resolves after the known one began",
        ),
        pytest.param(
            a_signal(seq=12),
            a_report("resolved", -5, ends_at=START + timedelta(minutes=20)),
            11,
            Change.SUPERSEDED,
            id="the same, but accepted before the known one",
        ),
        pytest.param(a_signal("resolved"), a_report(starts=-5), 11, Change.SUPERSEDED, id="an older occurrence fires"),
        pytest.param(a_signal(), a_report("resolved"), 11, Change.RESOLVED, id="resolves"),
        pytest.param(a_signal(), a_report("resolved"), 9, Change.SUPERSEDED, id="a resolve accepted before the firing"),
        pytest.param(a_signal("resolved"), a_report("resolved"), 11, Change.RESOLVED_AGAIN, id="resolves twice"),
        pytest.param(a_signal("resolved"), a_report(starts=5), 11, Change.REFIRED, id="fires again"),
        pytest.param(a_signal("resolved"), a_report(), 11, Change.REFIRED, id="the same occurrence after all"),
        pytest.param(
            a_signal("resolved", incident_id=None), a_report(), 9, Change.SUPERSEDED, id="tombstone keeps it out"
        ),
        pytest.param(a_signal("resolved", incident_id=None), a_report(), 11, Change.FIRED, id="newer than a tombstone"),
        pytest.param(
            a_signal("resolved", incident_id=None),
            a_report("resolved"),
            11,
            Change.RESOLVED_UNSEEN,
            id="another resolve nobody saw fire",
        ),
    ],
)
def test_a_report_is_judged_by_occurrence_and_acceptance(known, report, seq, change):
    assert classify(known, report, seq) is change


_END = START + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([a_report(), a_report("resolved"), a_report(starts=9), a_report("resolved", starts=9)], "resolved"),
        ([a_report(), a_report("resolved"), a_report(starts=9)], "firing"),
        ([a_report(), a_report("resolved"), a_report()], "firing"),
        # One outage seen by two replicas of Prometheus, resolved under the earliest start.
        ([a_report(), a_report(starts=7), a_report(), a_report("resolved", ends_at=_END)], "resolved"),
        ([a_report(starts=7), a_report("resolved", ends_at=_END), a_report()], "firing"),
        # A firing that is processed late is what the resolve ended.
        ([a_report(starts=20), a_report("resolved", ends_at=_END), a_report(starts=10)], "resolved"),
        # A resolve that ended the newest is corrected: it was over before that began.
        ([a_report(starts=7), a_report("resolved", ends_at=_END), a_report("resolved", ends_at=START)], "firing"),
    ],
)
def test_the_state_is_the_same_in_whatever_order_reports_are_processed(reports, status):
    for order in permutations(enumerate(reports, 1)):
        known, firing = None, 0
        for seq, report in order:
            change = classify(known, report, seq)
            merged = merge_report(known, report, accepted_seq=seq, received_at=START)
            known = msgspec.structs.replace(merged, incident_id="inc_1")
            firing += {Change.FIRED: 1, Change.REFIRED: 1, Change.RESOLVED: -1}.get(change, 0)
        assert known is not None
        assert known.status == status
        assert firing == (status == "firing")


def test_a_report_counts_and_keeps_when_the_signal_was_first_seen():
    later = START + timedelta(minutes=5)

    merged = merge_report(a_signal(), a_report(), accepted_seq=11, received_at=later)

    assert (merged.count, merged.first_seen_at, merged.last_seen_at) == (2, START, later)


def test_activity_counts_signals_and_keeps_the_newest_time():
    activity = Activity(incident_id="inc_1", last_signal_at=START + timedelta(seconds=5))

    for _ in range(2):
        activity = note_activity(activity, received_at=START, linked=1, firing=1)

    assert (activity.signal_count, activity.firing_count) == (2, 2)
    assert activity.last_signal_at == START + timedelta(seconds=5)


def test_hints_are_collected_once_and_untouched_by_what_is_known():
    pod = EntityHint(kind="pod", name="checkout-1", namespace="pay")
    hints = note_hints(Hints(incident_id="inc_1"), a_report(entities=(pod,)))

    assert (hints.signal_names, hints.entities) == (("Down",), (pod,))
    assert note_hints(hints, a_report(entities=(pod,))) is hints


def test_hints_of_a_storm_stay_small():
    pods = tuple(EntityHint(kind="pod", name=f"pod-{n}") for n in range(MAX_ENTITIES + 50))

    hints = note_hints(Hints(incident_id="inc_1"), a_report(entities=pods))

    assert len(hints.entities) == MAX_ENTITIES
    assert note_hints(hints, a_report(entities=(EntityHint(kind="pod", name="late"),))) is hints
