"""PagerDuty's change events, by a body written after its documentation (none was captured)."""

from datetime import UTC, datetime

import msgspec
import pytest

from tests.support.samples import NOW, Connector

pagerduty = Connector("pagerduty")
CHANGE = {"action": "change"}


def change_of(body, at=NOW):
    read = pagerduty.read(body, at, **CHANGE)
    assert read.signals == ()
    [change] = read.changes
    return change


def test_a_change_is_context_and_no_signal():
    read = pagerduty.read_sample("05_change_event", **CHANGE)
    [change] = read.changes

    assert read.signals == ()
    assert change.summary == "Build success: checkout 2.4.1 is deployed"
    assert change.occurred_at == datetime(2026, 11, 20, 8, 10, tzinfo=UTC)
    assert (change.service, change.namespace, change.cluster) == ("checkout", "pay", "lab")
    assert change.labels["build_number"] == "220"
    assert change.link == "https://ci.example.com/builds/220"
    assert change.key.startswith("pagerduty:change:")


def test_the_same_payload_again_is_the_same_change_whoever_sends_it():
    body = pagerduty.body("05_change_event")
    key = change_of(body).key

    assert change_of({**body, "routing_key": "other"}, NOW.replace(hour=9)).key == key
    assert change_of({**body, "payload": {**body["payload"], "summary": "Another"}}).key != key


def test_the_routing_key_is_a_credential_and_is_never_taken_over():
    change = change_of({"routing_key": "0123456789abcdef" * 2, "payload": {"summary": "Deployed"}})

    assert b"0123456789abcdef" not in msgspec.json.encode(change)


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", {}, -1, 1e300, True, "0001-01-01T00:00:00Z"])
def test_without_a_usable_time_it_was_when_it_was_received(timestamp):
    assert change_of({"payload": {"summary": "Deployed", "timestamp": timestamp}}).occurred_at == NOW


def test_hostile_and_long_texts_are_cleaned_and_cut():
    details = {"service": "\u202e", **{f"l{number}": "v" * 2_000 for number in range(100)}}
    change = change_of({"payload": {"summary": "a\u0000\n" + "s" * 400, "custom_details": details}})

    assert (len(change.summary), change.service, len(change.labels)) == (300, None, 64)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "not_json"),
        (b"\xff\xfe", "not_json"),
        ("[]", "unknown_shape"),
        ({}, "unknown_shape"),
        ({"payload": "x"}, "unknown_shape"),
        ({"payload": {"summary": 7}}, "unknown_shape"),
        ({"payload": {}}, "no_title"),
        ({"payload": {"summary": "\u202e "}}, "no_title"),
        ('{"payload":{"custom_details":' + "[" * 100_000, "too_deep"),
    ],
)
def test_what_can_never_be_understood_says_why(body, code):
    assert pagerduty.refusal(body, **CHANGE).code == code
