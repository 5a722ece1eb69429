"""Messages cross releases: what an older one wrote is read, what is unknown is refused."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.contracts.base import Contract
from shared.contracts.diagnosis import DiagnosedResource
from shared.contracts.investigation import InvestigationQuestion
from shared.contracts.messages import (
    Beat,
    BeatAnswer,
    Claim,
    Claimed,
    DeliveryNormalised,
    DeliveryQuarantined,
    DeliveryToNormalise,
    DiagnoseResource,
    Hello,
    IncidentInvestigated,
    InventoryTaken,
    InvestigateIncident,
    JobFailed,
    NormaliseDeliveries,
    ResourceDiagnosed,
    Results,
    ResultsRecorded,
    TakeInventory,
    decode_normalise_deliveries,
    decode_results,
    encode,
)
from shared.contracts.queues import NORMALISE_DELIVERIES, REPEATABLE_TASKS, TASK_QUEUES, Queue
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint, NormalisedSignal, SignalStatus
from shared.contracts.trail import Trail

NOW = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)
RELEASED = Path(__file__).parent / "released"

SIGNAL = NormalisedSignal(
    source="alertmanager",
    fingerprint="alertmanager:f1",
    status=SignalStatus.RESOLVED,
    severity=Severity.HIGH,
    name="Down",
    starts_at=NOW,
    ends_at=NOW,
    title="It is down",
    labels={"a": "ü"},
    entities=(EntityHint(kind="pod", name="p", namespace="n"),),
)
DELIVERY = DeliveryToNormalise(
    job_id="job_1",
    attempt=1,
    delivery_id="dlv_1",
    source="alertmanager",
    received_at=NOW,
    body="{}",
    trail=Trail(request_id="req_1", trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
)
POD = DiagnosedResource(cluster="prod", namespace="shop", kind="Pod", name="checkout-1")
MESSAGES: list[Contract] = [
    NormaliseDeliveries(message_id="msg_1", deliveries=(DELIVERY,), claim=True),
    Results(
        results=(
            DeliveryNormalised(job_id="job_1", attempt=1, delivery_id="dlv_1", signals=(SIGNAL,), truncated=2),
            DeliveryQuarantined(job_id="job_2", attempt=1, delivery_id="dlv_2", code="not_json", reason="r"),
            JobFailed(job_id="job_3", attempt=2, error="e", retryable=False),
        ),
    ),
    Results(
        results=(
            ResourceDiagnosed(job_id="job_4", attempt=1, text="{}"),
            InventoryTaken(job_id="job_5", attempt=1, blob="0" * 64),
            IncidentInvestigated(job_id="job_6", attempt=1, snapshot="1" * 64, text="{}"),
        ),
    ),
    DiagnoseResource(message_id="msg_2", job_id="job_4", attempt=1, resource=POD),
    TakeInventory(message_id="msg_3", job_id="job_5", attempt=1),
    InvestigateIncident(
        message_id="msg_4",
        job_id="job_6",
        attempt=1,
        context="prod",
        question=InvestigationQuestion(incident_id="inc_1", onset=NOW, signals=()),
        earlier="1" * 64,
    ),
    ResultsRecorded(recorded=2, ignored=1),
    Claim(job_id="job_1", attempt=1, worker="w"),
    Claimed(token="t", lease_seconds=5.0),
    Beat(token="t", progress=0.5, note="half"),
    BeatAnswer(cancel=True),
    Hello(service="intake", worker="w", version="1", queues=("intake",)),
    Hello(service="graph", worker="g", version="1", queues=("graph",), clusters=("prod",)),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_survives_the_wire(message: Contract) -> None:
    assert msgspec.json.decode(encode(message), type=type(message)) == message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_keys_are_camel_case_on_the_wire(message: Contract) -> None:
    def keys(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [key for name, inner in value.items() for key in (name, *keys(inner))]
        return [key for inner in value for key in keys(inner)] if isinstance(value, list) else []

    assert not [key for key in keys(msgspec.json.decode(encode(message))) if "_" in key]


def test_what_the_first_release_wrote_is_still_read() -> None:
    message = decode_normalise_deliveries((RELEASED / "normalise_deliveries.v1.json").read_bytes())
    results = decode_results((RELEASED / "results.v1.json").read_bytes())

    assert (message.deliveries[0].job_id, message.claim) == ("job_1", False)
    assert [type(result) for result in results.results] == [DeliveryNormalised, DeliveryQuarantined, JobFailed]


def test_keys_of_a_later_release_are_passed_over() -> None:
    body = encode(MESSAGES[0])[:-1] + b',"later":{"x":1}}'

    assert decode_normalise_deliveries(body) == MESSAGES[0]


@pytest.mark.parametrize("version", [b"2", b'"1"', b"null"])
def test_an_unknown_schema_version_is_refused(version: bytes) -> None:
    for message, decode in ((MESSAGES[0], decode_normalise_deliveries), (MESSAGES[1], decode_results)):
        body = encode(message).replace(b'"schemaVersion":1', b'"schemaVersion":' + version)
        with pytest.raises(msgspec.ValidationError):
            decode(body)  # type: ignore[operator]


def test_names_of_queues_and_tasks_never_change() -> None:
    assert (Queue.INTAKE, NORMALISE_DELIVERIES) == ("intake", "intake.normalise_deliveries")
    assert TASK_QUEUES[NORMALISE_DELIVERIES] is Queue.INTAKE
    assert frozenset(TASK_QUEUES) >= REPEATABLE_TASKS


def test_a_message_of_a_release_that_knew_no_trail_is_read_without_one():
    [handed] = decode_normalise_deliveries((RELEASED / "normalise_deliveries.v1.json").read_bytes()).deliveries[:1]
    results = decode_results((RELEASED / "results.v1.json").read_bytes())

    assert handed.trail is None
    assert results.traces == {}
