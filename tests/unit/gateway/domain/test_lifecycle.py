from datetime import UTC, datetime

import pytest

from services.gateway.domain import lifecycle
from services.gateway.domain.records import Incident, IncidentSource, IncidentStatus, Milestones
from services.gateway.errors import MergeNeedsTarget, ReasonRequired, SignalsFiring, TransitionNotAllowed
from shared.contracts.severity import Severity

T0 = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
T1 = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)

# Written out a second time on purpose, word for word from the product's table: a slip of the finger in one of the
# two shows.
TABLE = {
    "new": "triage investigating resolved cancelled merged",
    "triage": "investigating mitigated resolved cancelled merged",
    "investigating": "triage mitigated resolved cancelled merged",
    "mitigated": "monitoring investigating resolved",
    "monitoring": "mitigated investigating resolved",
    "resolved": "postmortem closed investigating",
    "postmortem": "closed investigating",
    "closed": "investigating",
    "cancelled": "triage",
    "merged": "",
}
PAIRS = [(a, b) for a in IncidentStatus for b in IncidentStatus if a is not b]
REASONED = {
    ("new", "cancelled"),
    ("triage", "cancelled"),
    ("investigating", "cancelled"),
    ("postmortem", "investigating"),
    ("closed", "investigating"),
    ("cancelled", "triage"),
}


def an_incident(status: str, **milestones: datetime) -> Incident:
    return Incident(
        id="inc_1",
        title="Checkout is down",
        status=IncidentStatus(status),
        severity=Severity.HIGH,
        source=IncidentSource.MANUAL,
        milestones=Milestones(detected_at=T0, **milestones),
        created_by="token:ann",
        created_at=T0,
        updated_at=T0,
    )


@pytest.mark.parametrize(("current", "requested"), PAIRS)
def test_every_pair_is_allowed_or_refused_as_the_table_says(current: IncidentStatus, requested: IncidentStatus):
    if requested in TABLE[current].split():
        lifecycle.check_table(current, requested)
        return
    with pytest.raises(TransitionNotAllowed) as refusal:
        lifecycle.check_move(current, requested, reason="because", force=True)

    assert refusal.value.fields == {"current": current, "requested": requested, "allowed": TABLE[current].split()}


@pytest.mark.parametrize(
    ("current", "requested"), [p for p in PAIRS if p[1] in TABLE[p[0]].split() and p[1] != "merged"]
)
def test_a_reason_is_asked_for_exactly_where_the_product_says(current: IncidentStatus, requested: IncidentStatus):
    if (current, requested) in REASONED:
        with pytest.raises(ReasonRequired):
            lifecycle.check_move(current, requested)
    else:
        lifecycle.check_move(current, requested)


@pytest.mark.parametrize("current", [status for status in IncidentStatus if "merged" in TABLE[status].split()])
def test_a_merge_that_the_table_allows_needs_a_target_and_a_reason(current: IncidentStatus):
    with pytest.raises(MergeNeedsTarget, match="/merge") as refusal:
        lifecycle.check_move(current, IncidentStatus.MERGED, reason="same thing")
    assert refusal.value.fields["allowed"] == TABLE[current].split()
    with pytest.raises(ReasonRequired):
        lifecycle.check_reason(current, IncidentStatus.MERGED, "")


def test_a_clock_that_was_set_back_keeps_milestones_in_their_order():
    incident = an_incident("investigating", acknowledged_at=T1)

    assert lifecycle.move(incident, IncidentStatus.RESOLVED, T0).milestones.resolved_at == T1


def test_resolving_while_signals_fire_needs_force():
    with pytest.raises(SignalsFiring) as refusal:
        lifecycle.check_move(IncidentStatus.TRIAGE, IncidentStatus.RESOLVED, reason="done", firing_count=2)

    assert refusal.value.fields["firingCount"] == 2


def test_resolving_by_force_needs_a_reason():
    with pytest.raises(ReasonRequired):
        lifecycle.check_move(IncidentStatus.TRIAGE, IncidentStatus.RESOLVED, force=True, firing_count=1)
    lifecycle.check_move(
        IncidentStatus.TRIAGE, IncidentStatus.RESOLVED, force=True, reason="flapping probe", firing_count=1
    )


@pytest.mark.parametrize("requested", TABLE["new"].split())
def test_leaving_new_acknowledges(requested: str):
    moved = lifecycle.move(an_incident("new"), IncidentStatus(requested), T1)

    assert moved.milestones.acknowledged_at == T1


def test_acknowledgement_is_kept_once_it_is_set():
    moved = lifecycle.move(an_incident("triage", acknowledged_at=T0), IncidentStatus.INVESTIGATING, T1)

    assert moved.milestones.acknowledged_at == T0


def test_milestones_follow_the_way_to_closed():
    incident = an_incident("investigating", acknowledged_at=T0)
    for status in (IncidentStatus.MITIGATED, IncidentStatus.RESOLVED, IncidentStatus.CLOSED):
        incident = lifecycle.move(incident, status, T1)

    assert incident.milestones == Milestones(
        detected_at=T0, acknowledged_at=T0, mitigated_at=T1, resolved_at=T1, closed_at=T1
    )


def test_resolving_straight_away_leaves_mitigated_open():
    moved = lifecycle.move(an_incident("new"), IncidentStatus.RESOLVED, T1)

    assert (moved.milestones.resolved_at, moved.milestones.mitigated_at) == (T1, None)


@pytest.mark.parametrize("current", ["resolved", "postmortem", "closed"])
def test_reopening_clears_resolved_and_closed(current: str):
    moved = lifecycle.move(an_incident(current, resolved_at=T0, closed_at=T0), IncidentStatus.INVESTIGATING, T1)

    assert (moved.milestones.resolved_at, moved.milestones.closed_at) == (None, None)


def test_a_move_raises_the_version_and_the_update_time():
    moved = lifecycle.move(an_incident("new"), IncidentStatus.TRIAGE, T1)

    assert (moved.version, moved.updated_at, moved.created_at) == (2, T1, T0)
