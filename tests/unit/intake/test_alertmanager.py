import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.intake.domain.alertmanager import normalise_alertmanager
from services.intake.domain.errors import NotUnderstood
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_body(*alerts: dict[str, Any], **fields: Any) -> str:
    return json.dumps({"version": "4", "status": "firing", "alerts": list(alerts) or [an_alert()], **fields})


def an_alert(labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    given = labels if labels is not None else {"alertname": "Down", "severity": "critical"}
    return {"status": "firing", "labels": given, "startsAt": "2026-11-23T11:00:00Z", "fingerprint": "f1", **fields}


def one(*alerts: dict[str, Any], **fields: Any) -> NormalisedSignal:
    return normalise_alertmanager(a_body(*alerts, **fields), NOW).signals[0]


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        *((word, Severity.CRITICAL) for word in ("critical", "page", "P1", " Critical ")),
        *((word, Severity.HIGH) for word in ("error", "major", "high", "p2")),
        *((word, Severity.MEDIUM) for word in ("warning", "WARN", "minor", "medium", "p3")),
        *((word, Severity.LOW) for word in ("low", "p4")),
        *((word, Severity.INFO) for word in ("none", "info", "informational", "notice", "p5", "debug")),
    ],
)
def test_severity_words(word: str, severity: Severity) -> None:
    signals, warnings, *_ = normalise_alertmanager(a_body(an_alert({"alertname": "A", "severity": word})), NOW)

    assert signals[0].severity is severity
    assert warnings == ()


def test_priority_stands_in_for_severity() -> None:
    assert one(an_alert({"alertname": "A", "priority": "P1"})).severity is Severity.CRITICAL


@pytest.mark.parametrize("labels", [{"alertname": "A"}, {"alertname": "A", "severity": "purple"}])
def test_an_unknown_severity_is_medium_with_a_warning(labels: dict[str, str]) -> None:
    signals, warnings, *_ = normalise_alertmanager(a_body(*[an_alert(labels)] * 3), NOW)

    assert [signal.severity for signal in signals] == [Severity.MEDIUM] * 3
    assert len(warnings) == 1


def test_the_title_falls_back_to_name_and_place() -> None:
    labels = {"alertname": "Down", "namespace": "pay", "service": "checkout"}

    assert one(an_alert(labels)).title == "Down (pay/checkout)"
    assert one(an_alert(labels, annotations={"title": "T"})).title == "T"
    assert one(an_alert({})).title == "alert"


def test_only_http_links_are_kept() -> None:
    unsafe = an_alert(annotations={"runbook_url": "javascript:alert(1)"}, generatorURL="http://prom/graph")

    assert one(unsafe).link == "http://prom/graph"
    assert one(an_alert(generatorURL="file:///etc/passwd")).link is None


def test_huge_labels_are_cut_with_a_warning_and_never_refused() -> None:
    labels = {f"l{n}": "v" * 5_000 for n in range(500)}

    signals, warnings, *_ = normalise_alertmanager(a_body(an_alert(labels)), NOW)

    assert len(signals[0].labels) == 64
    assert max(len(value) for value in signals[0].labels.values()) <= 1_024
    assert {"436 of 500 labels were left out", "long labels were cut"} <= set(warnings)


def test_control_characters_are_cleaned() -> None:
    signal = one(
        an_alert({"alertname": "A\x00B"}, annotations={"summary": "a\x1b[31m\nb\u202ec", "description": "x\ny\x07"})
    )

    assert (signal.name, signal.title, signal.description) == ("AB", "a[31m bc", "x\ny")


def test_an_alert_without_a_status_has_that_of_the_envelope() -> None:
    alert = an_alert()
    del alert["status"]

    assert one(alert, status="resolved").status is SignalStatus.RESOLVED


def test_no_time_is_the_time_of_receipt_with_a_warning() -> None:
    alert = an_alert(startsAt="0001-01-01T00:00:00Z", status="resolved", endsAt="0001-01-01T00:00:00+05:00")

    signals, warnings, *_ = normalise_alertmanager(a_body(alert), NOW)

    assert (signals[0].starts_at, signals[0].ends_at) == (NOW, NOW)
    assert any("startsAt" in warning for warning in warnings)


def test_times_with_nanoseconds_and_zones_are_read() -> None:
    signal = one(an_alert(startsAt="2026-11-23T13:00:00.123456789+02:00"))

    assert signal.starts_at == datetime(2026, 11, 23, 11, 0, 0, 123_457, tzinfo=UTC)


def test_repeated_fingerprints_stay_in_order() -> None:
    signals, *_ = normalise_alertmanager(a_body(an_alert(), an_alert(status="resolved")), NOW)

    assert [(s.fingerprint, s.status) for s in signals] == [
        ("alertmanager:f1", SignalStatus.FIRING),
        ("alertmanager:f1", SignalStatus.RESOLVED),
    ]


def test_unknown_keys_are_accepted() -> None:
    assert one(an_alert(extra=[1]), notification_reason="x", routeLabels={"a": "b"}).name == "Down"


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("", "not_json", "not JSON"),
        ("{", "not_json", "not JSON"),
        ('{"version":"4","alerts":[]', "not_json", "not JSON"),
        ("[]", "unknown_shape", "a JSON list"),
        ("{}", "unknown_shape", "an empty object"),
        ('{"hello": 1}', "unknown_shape", "keys: hello"),
        ('{"version":"1","orgId":1,"alerts":[]}', "unknown_shape", "'1'"),
        ('{"version":4,"alerts":[]}', "unknown_shape", "4"),
        (a_body(alerts=[]), "no_alerts", "empty"),
        (a_body(alerts=[{"labels": {"a": 1}}]), "wrong_types", "$.alerts[0].labels"),
        (a_body(alerts=[{"status": "odd"}]), "wrong_types", "status"),
        (a_body(alerts=[{"startsAt": "yesterday"}]), "wrong_types", "startsAt"),
        (a_body(alerts=[{}] * 5_001), "too_many_alerts", "5001"),
        ("[" * 100_000, "too_deep", "deeply"),
        ('{"version":"4","alerts":' + "[" * 5_000 + "]" * 5_000 + "}", "too_deep", "deeply"),
    ],
)
def test_what_is_not_understood_says_what_was_expected_and_found(body: str, code: str, says: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        normalise_alertmanager(body, NOW)

    assert refused.value.code == code
    assert says in refused.value.reason


def test_bytes_that_are_no_text_are_not_json() -> None:
    with pytest.raises(NotUnderstood) as refused:
        normalise_alertmanager(b'{"version": "\xff\xfe"}', NOW)

    assert refused.value.code == "not_json"
