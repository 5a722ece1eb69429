"""The largest bodies the intake takes are recorded, through the worker's own handler, on a store on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.store import JsonStore, Options
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Delivery, DeliveryState, Job, JobState, Outcome
from services.gateway.handlers.accept_delivery import Incoming, accept_delivery
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.intake.domain.mapping import Mapping
from services.intake.handlers import make_sources, normalise_delivery
from shared.contracts.messages import DeliveryToNormalise, JobResult, Results, decode_results, encode
from tests.support.clock import START, FixedClock
from tests.support.memory_blobs import MemoryBlobs

SOURCES = make_sources(Mapping())


class _Blobs:
    """Big bodies, as the worker asks the door for them."""

    def __init__(self, blobs: MemoryBlobs) -> None:
        self.get_blob = blobs.get


class Intake:
    """Deliveries on a store on disk, normalised as the worker does and recorded as the door does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, FixedClock()
        self.recorder = Recorder(Judge(GroupingPolicy()))
        self.store = open_json_store(folder, clock=self.clock, options=Options(views=False))
        self.blobs = MemoryBlobs(self.clock)

    def accept(self, body: bytes) -> tuple[str, JobResult]:
        incoming = Incoming(source="alertmanager", sender="token:test", headers={}, body=body)
        delivery_id = accept_delivery(self.store, self.blobs, incoming).delivery_id
        job_id = self.store.get(Delivery, delivery_id).job_id
        message = DeliveryToNormalise(
            job_id=job_id,
            attempt=1,
            delivery_id=delivery_id,
            source="alertmanager",
            received_at=START,
            blob=self.blobs.put(body),
        )
        return delivery_id, normalise_delivery(message, SOURCES, _Blobs(self.blobs))

    def record(self, *results: JobResult) -> int:
        report = decode_results(encode(Results(results=results)))
        return record_results(self.store, self.recorder, report).recorded

    def reopened(self) -> JsonStore:
        """Return the store as the journal alone tells it: opened again without the index it had."""
        self.store.close()
        options = Options(views=False, index_path=self.folder / "another-index.sqlite")
        self.store = open_json_store(self.folder, clock=self.clock, options=options)
        return self.store


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    intake = Intake(tmp_path)
    yield intake
    intake.store.close()


def a_body(name: Callable[[int], str], count: int, first: int = 0) -> bytes:
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": name(n), "service": name(n), "pod": f"pod-{n}", "severity": "high"},
            "annotations": {"summary": f"{name(n)} is down"},
            "startsAt": "2026-11-23T03:47:20.788Z",
            "fingerprint": f"{n:016x}",
        }
        for n in range(first, first + count)
    ]
    return msgspec.json.encode({"version": "4", "status": "firing", "groupKey": "{}", "alerts": alerts})


def test_5000_alerts_that_open_5000_incidents_are_recorded_and_read_back(intake: Intake) -> None:
    delivery_id, result = intake.accept(a_body(lambda n: f"check-{n}", 5_000))

    assert intake.record(result) == 1

    store = intake.reopened()
    delivery = store.get(Delivery, delivery_id)
    assert delivery.state is DeliveryState.PROCESSED
    assert {signal.outcome for signal in delivery.signals} == {Outcome.OPENED}
    assert len({signal.incident_id for signal in delivery.signals}) == 5_000
    assert store.get(Job, delivery.job_id).state is JobState.SUCCEEDED


def test_5000_alerts_of_one_group_are_recorded_in_one_incident(intake: Intake) -> None:
    delivery_id, result = intake.accept(a_body(lambda _: "checkout", 5_000))

    assert intake.record(result) == 1

    delivery = intake.store.get(Delivery, delivery_id)
    assert (delivery.state, len(delivery.signals)) == (DeliveryState.PROCESSED, 5_000)
    assert len({signal.incident_id for signal in delivery.signals}) == 1


def test_64_deliveries_of_100_alerts_are_recorded_in_one_report(intake: Intake) -> None:
    accepted = [intake.accept(a_body(lambda n: f"check-{n}", 100, first=100 * k)) for k in range(64)]

    assert intake.record(*(result for _, result in accepted)) == 64

    assert {intake.store.get(Delivery, one).state for one, _ in accepted} == {DeliveryState.PROCESSED}
