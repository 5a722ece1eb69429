"""A job: one unit of queued work. The record is the truth; the broker only carries it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from services.gateway.domain.records.base import Facets, Record
from shared.contracts.trail import Trail


class JobState(StrEnum):
    """``handed`` is soft: it lives in memory, and the store says ``pending`` for it."""

    PENDING = "pending"
    HANDED = "handed"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Answer whether nothing more will happen to a job in this state by itself."""
        return self in _FINAL


_FINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.UNKNOWN})


class Job(Record, frozen=True, kw_only=True):
    """One unit of queued work, with its whole life.

    ``queue`` is None for a timer: the gateway itself does it once ``not_before`` has come. ``attempt``
    counts attempts begun, from 1; it is 0 for a job nobody began.
    """

    KIND: ClassVar[str] = "job"

    id: str
    kind: str
    queue: str | None
    incident_id: str | None = None
    delivery_id: str | None = None
    payload: dict[str, Any] = {}
    schema_version: int = 1
    state: JobState = JobState.PENDING
    attempt: int = 0
    max_attempts: int = 5
    not_before: datetime | None = None
    retry_of: str | None = None
    error: str | None = None
    created_by: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    # Who asked a worker to stop that is at it, where what it did until then must be known.
    cancelling_by: str | None = None
    # Kept with it, so that log lines and a trace find it again after a restart, and at each attempt.
    trail: Trail | None = None

    @property
    def record_id(self) -> str:
        """The job id."""
        return self.id

    @property
    def log_ids(self) -> dict[str, str]:
        """The ids that log lines about the job have."""
        request_id = self.trail.request_id if self.trail is not None else None
        ids = {"job_id": self.id, "request_id": request_id, "incident_id": self.incident_id}
        return {name: value for name, value in ids.items() if value is not None}

    def facets(self) -> Facets:
        """Listed by incident (or delivery), state and queue, newest first."""
        return Facets(
            parent=self.incident_id or self.delivery_id,
            state=self.state,
            tag=self.queue or "timer",
            at=self.created_at,
        )
