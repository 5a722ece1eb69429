"""The outage of the demo, request by request."""

import json
from datetime import UTC, datetime

from services.gateway.domain.demo_story import tell_story

STARTED_AT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def told(source):
    return [json.loads(one.body) for one in tell_story(STARTED_AT, "demo") if one.source == source]


def test_a_pair_of_alertmanagers_says_exactly_the_same():
    checkouts = [body for body in told("alertmanager") if body["groupLabels"]["service"] == "checkout"]

    assert len(checkouts) == 3
    assert all(body == checkouts[0] for body in checkouts)


def test_what_recovers_is_the_occurrence_that_fired():
    firing, resolved = (body for body in told("alertmanager") if body["groupLabels"]["service"] == "orders-db")

    assert (firing["status"], resolved["status"]) == ("firing", "resolved")
    assert firing["alerts"][0]["startsAt"] == resolved["alerts"][0]["startsAt"] == "2026-11-23T11:56:00.000Z"
    assert firing["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert resolved["alerts"][0]["endsAt"] == "2026-11-23T12:00:00.000Z"
    assert firing["alerts"][0]["fingerprint"] == resolved["alerts"][0]["fingerprint"]


def test_the_same_problem_of_two_pods_is_two_signals():
    frontend = next(body for body in told("alertmanager") if body["groupLabels"]["service"] == "frontend")

    assert len({alert["fingerprint"] for alert in frontend["alerts"]}) == 2


def test_every_signal_says_that_it_is_a_demo_and_where():
    for source in ("alertmanager", "grafana"):
        labels = [alert["labels"] for body in told(source) for alert in body["alerts"]]
        assert {(one["demo"], one["cluster"]) for one in labels} == {("true", "demo")}
    assert told("pagerduty")[0]["payload"]["custom_details"]["demo"] == "true"
    assert told("cloudevents")[0]["data"]["labels"]["demo"] == "true"
    assert told("webhook")[1]["labels"]["demo"] == "true"
