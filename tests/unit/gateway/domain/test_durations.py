from datetime import UTC, datetime, timedelta

from services.gateway.domain.durations import measure
from services.gateway.domain.records import Milestones

T0 = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def after(**time: float) -> datetime:
    return T0 + timedelta(**time)


def test_durations_count_from_detection():
    reached = Milestones(
        detected_at=T0,
        acknowledged_at=after(seconds=90),
        mitigated_at=after(minutes=10),
        resolved_at=after(hours=1),
        closed_at=after(days=2),
    )

    durations = measure(reached)

    assert durations.time_to_acknowledge_seconds == 90
    assert durations.time_to_mitigate_seconds == 600
    assert durations.time_to_resolve_seconds == 3_600


def test_what_was_not_reached_has_no_duration():
    durations = measure(Milestones(detected_at=T0, acknowledged_at=T0))

    assert durations.time_to_acknowledge_seconds == 0
    assert (durations.time_to_mitigate_seconds, durations.time_to_resolve_seconds) == (None, None)


def test_a_clock_that_was_wrong_makes_no_negative_duration():
    assert measure(Milestones(detected_at=T0, resolved_at=after(seconds=-5))).time_to_resolve_seconds == 0
