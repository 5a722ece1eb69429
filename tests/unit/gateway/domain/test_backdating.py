from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.domain.backdating import backdate, changes_of
from services.gateway.domain.records import IncidentStatus, Milestones
from services.gateway.errors import MilestoneNotReached, TimesNotChronological
from tests.support.records import an_incident

T0 = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
NOW = T0 + timedelta(days=1)


def after(**time: float) -> datetime:
    return T0 + timedelta(**time)


RESOLVED = an_incident(
    status=IncidentStatus.RESOLVED,
    milestones=Milestones(detected_at=T0, acknowledged_at=after(minutes=5), resolved_at=after(hours=1)),
)


def test_a_reached_milestone_gets_another_time_in_a_new_version():
    corrected = backdate(RESOLVED, {"detected_at": after(minutes=-20)}, NOW)

    assert corrected.milestones.detected_at == after(minutes=-20)
    assert (corrected.version, corrected.updated_at) == (2, NOW)
    assert changes_of(RESOLVED.milestones, corrected.milestones) == {
        "detectedAt": {"from": T0, "to": after(minutes=-20)}
    }


def test_the_time_it_has_already_changes_nothing():
    assert backdate(RESOLVED, {"detected_at": T0}, NOW) is RESOLVED


def test_mitigation_nobody_noted_is_added_to_a_resolved_incident():
    assert backdate(RESOLVED, {"mitigated_at": after(minutes=30)}, NOW).milestones.mitigated_at == after(minutes=30)


@pytest.mark.parametrize("status", ["new", "triage", "investigating", "monitoring", "cancelled"])
def test_what_was_not_reached_has_no_time_to_correct(status: str):
    incident = an_incident(status=IncidentStatus(status))

    with pytest.raises(MilestoneNotReached) as refusal:
        backdate(incident, {"closed_at": T0, "mitigated_at": T0, "detected_at": T0}, NOW)

    assert refusal.value.fields == {"milestones": ["closedAt", "mitigatedAt"]}


@pytest.mark.parametrize(
    ("times", "named"),
    [
        ({"detected_at": after(minutes=6)}, {"detectedAt", "acknowledgedAt"}),
        ({"acknowledged_at": after(minutes=-1)}, {"detectedAt", "acknowledgedAt"}),
        ({"mitigated_at": after(minutes=4)}, {"acknowledgedAt", "mitigatedAt"}),
        ({"mitigated_at": after(minutes=61)}, {"mitigatedAt", "resolvedAt"}),
        ({"resolved_at": NOW + timedelta(microseconds=1)}, {"resolvedAt"}),
    ],
)
def test_times_out_of_order_or_to_come_are_refused_by_name(times: dict[str, datetime], named: set[str]):
    with pytest.raises(TimesNotChronological) as refusal:
        backdate(RESOLVED, times, NOW)

    assert set(refusal.value.fields["errors"]) == named


def test_milestones_may_share_a_moment():
    at = after(minutes=5)

    same = backdate(RESOLVED, {"detected_at": at, "mitigated_at": at, "resolved_at": at}, NOW)

    assert same.milestones == Milestones(detected_at=at, acknowledged_at=at, mitigated_at=at, resolved_at=at)
