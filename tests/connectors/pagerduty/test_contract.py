"""PagerDuty's Events API v2, by bodies written after its documentation (none was captured)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from services.intake.domain.errors import NotUnderstood
from services.intake.domain.pagerduty import normalise_pagerduty
from services.intake.domain.reading import Reading
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus

SAMPLES = Path(__file__).parents[3] / "data/samples/pagerduty"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


def read(body, at: datetime = NOW):
    text = body if isinstance(body, str | bytes) else msgspec.json.encode(body).decode()
    return normalise_pagerduty(Reading(text, at))


def sample(name: str, at: datetime = NOW) -> NormalisedSignal:
    [signal] = read((SAMPLES / f"{name}.json").read_text(), at).signals
    return signal


def a_trigger(**payload):
    return {"event_action": "trigger", "dedup_key": "k", "payload": {"summary": "Down", "severity": "error", **payload}}


def refusal(body) -> NotUnderstood:
    with pytest.raises(NotUnderstood) as caught:
        read(body)
    return caught.value


def test_a_trigger_fires():
    signal = sample("01_trigger")

    assert (signal.status, signal.severity, signal.name) == (SignalStatus.FIRING, Severity.CRITICAL, "disk")
    assert signal.title == "DISK at 99% on machine prod-datapipe03.example.com"
    assert (signal.fingerprint, signal.dedup_key) == ("pagerduty:samplekeyhere", "pagerduty:samplekeyhere")
    assert (signal.service, signal.link) == ("mysql", "https://grafana.example.com/d/disk")
    assert signal.labels["ping time"] == "1500"
    assert signal.annotations["tags"] == '["a","b"]'
    assert next((e.kind, e.name, e.namespace) for e in signal.entities) == ("pod", "mysql-0", "data")


def test_the_order_of_arrival_decides_and_not_the_clock_of_the_sender():
    signal = sample("01_trigger")

    assert signal.starts_at == NOW
    assert signal.annotations["timestamp"] == "2026-11-20T08:15:00.000Z"


def test_a_repeat_is_the_same_signal():
    later = sample("01_trigger", NOW + timedelta(minutes=5))

    assert later.fingerprint == sample("01_trigger").fingerprint


def test_an_acknowledgement_says_who_it_is_about_and_nothing_else():
    signal = sample("02_acknowledge")

    assert (signal.acknowledged, signal.brief, signal.status) == (True, True, SignalStatus.FIRING)
    assert signal.fingerprint == "pagerduty:samplekeyhere"


def test_a_resolve_needs_no_payload():
    signal = sample("03_resolve")

    assert (signal.status, signal.brief, signal.acknowledged) == (SignalStatus.RESOLVED, True, False)
    assert signal.starts_at == signal.ends_at == NOW


def test_a_trigger_after_the_resolve_is_the_same_problem():
    signal = sample("04_refire", NOW + timedelta(hours=1))

    assert (signal.fingerprint, signal.status) == ("pagerduty:samplekeyhere", SignalStatus.FIRING)
    assert (signal.severity, signal.brief) == (Severity.HIGH, False)


def test_identity_never_depends_on_words_or_severity():
    [loud] = read(a_trigger(summary="Worse", severity="critical", source="s", custom_details={"a": 1})).signals

    assert loud.fingerprint == read(a_trigger()).signals[0].fingerprint


def test_long_texts_are_cut_and_many_labels_left_out():
    details = {f"l{number}": "v" * 2_000 for number in range(100)}
    [signal] = read(a_trigger(summary="s" * 1_024, custom_details=details)).signals

    assert (len(signal.title), len(signal.labels), max(map(len, signal.labels.values()))) == (300, 64, 1_024)


def test_the_routing_key_is_a_credential_and_is_never_taken_over():
    assert b"0123456789abcdef" not in msgspec.json.encode(sample("01_trigger"))


def test_a_key_that_would_not_print_goes_by_its_hash():
    [signal] = read({"event_action": "resolve", "dedup_key": "a\u202eb"}).signals

    assert signal.fingerprint == signal.dedup_key
    assert signal.fingerprint.isprintable()


def test_unknown_members_and_missing_optional_ones_are_no_error():
    [signal] = read(
        {"event_action": "trigger", "dedup_key": "k", "payload": {"summary": "Down"}, "new": {"a": 1}}
    ).signals

    assert (signal.title, signal.name, signal.severity) == ("Down", "Down", Severity.MEDIUM)


@pytest.mark.parametrize(
    ("word", "severity"), [("critical", "critical"), ("error", "high"), ("warning", "medium"), ("info", "info")]
)
def test_severities(word, severity):
    [signal] = read(a_trigger(severity=word)).signals

    assert signal.severity == severity


def test_details_that_are_text_are_kept():
    [signal] = read(a_trigger(custom_details="see the log")).signals

    assert signal.annotations == {"custom_details": "see the log"}


def test_hostile_text_is_cleaned():
    [signal] = read(a_trigger(summary="a\u0000b\u202ec\nd", custom_details={"x": "\u0007y"})).signals

    assert (signal.title, signal.labels["x"]) == ("abc d", "y")


def test_a_link_that_is_no_web_address_is_left_out():
    [signal] = read({**a_trigger(), "links": [{"href": "javascript:alert(1)"}, "x", None]}).signals

    assert signal.link is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "not_json"),
        (b"\xff\xfe", "not_json"),
        ("[]", "unknown_shape"),
        ("{}", "unknown_shape"),
        ({"event_action": "explode", "dedup_key": "k"}, "unknown_shape"),
        ({"event_action": "trigger", "dedup_key": 7}, "unknown_shape"),
        ({"event_action": "trigger", "dedup_key": "k", "payload": []}, "unknown_shape"),
        ({"event_action": "resolve"}, "no_dedup_key"),
        ({"event_action": "resolve", "dedup_key": "  "}, "no_dedup_key"),
        ({"event_action": "resolve", "dedup_key": "k" * 256}, "no_dedup_key"),
        ({"event_action": "trigger", "dedup_key": "k"}, "no_title"),
        ({"event_action": "trigger", "dedup_key": "k", "payload": {"summary": " "}}, "no_title"),
        ('{"event_action":"trigger","payload":{"custom_details":' + "[" * 100_000, "too_deep"),
    ],
)
def test_what_can_never_be_understood_says_why(body, code):
    assert refusal(body).code == code
