"""Bodies Alertmanager does not send as it is, but templates, proxies, other versions and strangers do."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.intake.domain.alertmanager import ALERT_LIMIT, normalise_alertmanager
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.normalised import Normalised
from services.intake.domain.text import TITLE_LIMIT
from shared.contracts.signal import NormalisedSignal

RECEIVED = datetime(2026, 11, 23, 4, tzinfo=UTC)


def _alert(**changes: Any) -> dict[str, Any]:
    alert = {
        "status": "firing",
        "labels": {"alertname": "DiskFull", "severity": "warning"},
        "annotations": {},
        "startsAt": "2026-11-23T03:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "a1",
    }
    return alert | changes


def _body(*alerts: dict[str, Any], **changes: Any) -> bytes:
    return msgspec.json.encode({"version": "4", "status": "firing", "alerts": list(alerts)} | changes)


def _read(*alerts: dict[str, Any], **changes: Any) -> Normalised:
    return normalise_alertmanager(_body(*alerts, **changes), RECEIVED)


def _one(**changes: Any) -> NormalisedSignal:
    return _read(_alert(**changes)).signals[0]


def _code(body: bytes | str) -> str:
    with pytest.raises(NotUnderstood) as caught:
        normalise_alertmanager(body, RECEIVED)
    assert caught.value.reason
    return caught.value.code


def test_a_wrong_type_is_named_with_its_place() -> None:
    with pytest.raises(NotUnderstood) as caught:
        normalise_alertmanager(_body(_alert(), _alert(labels={"replicas": 3})), RECEIVED)

    assert "alerts" in caught.value.reason
    assert "labels" in caught.value.reason


@pytest.mark.parametrize(
    "body",
    [
        '{"version":"4","alerts":' + "[" * 100_000 + "]" * 100_000 + "}",
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"version":"4","alerts":[],"unknown":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_deep_nesting_is_refused_and_harms_nobody(body: str) -> None:
    assert _code(body) == "too_deep"


def test_more_alerts_than_anyone_can_act_on_are_refused_with_the_remedy() -> None:
    assert _code(_body(*[_alert()] * (ALERT_LIMIT + 1))) == "too_many_alerts"
    assert len(_read(*[_alert()] * ALERT_LIMIT).signals) == ALERT_LIMIT


def test_a_thousand_alerts_with_one_fault_warn_once() -> None:
    assert len(_read(*[_alert(labels={})] * 1_000).warnings) == 1


def test_a_resolve_without_an_end_ended_when_it_came() -> None:
    assert _one(status="resolved").ends_at == RECEIVED


def test_an_alert_without_a_start_began_when_it_came() -> None:
    found = _read(_alert(startsAt="0001-01-01T00:00:00Z"))

    assert found.signals[0].starts_at == RECEIVED
    assert found.warnings


def test_an_alert_without_any_labels_is_a_signal() -> None:
    signal = _one(labels={}, annotations={}, fingerprint="")

    assert (signal.name, signal.title) == ("alert", "alert")
    assert signal.fingerprint == "alertmanager:cbf29ce484222325"


def test_long_titles_are_cut() -> None:
    title = _one(annotations={"summary": "x" * 10_000}).title

    assert len(title) == TITLE_LIMIT
    assert title.endswith("…")


def test_a_fingerprint_that_is_long_or_strange_goes_by_its_hash() -> None:
    long, strange = _one(fingerprint="f" * 5_000), _one(fingerprint="a\nb")

    assert len(long.fingerprint) < 100
    assert strange.fingerprint.isprintable()
    assert long.fingerprint != strange.fingerprint


def test_summary_and_severity_are_no_part_of_a_derived_identity() -> None:
    one = _one(fingerprint="", annotations={"summary": "90 %"})
    other = _one(fingerprint="", annotations={"summary": "95 %"})

    assert one.fingerprint == other.fingerprint
