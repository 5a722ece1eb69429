"""The outage of the demo, body by body."""

from datetime import UTC, datetime

from services.cli.demo_story import CHECKOUT, STORY, Step, bodies, count_deliveries

STARTED_AT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
TEMPLATE = {
    "receiver": "platform",
    "status": "firing",
    "version": "4",
    "externalURL": "http://am",
    "alerts": [
        {"status": "firing", "labels": {"alertname": "Old"}, "generatorURL": "http://prom", "fingerprint": "old"}
    ],
}


def test_a_pair_of_alertmanagers_says_exactly_the_same() -> None:
    first, second = bodies(TEMPLATE, Step("fails", CHECKOUT, senders=2), STARTED_AT)

    assert first == second


def test_times_are_fresh_and_identity_does_not_change_with_them() -> None:
    (firing,) = bodies(TEMPLATE, Step("fails", CHECKOUT), STARTED_AT)
    (resolved,) = bodies(TEMPLATE, Step("works", CHECKOUT, status="resolved"), STARTED_AT)

    assert firing["alerts"][0]["startsAt"] == "2026-11-23T11:57:00.000Z"
    assert firing["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert resolved["status"] == resolved["alerts"][0]["status"] == "resolved"
    assert resolved["alerts"][0]["startsAt"] == firing["alerts"][0]["startsAt"]
    assert resolved["alerts"][0]["fingerprint"] == firing["alerts"][0]["fingerprint"]


def test_what_the_real_sender_adds_is_kept() -> None:
    (body,) = bodies(TEMPLATE, Step("fails", CHECKOUT), STARTED_AT)

    assert (body["receiver"], body["version"], body["alerts"][0]["generatorURL"]) == ("platform", "4", "http://prom")
    assert TEMPLATE["alerts"][0]["labels"] == {"alertname": "Old"}


def test_the_story_has_repeats_pairs_and_recoveries_and_something_still_fires() -> None:
    fired = {step.alert.name for step in STORY}
    resolved = {step.alert.name for step in STORY if step.status == "resolved"}

    assert len(fired) >= 3
    assert resolved < fired
    assert any(step.senders > 1 for step in STORY)
    assert count_deliveries(STORY) > len(STORY) > len(fired) + len(resolved)
