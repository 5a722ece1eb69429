"""How long people have let things wait, as the metrics tell it: actions for approval, incidents for somebody."""

import msgspec

from services.gateway.domain.records import Action, ActionState
from tests.support.action_calls import approve, approved, propose, read, with_incident
from tests.support.gateway import GatewayUnderTest
from tests.support.metrics_page import shown


def wait_shown(gw: GatewayUnderTest) -> float | None:
    return shown(gw, "faultline_approval_oldest_wait_seconds")


def test_an_action_waits_since_it_was_asked_for_and_not_since_its_proposal():
    gw = with_incident()
    action = propose(gw, risk="high")
    gw.clock.advance(600)
    assert wait_shown(gw) == 0

    assert gw.post(f"{action['href']}/request-approval", json={}).status_code == 200
    gw.clock.advance(60)
    assert wait_shown(gw) == 60
    assert approve(gw, read(gw, action)).json["state"] == "approved"
    assert wait_shown(gw) == 0


def test_an_approval_that_needs_another_ends_no_wait_and_the_longest_is_shown():
    gw = with_incident()
    first = propose(gw, risk="critical")
    # Proposed last, and asked for at once.
    second = propose(gw, risk="low")
    gw.clock.advance(100)
    assert approve(gw, first).json["state"] == "pending"
    gw.clock.advance(10)
    assert wait_shown(gw) == 110

    assert approve(gw, read(gw, second)).json["state"] == "approved"
    assert wait_shown(gw) == 10
    gw.post(f"{first['href']}/previews", json={"output": "It would stop."})
    gw.clock.advance(5)
    assert (read(gw, first)["state"], wait_shown(gw)) == ("pending", 15)


def test_an_action_that_waits_anew_waits_from_then_on():
    gw = with_incident()
    action = approved(gw)
    gw.clock.advance(500)
    gw.post(f"{action['href']}/previews", json={"output": "It would stop."})
    gw.clock.advance(7)

    assert (read(gw, action)["state"], wait_shown(gw)) == ("pending", 7)


def test_one_whose_target_changed_waits_and_one_from_before_it_was_noted_since_its_last_change():
    gw = with_incident()
    stored = gw.store.get(Action, propose(gw)["id"])
    stale = msgspec.structs.replace(stored, state=ActionState.STALE)
    gw.store.transact(lambda tx: tx.put(stale))
    gw.clock.advance(30)
    assert wait_shown(gw) == 30

    noted = msgspec.structs.replace(stale, waits_since=gw.clock.now())
    gw.store.transact(lambda tx: tx.put(noted))
    gw.clock.advance(2)
    assert wait_shown(gw) == 2


def test_the_oldest_new_incident_of_each_severity_has_its_age(gw: GatewayUnderTest):
    name = "faultline_incident_oldest_unacknowledged_seconds"
    assert shown(gw, name, severity="critical") == 0

    first = gw.open_incident(severity="critical")
    gw.clock.advance(100)
    gw.open_incident(severity="critical")
    gw.open_incident(severity="low")
    gw.clock.advance(20)
    ages = [shown(gw, name, severity=severity) for severity in ("critical", "low", "high")]
    assert gw.patch(f"/api/incidents/{first['id']}", json={"status": "triage"}).status_code == 200

    assert ages == [120, 20, 0]
    assert shown(gw, name, severity="critical") == 20
