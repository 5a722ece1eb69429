import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.intake.domain.errors import NotUnderstood
from services.intake.domain.generic import normalise_generic
from services.intake.domain.mapping import Mapping, read_mapping
from services.intake.domain.normalised import Normalised
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parents[3] / "data/samples"


def read(body: Any, mapping: Mapping | None = None) -> Normalised:
    return normalise_generic(json.dumps(body), NOW, "webhook", mapping or Mapping())


def one(mapping: Mapping | None = None, **body: Any) -> NormalisedSignal:
    [signal] = read(body, mapping).signals
    return signal


def sample(name: str) -> Normalised:
    return normalise_generic((SAMPLES / f"{name}.json").read_text(), NOW, "webhook", Mapping())


def code_of(body: str) -> str:
    with pytest.raises(NotUnderstood) as refused:
        normalise_generic(body, NOW, "webhook", Mapping())
    assert refused.value.reason
    return refused.value.code


def test_a_flat_body_from_the_samples() -> None:
    [signal] = sample("generic/nagios_style").signals

    assert signal.fingerprint == "webhook:db-3/postgres/connections"
    assert (signal.title, signal.service, signal.severity) == (
        "connections: 498 of 500",
        "postgres",
        Severity.CRITICAL,
    )
    assert signal.status is SignalStatus.FIRING
    assert signal.starts_at == datetime(2026, 11, 20, 8, 15, tzinfo=UTC)
    assert signal.labels == {"host": "db-3"}


def test_a_list_from_the_samples_fans_out() -> None:
    signals, warnings, *_ = sample("generic/list_of_alerts")

    assert [(s.fingerprint, s.status, s.severity) for s in signals] == [
        ("webhook:disk-1", SignalStatus.FIRING, Severity.HIGH),
        ("webhook:disk-2", SignalStatus.RESOLVED, Severity.MEDIUM),
    ]
    assert signals[0].link == "https://dash.example.com/d/disk"
    assert ("node", "worker-4") in [(entity.kind, entity.name) for entity in signals[0].entities]
    assert warnings == ()


def test_a_wrapped_body_from_the_samples() -> None:
    [signal] = sample("generic/wrapped_event").signals

    assert signal.fingerprint == "webhook:pay-latency"
    assert (signal.title, signal.severity, signal.service) == ("Checkout p99 above 2 s", Severity.HIGH, "checkout")
    assert signal.labels == {"namespace": "pay", "service": "checkout", "env": "prod"}
    assert signal.starts_at == datetime.fromtimestamp(1795334400, UTC)


def test_alertmanagers_shape_is_recognised_here_too() -> None:
    [signal] = sample("alertmanager/01_firing").signals

    assert signal.fingerprint == "alertmanager:e1fac47b0e34b8f4"


@pytest.mark.parametrize("word", ["resolved", "OK", "closed", "Recovery", "cleared", "normal", "success"])
@pytest.mark.parametrize("field", ["status", "state", "action"])
def test_words_that_say_it_is_over(field: str, word: str) -> None:
    signal = one(title="t", **{field: word})

    assert signal.status is SignalStatus.RESOLVED
    assert signal.ends_at == NOW


@pytest.mark.parametrize("word", ["firing", "triggered", "ALERTING", "open", "problem", "critical"])
def test_words_that_say_it_is_there(word: str) -> None:
    _, warnings, *_ = read({"title": "t", "severity": "low", "status": word})

    assert one(title="t", status=word).status is SignalStatus.FIRING
    assert warnings == ()


def test_an_unknown_status_is_firing_with_a_warning() -> None:
    signals, warnings, *_ = read({"title": "t", "severity": "low", "status": "acknowledged"})

    assert signals[0].status is SignalStatus.FIRING
    assert warnings == ("unknown status 'acknowledged': read as firing",)


@pytest.mark.parametrize("key", ["id", "fingerprint", "key", "dedup", "alias", "incident_key", "dedup_key"])
def test_the_senders_key_is_the_identity_whatever_the_summary_says(key: str) -> None:
    first = one(summary="CPU at 91 %", **{key: "cpu-7"})
    second = one(summary="CPU at 97 %", **{key: "cpu-7"})

    assert first.fingerprint == second.fingerprint == "webhook:cpu-7"


def test_a_key_made_for_repeats_comes_before_an_id() -> None:
    signal = one(title="t", id="evt-991", dedup_key="cpu-7")

    assert signal.fingerprint == "webhook:cpu-7"
    assert signal.dedup_key == "webhook:cpu-7"


def test_without_a_key_title_service_and_labels_are_the_identity() -> None:
    def identity(**body: Any) -> str:
        return one(**body).fingerprint

    assert identity(title="a", service="s") == identity(service="s", title="a", severity="low", status="resolved")
    assert len({identity(title="a"), identity(title="b"), identity(title="a", labels={"x": "1"})}) == 3


@pytest.mark.parametrize(
    "labels",
    [
        {"env": "prod", "n": 3},
        ["env:prod", "n:3"],
        ["env=prod", "n=3"],
        [{"key": "env", "value": "prod"}, {"name": "n", "value": 3}],
    ],
)
def test_labels_in_their_many_shapes(labels: Any) -> None:
    assert one(title="t", tags=labels).labels == {"env": "prod", "n": "3"}


def test_numbers_stand_for_priorities_and_times() -> None:
    signal = one(title="t", priority=1, timestamp=1795334400000)

    assert signal.severity is Severity.CRITICAL
    assert signal.starts_at == datetime.fromtimestamp(1795334400, UTC)


@pytest.mark.parametrize(
    ("firing", "resolved"),
    [
        ({"title": "Disk /var at 96 %"}, {"title": "Disk /var at 41 %"}),
        ({"title": "p99 is 1.5 s (limit 1)"}, {"title": "p99 is 0.2 s (limit 1)"}),
        ({"title": "Lab", "labels": {"severity": "critical"}}, {"title": "Lab", "labels": {"severity": "ok"}}),
        ({"title": "Lab", "labels": {"Status": "CRIT"}}, {"title": "Lab", "labels": {"Status": "OK"}}),
    ],
)
def test_how_bad_a_problem_is_does_not_tell_which_problem_it_is(firing: Any, resolved: Any) -> None:
    assert one(**firing).fingerprint == one(**resolved).fingerprint


@pytest.mark.parametrize(
    ("title", "other"),
    [("Disk sda1 full", "Disk sda2 full"), ("node-7 down", "node-8 down"), ("10.0.0.1 down", "10.0.0.2 down")],
)
def test_numbers_inside_names_tell_problems_apart(title: str, other: str) -> None:
    assert one(title=title).fingerprint != one(title=other).fingerprint


def test_items_without_a_title_are_left_out_with_a_warning() -> None:
    signals, warnings, *_ = read([{"title": "good", "severity": "low"}, {"x": 1}, "text", None])

    assert [signal.title for signal in signals] == ["good"]
    assert "item 1 has no usable title and was left out" in warnings


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "not_json"),
        ("disk full", "not_json"),
        ('"disk full"', "unknown_shape"),
        ("17", "unknown_shape"),
        ("null", "unknown_shape"),
        ("[]", "no_alerts"),
        ("{}", "no_title"),
        ('{"title": "  "}', "no_title"),
        ('{"title": {"a": 1}}', "no_title"),
        ("[1, 2]", "no_title"),
        ("[" * 200_000, "too_deep"),
        (json.dumps([{"title": "t"}] * 5_001), "too_many_alerts"),
    ],
)
def test_what_cannot_be_read_says_why(body: str, code: str) -> None:
    assert code_of(body) == code


def test_configured_paths_replace_the_defaults() -> None:
    mapping = read_mapping(
        b'{"items": "result.rows", "title": "what.text", "severity": ["bad"],'
        b' "status": "now", "fingerprint": "what.ref"}',
    )
    body = {"title": "ignored", "result": {"rows": [{"what": {"text": "T", "ref": 7}, "bad": "p1", "now": "ok"}]}}

    [signal] = read(body, mapping).signals

    assert (signal.title, signal.fingerprint) == ("T", "webhook:7")
    assert (signal.severity, signal.status) == (Severity.CRITICAL, SignalStatus.RESOLVED)


def test_a_mapping_file_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match="titel"):
        read_mapping(b'{"titel": "a"}')
