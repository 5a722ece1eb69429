from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.domain.grouping import GroupingPolicy, Placement, derive_dedup_key, place
from services.gateway.domain.records import Activity, Incident, IncidentSource, IncidentStatus, Milestones
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
POLICY = GroupingPolicy()


def a_report(**fields) -> NormalisedSignal:
    return NormalisedSignal(
        **{
            "source": "alertmanager",
            "fingerprint": "alertmanager:f1",
            "status": SignalStatus.FIRING,
            "severity": Severity.HIGH,
            "name": "Down",
            "starts_at": NOW,
            "title": "It is down",
        }
        | fields,
    )


def an_incident(status: IncidentStatus, resolved_minutes_ago: float | None = None) -> Incident:
    resolved_at = None if resolved_minutes_ago is None else NOW - timedelta(minutes=resolved_minutes_ago)
    return Incident(
        id="inc_1",
        title="It is down",
        status=status,
        severity=Severity.HIGH,
        source=IncidentSource.WEBHOOK,
        milestones=Milestones(detected_at=NOW, resolved_at=resolved_at),
        created_by="system",
        created_at=NOW,
        updated_at=NOW,
    )


def active(minutes_ago: float, firing: int) -> Activity:
    return Activity(incident_id="inc_1", firing_count=firing, last_signal_at=NOW - timedelta(minutes=minutes_ago))


def test_same_name_and_place_is_one_group_whatever_the_pod_or_severity():
    one = a_report(group_labels={"namespace": "pay", "service": "checkout"}, labels={"pod": "a"})
    two = a_report(
        group_labels={"namespace": "pay", "service": "checkout"},
        labels={"pod": "b"},
        severity=Severity.LOW,
    )

    assert derive_dedup_key(one) == derive_dedup_key(two) == 'alertmanager:Down{namespace="pay",service="checkout"}'


@pytest.mark.parametrize(
    "other",
    [
        {"group_labels": {"namespace": "pay", "service": "cart"}},
        {"group_labels": {"namespace": "shop", "service": "checkout"}},
        {"group_labels": {"namespace": "pay", "service": "checkout", "cluster": "b"}},
        {"group_labels": {}},
        {"name": "Slow", "group_labels": {"namespace": "pay", "service": "checkout"}},
        {"source": "webhook", "group_labels": {"namespace": "pay", "service": "checkout"}},
    ],
)
def test_another_name_or_place_is_another_group(other):
    report = a_report(group_labels={"namespace": "pay", "service": "checkout"})

    assert derive_dedup_key(report) != derive_dedup_key(a_report(**other))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"namespace": "pay,service=cart"}, {"namespace": "pay", "service": "cart"}),
        ({"namespace": 'pay",service="cart'}, {"namespace": "pay", "service": "cart"}),
        ({"cluster": 'a\\",namespace="b'}, {"cluster": "a\\", "namespace": "b"}),
    ],
)
def test_a_value_that_looks_like_a_label_is_another_place(one, two):
    assert derive_dedup_key(a_report(group_labels=one)) != derive_dedup_key(a_report(group_labels=two))


def test_the_key_of_the_sender_goes_before_the_rule():
    assert derive_dedup_key(a_report(dedup_key="deploy-7")) == "alertmanager:key:deploy-7"


@pytest.mark.parametrize(
    ("incident", "activity", "placement"),
    [
        pytest.param(None, None, Placement.OPEN, id="no incident before"),
        pytest.param(an_incident(IncidentStatus.NEW), active(1, 1), Placement.JOIN, id="open and active"),
        pytest.param(
            an_incident(IncidentStatus.MITIGATED), active(1, 0), Placement.JOIN, id="open, quiet for a minute"
        ),
        pytest.param(an_incident(IncidentStatus.NEW), active(600, 1), Placement.JOIN, id="open, rarely repeated"),
        pytest.param(an_incident(IncidentStatus.NEW), active(241, 0), Placement.OPEN, id="open, quiet past the window"),
        pytest.param(an_incident(IncidentStatus.NEW), None, Placement.OPEN, id="open, never had a signal"),
        pytest.param(an_incident(IncidentStatus.RESOLVED, 29), active(29, 0), Placement.REOPEN, id="just resolved"),
        pytest.param(an_incident(IncidentStatus.POSTMORTEM, 5), active(5, 0), Placement.REOPEN, id="in postmortem"),
        pytest.param(an_incident(IncidentStatus.RESOLVED, 31), active(31, 0), Placement.OPEN, id="resolved long ago"),
        pytest.param(an_incident(IncidentStatus.CLOSED, 1), active(1, 0), Placement.OPEN, id="closed by a person"),
        pytest.param(an_incident(IncidentStatus.CANCELLED), active(1, 0), Placement.OPEN, id="cancelled by a person"),
    ],
)
def test_a_newly_firing_signal_is_placed_by_the_state_of_its_group(incident, activity, placement):
    assert place(incident, activity, POLICY, NOW) is placement
