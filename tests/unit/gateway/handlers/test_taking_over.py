"""What an incident takes from the signals that a merge moves to it: severity, and triage."""

import pytest

from shared.contracts.severity import Severity
from tests.support.gateway_core import Gateway, a_report
from tests.support.people import People, two_incidents


@pytest.fixture
def gateway() -> Gateway:
    return two_incidents()


@pytest.fixture
def people(gateway: Gateway) -> People:
    return People(gateway)


def test_the_severity_of_the_target_rises_unless_it_is_pinned(gateway: Gateway, people: People):
    by_hand, pinned = people.open(), people.open(severity=Severity.LOW)

    people.merge(1, by_hand.number)
    people.merge(2, pinned.number)

    assert people.incident(by_hand.number).severity == Severity.HIGH
    assert gateway.timeline(by_hand)[-1] == "severity_raised"
    assert people.incident(pinned.number).severity == Severity.LOW


def test_a_signal_that_somebody_has_takes_a_new_target_to_triage(gateway: Gateway, people: People):
    gateway.deliver(a_report("b", name="Slow", acknowledged=True, brief=True))

    people.merge(2, 1)

    assert people.incident(1).status == "triage"


@pytest.mark.parametrize("order", ["bc", "cb"])
def test_of_several_that_were_taken_on_the_first_says_when(gateway: Gateway, people: People, order: str):
    gateway.deliver(a_report("c", name="Slow"))
    gateway.pass_time(seconds=60)
    first = gateway.clock.now()
    for fingerprint in order:
        gateway.deliver(a_report(fingerprint, name="Slow", acknowledged=True, brief=True))
        gateway.pass_time(seconds=60)

    people.merge(2, 1)

    assert people.incident(1).milestones.acknowledged_at == first
