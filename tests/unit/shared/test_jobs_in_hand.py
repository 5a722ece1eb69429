"""What a worker says of the jobs it is at: to whoever traces them, and in its log."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog
from structlog.testing import LogCapture

from shared.adapters.door_client import DoorUnavailable
from shared.adapters.jobs_in_hand import JobsInHand, add_job_ids
from shared.adapters.traced_door import TracedDoor
from shared.adapters.tracing import NoTracer
from shared.contracts.messages import (
    Claim,
    Claimed,
    DeliveryNormalised,
    DeliveryQuarantined,
    DeliveryToNormalise,
    JobFailed,
    JobResult,
    Results,
    ResultsRecorded,
)
from shared.contracts.trail import Trail
from tests.support.spans_kept import KeptSpans

NOW = datetime(2026, 11, 27, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TASK = "intake.normalise_deliveries"


class FakeDoor:
    """Keeps what it is told."""

    def __init__(self, *, is_away: bool = False, refuses: bool = False) -> None:
        self.reports: list[Results] = []
        self._is_away, self._refuses = is_away, refuses

    def claim(self, claim: Claim) -> Claimed | None:
        return None if self._refuses else Claimed(token="t", lease_seconds=1)

    def report(self, results: Results) -> ResultsRecorded:
        if self._is_away:
            raise DoorUnavailable("it is away")
        self.reports.append(results)
        return ResultsRecorded(recorded=len(results.results), ignored=0)

    def get_blob(self, digest: str) -> bytes:
        return b""

    def put_blob(self, content: bytes) -> str:
        return "d1"


@pytest.fixture
def log() -> Iterator[LogCapture]:
    kept = LogCapture()
    structlog.configure(processors=[add_job_ids, kept])
    yield kept
    structlog.reset_defaults()


def a_delivery(number: int = 1, trace: str | None = TRACE) -> DeliveryToNormalise:
    return DeliveryToNormalise(
        job_id=f"job_{number}",
        attempt=2,
        delivery_id=f"dlv_{number}",
        source="webhook",
        received_at=NOW,
        trail=Trail(request_id=f"req_{number}", trace=trace),
    )


def normalised(number: int = 1) -> DeliveryNormalised:
    return DeliveryNormalised(job_id=f"job_{number}", attempt=2, delivery_id=f"dlv_{number}", signals=())


def work(jobs: JobsInHand, door: TracedDoor, *results: JobResult) -> None:
    """Take up a delivery for each result, and report them at once."""
    with jobs.message():
        for number, _ in enumerate(results, 1):
            delivery = a_delivery(number)
            with jobs.working(TASK, delivery, delivery_id=delivery.delivery_id):
                pass
        door.report(Results(results=results))


def test_a_report_carries_the_span_of_each_job_and_ends_it() -> None:
    spans, fake = KeptSpans(), FakeDoor()
    jobs = JobsInHand(spans)
    work(jobs, TracedDoor(fake, jobs), normalised(1), normalised(2))

    first, second = spans.named(TASK)
    (call,) = spans.named("door results")
    assert fake.reports[0].traces == {"job_1": first.context, "job_2": second.context}
    assert (first.parent, second.parent) == (TRACE, TRACE)
    assert (call.parent, call.links) == (first.context, (second.context,))
    assert all(span.is_ended and span.code is None for span in spans.spans)
    assert first.attributes["faultline.result"] == "normalised"
    assert {first.attributes[f"faultline.{name}"] for name in ("job_id", "request_id", "delivery_id")} == {
        "job_1",
        "req_1",
        "dlv_1",
    }


def test_what_failed_or_was_not_understood_is_told_by_its_code_alone() -> None:
    spans = KeptSpans()
    jobs = JobsInHand(spans)
    failed = JobFailed(job_id="job_1", attempt=2, error="password=hunter2", retryable=False)
    odd = DeliveryQuarantined(
        job_id="job_2", attempt=2, delivery_id="dlv_2", code="bad_json", reason="password=hunter2"
    )
    work(jobs, TracedDoor(FakeDoor(), jobs), failed, odd)

    first, second = spans.named(TASK)
    assert first.code == "job_failed"
    assert (second.code, second.attributes["faultline.code"]) == (None, "bad_json")
    assert "hunter2" not in repr(spans.spans)


def test_what_is_not_reported_ends_with_its_message() -> None:
    spans = KeptSpans()
    jobs = JobsInHand(spans)
    with pytest.raises(DoorUnavailable):
        work(jobs, TracedDoor(FakeDoor(is_away=True), jobs), normalised())

    (span,), (call,) = spans.named(TASK), spans.named("door results")
    assert (span.code, span.is_ended) == ("not_reported", True)
    assert (call.code, call.is_ended) == ("door_unavailable", True)


def test_a_job_that_someone_cancelled_ends_without_a_report_and_without_an_error() -> None:
    spans = KeptSpans()
    jobs = JobsInHand(spans)
    with jobs.message(), jobs.working(TASK, a_delivery()):
        jobs.cancelled("job_1")

    (span,) = spans.named(TASK)
    assert (span.code, span.attributes["faultline.result"], span.is_ended) == (None, "cancelled", True)


def test_a_job_that_is_not_ours_to_begin_ends_there() -> None:
    spans = KeptSpans()
    jobs = JobsInHand(spans)
    door = TracedDoor(FakeDoor(refuses=True), jobs)
    with jobs.message(), jobs.working(TASK, a_delivery()):
        assert door.claim(Claim(job_id="job_1", attempt=2, worker="w")) is None

    (span,), (call,) = spans.named(TASK), spans.named("door claim")
    # A job that was done before is handed again after a restart of the gateway: nothing of that is a failure.
    assert (span.code, span.attributes["faultline.result"]) == (None, "claim_refused")
    assert (span.is_ended, call.parent) == (True, span.context)


def test_every_line_of_the_work_on_a_job_has_its_ids_and_no_other_line_has(log: LogCapture) -> None:
    jobs = JobsInHand(KeptSpans())
    ours = structlog.get_logger("ours")
    with jobs.message():
        with jobs.working(TASK, a_delivery(), delivery_id="dlv_1"):
            ours.warning("odd")
        ours.warning("outside")
        jobs.reported(JobFailed(job_id="job_1", attempt=2, error="no", retryable=True))

    odd, outside, reported = log.entries
    ids = {"job_id": "job_1", "request_id": "req_1", "delivery_id": "dlv_1"}
    assert ids.items() <= odd.items()
    assert ids.items() <= reported.items()
    assert odd["trace_id"] == reported["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (reported["result"], reported["attempt"]) == ("failed", 2)
    assert "job_id" not in outside


def test_where_nothing_is_traced_the_ids_stand_in_the_log_all_the_same(log: LogCapture) -> None:
    fake = FakeDoor()
    jobs = JobsInHand(NoTracer())
    with jobs.working(TASK, a_delivery()):
        structlog.get_logger("ours").warning("odd")
    TracedDoor(fake, jobs).report(Results(results=(normalised(),)))

    odd = log.entries[0]
    assert (odd["job_id"], odd["request_id"]) == ("job_1", "req_1")
    assert "trace_id" not in odd
    assert fake.reports[0].traces == {}
