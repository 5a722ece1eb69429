from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.intake.domain.alertmanager import normalise_alertmanager
from services.intake.domain.normalised import Normalised
from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus

SAMPLES = Path(__file__).parents[3] / "data/samples/alertmanager"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
CHECKOUT = "alertmanager:e1fac47b0e34b8f4"


def read(name: str) -> Normalised:
    return normalise_alertmanager((SAMPLES / f"{name}.json").read_text(), NOW)


def test_a_firing_alert() -> None:
    [signal], warnings, truncated, _ = read("01_firing")

    assert signal.source == "alertmanager"
    assert signal.fingerprint == CHECKOUT
    assert signal.status is SignalStatus.FIRING
    assert signal.severity is Severity.CRITICAL
    assert (signal.name, signal.title) == ("CheckoutDown", "Checkout down in pay")
    assert signal.description == "pay_up is 0 for pod checkout-7d9f-abcde"
    assert signal.service == "checkout"
    assert signal.starts_at == datetime(2026, 11, 23, 3, 47, 20, 788_000, tzinfo=UTC)
    assert signal.ends_at is None
    assert signal.link == "https://runbooks.example.com/checkout-down"
    assert signal.group_labels == {
        "alertname": "CheckoutDown",
        "cluster": "lab",
        "namespace": "pay",
        "service": "checkout",
    }
    assert [(entity.kind, entity.name, entity.namespace, entity.cluster) for entity in signal.entities] == [
        ("pod", "checkout-7d9f-abcde", "pay", "lab"),
        ("service", "checkout", "pay", "lab"),
        ("namespace", "pay", None, "lab"),
    ]
    assert signal.labels["team"] == "payments"
    assert (warnings, truncated) == ((), 0)


def test_a_repeat_is_the_same_signal() -> None:
    assert read("02_repeat_same_alert") == read("01_firing")


def test_a_resolved_alert_is_the_same_problem_with_an_end() -> None:
    [signal], *_ = read("03_resolved")

    assert (signal.fingerprint, signal.status) == (CHECKOUT, SignalStatus.RESOLVED)
    assert signal.ends_at == datetime(2026, 11, 23, 3, 47, 48, 788_000, tzinfo=UTC)


def test_an_alert_that_names_no_component_is_still_a_signal() -> None:
    [signal], warnings, *_ = read("04_deadmanswitch_no_entity_labels")

    assert signal.entities == ()
    assert signal.service is None
    assert signal.severity is Severity.INFO
    assert warnings == ()


def test_alerts_the_sender_left_out_are_told_and_not_taken_as_resolved() -> None:
    signals, warnings, truncated, _ = read("05_group_truncated_max_alerts")

    assert [signal.status for signal in signals] == [SignalStatus.FIRING] * 2
    assert truncated == 1
    assert warnings == ("1 alerts were left out by the sender (max_alerts)",)


def test_each_alert_has_its_own_status_whatever_the_envelope_says() -> None:
    signals, *_ = read("06_group_mixed_firing_and_resolved")

    assert [(signal.name, signal.status) for signal in signals] == [
        ("ErrorRate", SignalStatus.FIRING),
        ("HighLatency", SignalStatus.RESOLVED),
    ]
    assert [signal.severity for signal in signals] == [Severity.CRITICAL, Severity.MEDIUM]


def test_an_alert_that_fired_again_keeps_its_identity_and_has_a_new_start() -> None:
    [again], *_ = read("07_refired_same_fingerprint_new_startsat")
    [before], *_ = read("01_firing")

    assert again.fingerprint == before.fingerprint
    assert again.starts_at > before.starts_at


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("0*[!s].json")), ids=lambda path: path.stem)
def test_a_missing_fingerprint_is_made_as_alertmanager_makes_it(path: Path) -> None:
    body = path.read_text()

    without = normalise_alertmanager(body.replace('"fingerprint"', '"other"'), NOW)

    assert without == normalise_alertmanager(body, NOW)
