"""What a worker's process is at: each job has a span, and the ids of a job stand in the log lines of its work."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Protocol

import structlog
from structlog.typing import EventDict

from shared.adapters.tracing import NO_SPAN
from shared.contracts.messages import DeliveryNormalised, DeliveryQuarantined, JobFailed, JobResult
from shared.contracts.trail import Trail, trace_ids
from shared.ports import Attributes, Span, SpanKind, Tracer

log = structlog.get_logger(__name__)

_NOWHERE = Trail()


class HandedJob(Protocol):
    """A job as a message names it."""

    @property
    def job_id(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def incident_id(self) -> str | None: ...
    @property
    def trail(self) -> Trail | None: ...


# The ids of the job that this thread is at; of one variable, since intake looks at hundreds of jobs a second.
_ids: ContextVar[Mapping[str, str] | None] = ContextVar("faultline_job", default=None)


def add_job_ids(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the job that is worked on to a log line, unless it names others."""
    for name, value in (_ids.get() or {}).items():
        event.setdefault(name, value)
    return event


class _Working:
    """A job that was taken up; its ids stand in every log line of the ``with`` block."""

    __slots__ = ("_token", "began", "ids", "span")

    def __init__(self, span: Span, ids: Mapping[str, str]) -> None:
        self.span, self.ids = span, ids
        self.began = time.monotonic()

    def __enter__(self) -> None:
        self._token = _ids.set(self.ids)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ids.reset(self._token)


class JobsInHand:
    """The jobs of the message that is worked on. One for a process, and used by its main thread alone."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self._jobs: dict[str, _Working] = {}
        self._last: str | None = None

    @contextmanager
    def message(self) -> Iterator[None]:
        """Hold the jobs of one message: those that nothing was reported of by its end are given up."""
        try:
            yield
        finally:
            for job_id in list(self._jobs):
                self._give_up(job_id)

    def working(self, task: str, job: HandedJob, *, delivery_id: str | None = None) -> AbstractContextManager[None]:
        """Take up ``job``: its ids stand in every log line of the ``with`` block. Its span goes on until the report."""
        trail = job.trail or _NOWHERE
        known = (trail.request_id, job.incident_id, delivery_id)
        further = zip(("request_id", "incident_id", "delivery_id"), known, strict=True)
        ids = {"job_id": job.job_id} | {name: value for name, value in further if value is not None}
        span: Span = NO_SPAN
        if self.tracer.is_on:
            said = {f"faultline.{name}": value for name, value in ids.items()}
            about: Attributes = {**said, "faultline.attempt": job.attempt, "messaging.operation.type": "process"}
            span = self.tracer.begin(task, SpanKind.CONSUMER, parent=trail.trace, attributes=about)
            ids |= trace_ids(span.context)
        working = self._jobs[job.job_id] = _Working(span, ids)
        self._last = job.job_id
        return working

    def contexts(self, *job_ids: str) -> dict[str, str]:
        """Return the spans of these jobs, as ``traceparent`` by job id, where work is traced."""
        named = {one: self._jobs[one].span.context for one in job_ids if one in self._jobs}
        return {job_id: context for job_id, context in named.items() if context is not None}

    @property
    def last_context(self) -> str | None:
        """The span of the job that was taken up last."""
        found = self._jobs.get(self._last or "")
        return found.span.context if found is not None else None

    def reported(self, result: JobResult) -> None:
        """End what ``result`` is of: the gateway has it on disk."""
        found = self._jobs.pop(result.job_id, None)
        if found is None:
            return
        kind = str(result.__struct_config__.tag)
        _end(found.span, kind, result)
        # The most frequent of all, of which the gateway's records say as much.
        report = log.debug if isinstance(result, DeliveryNormalised) else log.info
        milliseconds = round((time.monotonic() - found.began) * 1000, 1)
        report("a job was reported", **found.ids, attempt=result.attempt, result=kind, milliseconds=milliseconds)

    def not_ours(self, job_id: str) -> None:
        """End a job whose claim was refused: done before, cancelled, or another's. That is no failure."""
        self._leave(job_id, "claim_refused")

    def cancelled(self, job_id: str) -> None:
        """End a job that someone cancelled while it was worked on: nothing is reported of it. That is no failure."""
        self._leave(job_id, "cancelled")

    def _leave(self, job_id: str, result: str) -> None:
        found = self._jobs.pop(job_id, None)
        if found is not None:
            found.span.note({"faultline.result": result})
            found.span.end()

    def _give_up(self, job_id: str) -> None:
        found = self._jobs.pop(job_id)
        found.span.fail("not_reported")
        found.span.end()


def _end(span: Span, kind: str, result: JobResult) -> None:
    if span is NO_SPAN:
        return
    span.note({"faultline.result": kind})
    if isinstance(result, JobFailed):
        span.fail("job_failed")
    if isinstance(result, DeliveryQuarantined):
        span.note({"faultline.code": result.code})
    span.end()
