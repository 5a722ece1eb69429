"""What a trace and the log say of recorded results: each under the span of its work, with the ids of its job."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

import structlog

from services.gateway.domain.records import Delivery, Job
from services.gateway.ports import Transaction
from services.gateway.trail import following
from shared.contracts.messages import DeliveryNormalised, JobResult, Results
from shared.contracts.trail import Trail, trace_ids
from shared.ports import Span, SpanKind, Tracer

log = structlog.get_logger(__name__)

# A delivery may be of many incidents; its record names them all.
_MOST_NAMED = 20


class RecordingTrails:
    """A span for each result of a report, from the first look until the commit; ``with`` ends them."""

    def __init__(self, tracer: Tracer, results: Results) -> None:
        self._results = results.results
        self._ids: dict[str, dict[str, str]] = {}
        self._spans: dict[str, Span] = {}
        for result in results.results if tracer.is_on else ():
            self._spans[result.job_id] = tracer.begin(
                "record result",
                SpanKind.INTERNAL,
                parent=results.traces.get(result.job_id),
                attributes={"faultline.attempt": result.attempt, "faultline.result": _kind(result)},
            )

    def recording(self, job: Job | None, result: JobResult) -> AbstractContextManager[None]:
        """Hold while ``result`` is recorded: the jobs that it causes are put for the request that its job was for."""
        request_id = job.trail.request_id if job is not None and job.trail is not None else None
        span = self._spans.get(result.job_id)
        trace = span.context if span is not None else None
        return following(Trail(request_id=request_id, trace=trace) if request_id or trace else None)

    def note(self, tx: Transaction, job: Job | None, result: JobResult) -> None:
        """Remember what ``result`` is about, as the transaction has it now."""
        if job is None:
            self._ids[result.job_id] = {"job_id": result.job_id}
            return
        self._ids[result.job_id] = job.log_ids
        delivery = tx.find(Delivery, job.delivery_id or "") if isinstance(result, DeliveryNormalised) else None
        if delivery is not None:
            incidents = sorted({outcome.incident_id for outcome in delivery.signals if outcome.incident_id})
            self._ids[result.job_id]["delivery_id"] = delivery.id
            if incidents:
                self._ids[result.job_id]["incident_id"] = ",".join(incidents[:_MOST_NAMED])

    def tell(self, news: Sequence[bool]) -> None:
        """Say of each result whether it was new, once that is on disk."""
        for result, is_new in zip(self._results, news, strict=True):
            ids, span = self._ids[result.job_id], self._spans.get(result.job_id)
            traced = {}
            if span is not None:
                span.note({"faultline.recorded": is_new, **{f"faultline.{name}": value for name, value in ids.items()}})
                traced = trace_ids(span.context)
            # The most frequent of all, of which the delivery's record says as much.
            report = log.debug if isinstance(result, DeliveryNormalised) else log.info
            event = "a result was recorded" if is_new else "a result was ignored"
            report(event, **ids, **traced, attempt=result.attempt, result=_kind(result))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for span in self._spans.values():
            if error is not None:
                span.fail(type(error).__name__)
            span.end()


def _kind(result: JobResult) -> str:
    return str(result.__struct_config__.tag)
