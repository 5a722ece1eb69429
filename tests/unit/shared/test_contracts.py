from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.messages import (
    DeliveryNormalised,
    DeliveryQuarantined,
    DeliveryToNormalise,
    JobFailed,
    NormaliseDeliveries,
    Results,
    decode_normalise_deliveries,
    decode_results,
)
from shared.contracts.queues import NORMALISE_DELIVERIES, TASK_QUEUES, Queue
from shared.contracts.severity import Severity

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_message() -> NormaliseDeliveries:
    delivery = DeliveryToNormalise(
        job_id="job_1", attempt=1, delivery_id="dlv_1", source="alertmanager", received_at=NOON, body="{}"
    )
    return NormaliseDeliveries(message_id="msg_1", deliveries=(delivery,))


def test_a_message_reads_back_as_it_was_written() -> None:
    message = a_message()

    assert decode_normalise_deliveries(msgspec.json.encode(message)) == message


def test_the_wire_is_camel_case_with_utc_times() -> None:
    wire = msgspec.to_builtins(a_message())

    assert wire["schemaVersion"] == 1
    assert wire["deliveries"][0]["deliveryId"] == "dlv_1"
    assert wire["deliveries"][0]["receivedAt"] == "2026-01-01T12:00:00Z"


def test_a_message_of_an_unknown_version_is_refused() -> None:
    wire = msgspec.to_builtins(a_message()) | {"schemaVersion": 2}

    with pytest.raises(msgspec.ValidationError):
        decode_normalise_deliveries(msgspec.json.encode(wire))


def test_every_kind_of_result_keeps_its_kind() -> None:
    results = Results(
        results=(
            DeliveryNormalised(job_id="job_1", attempt=1, delivery_id="dlv_1", signals=()),
            DeliveryQuarantined(job_id="job_2", attempt=1, delivery_id="dlv_2", code="not_json", reason="It is XML."),
            JobFailed(job_id="job_3", attempt=2, error="no memory", retryable=True),
        )
    )

    assert decode_results(msgspec.json.encode(results)) == results


def test_a_result_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_results(b'{"results":[{"type":"guessed","jobId":"job_1","attempt":1}],"schemaVersion":1}')


def test_severities_are_declared_from_worst_to_least() -> None:
    ranks = [severity.rank for severity in Severity]

    assert ranks == sorted(ranks, reverse=True)
    assert Severity.INFO.rank == 0


@given(st.sampled_from(Severity), st.sampled_from(Severity))
def test_of_two_different_severities_exactly_one_is_worse(one: Severity, other: Severity) -> None:
    assert one.is_worse_than(other) + other.is_worse_than(one) == (one != other)


def test_a_task_is_named_after_the_service_that_works_its_queue() -> None:
    assert all(task.split(".")[0] == queue for task, queue in TASK_QUEUES.items())
    assert TASK_QUEUES[NORMALISE_DELIVERIES] is Queue.INTAKE
