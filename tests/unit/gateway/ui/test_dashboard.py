"""The dashboard: what it shows of what the API answers, what it shows instead on an empty product, and to whom."""

from datetime import UTC, datetime

import pytest

from services.gateway.domain.records import Role
from services.gateway.ui.pages.dashboard.shaping import bands_of, check_groups, noise_lines, trend
from tests.support.gateway import GatewayUnderTest

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
FORM = {"HX-Request": "true"}


def test_an_empty_product_teaches_how_to_send_the_first_alert(gw: GatewayUnderTest):
    page = gw.get("/", base_url="https://faultline.example:8443").text

    assert "https://faultline.example:8443/api/intake/alertmanager" in page
    assert "https://faultline.example:8443/api/intake/grafana" in page
    assert "curl -i https://faultline.example:8443/api/intake/webhook" in page
    assert 'href="/operations/tokens"' in page
    assert 'action="/demo"' in page


def test_a_viewer_is_taught_but_not_offered_the_demo(gw: GatewayUnderTest):
    page = gw.get("/", role=Role.VIEWER).text

    assert 'action="/demo"' not in page
    assert "takes the role responder" in page


def test_the_demo_is_played_once_however_often_its_form_is_sent(gw: GatewayUnderTest):
    answers = [gw.post("/demo", data={"requestKey": "k-1"}, headers=FORM) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert "demo outage is being played" in answers[0].headers["HX-Trigger"]
    assert gw.get("/api/deliveries").json["total"] == 14


def test_without_script_the_demo_leads_back_to_the_dashboard(gw: GatewayUnderTest):
    answer = gw.post("/demo")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Unacknowledged first" in gw.get("/").text


def test_a_delivery_is_enough_for_the_dashboard_to_begin(gw: GatewayUnderTest):
    gw.post("/api/intake/webhook", json={"title": "x"})

    assert "Unacknowledged first" in gw.get("/dashboard/first").text


def test_what_nobody_acknowledged_stands_first_and_the_worst_of_it_before_all(gw: GatewayUnderTest):
    worked = gw.open_incident(title="Worked on", severity="critical")
    gw.patch(f"/api/incidents/{worked['id']}", json={"status": "triage", "owner": "ann"})
    gw.open_incident(title="New and low", severity="low")
    gw.open_incident(title="New and <b>high</b>", severity="high", services=["cart"])

    page = gw.get("/dashboard/now").text

    order = [page.index(text) for text in ("New and &lt;b&gt;high", "New and low", "Being worked on", "Worked on</a>")]
    assert order == sorted(order)
    assert 'href="/incidents/INC-1"' in page


def test_what_waits_for_somebody_is_named_and_linked(gw: GatewayUnderTest):
    incident = gw.open_incident()
    path = f"/api/incidents/{incident['id']}"
    gw.post(f"{path}/tasks", json={"title": "Tell support", "dueAt": "2026-10-31T12:00:00Z"})
    action = {"type": "manual", "title": "Roll back", "risk": "high", "payload": {"instructions": "Do it."}}
    proposed = gw.post(f"{path}/actions", json={**action, "rollback": "Undo it."}).json
    gw.post(f"{path}/actions/{proposed['id']}/request-approval")

    page = gw.get("/dashboard/now").text

    assert f'<a href="/incidents/{incident["id"]}/actions">Roll back</a>' in page
    assert '<a href="/incidents/INC-1">Tell support</a>' in page


def test_what_a_token_may_not_read_is_said_and_not_asked_for_again(gw: GatewayUnderTest):
    made = gw.post("/api/tokens", json={"name": "reader", "role": "viewer", "scopes": ["incidents:read"]}).json
    gw.open_incident()

    page = gw.get("/", token=made["token"]).text

    assert "Quarantined" not in page
    assert "may not read deliveries" in page


def test_health_says_what_is_missing(gw: GatewayUnderTest):
    gw.relay.problem = "the broker does not answer"

    page = gw.get("/dashboard/health").text

    assert "Not ready" in page
    assert "the broker does not answer" in page


def test_ages_leave_no_gap_and_lead_to_the_inbox():
    bands = bands_of(NOW)

    assert [band.until for band in bands[1:]] == [band.since for band in bands[:-1]]
    assert (bands[0].until, bands[-1].since) == (None, None)
    expected = "/incidents?open=true&severity=high&since=2026-11-26T12%3A00%3A00Z&until=2026-11-27T11%3A00%3A00Z"
    assert bands[1].address("high") == expected


@pytest.mark.parametrize(("now", "before", "change"), [(150.0, 100.0, 0.5), (None, 100.0, None), (5.0, None, None)])
def test_a_trend_compares_where_there_is_something_to_compare(now, before, change):
    week, week_before = ({"times": {"x": {"meanSeconds": mean, "count": 1}}} for mean in (now, before))

    assert trend(week, week_before, "x").change == change


def test_noise_is_what_opened_nothing():
    lines = [
        {"signals": 8, "outcomes": {"opened": 1, "joined": 7}},
        {"signals": 2, "outcomes": {"reopened": 1, "suppressed": 1}},
        {"signals": 0, "outcomes": {}},
    ]

    noise = noise_lines(lines)

    assert (noise["signals"], noise["news"], noise["noise"], len(noise["lines"])) == (10, 2, 0.8, 2)


def test_checks_of_one_kind_stand_together_with_their_reasons():
    checks = {"store": {"ok": True, "reason": None}, "worker:a": {"ok": False, "reason": "gone"}}
    checks["worker:b"] = {"ok": True, "reason": None}

    store, workers = check_groups(checks)

    assert (store.name, store.ok, store.parts) == ("Store", True, ())
    assert (workers.ok, workers.parts, workers.reasons) == (False, (("a", False), ("b", True)), ("a: gone",))
