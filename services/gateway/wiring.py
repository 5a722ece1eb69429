"""What the gateway's apps are handed: its settings and everything they may speak to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.handlers.apply_retention import Retention
from services.gateway.ports import Blobs, Store
from services.gateway.settings import Settings
from shared.adapters.tracing import NoTracer
from shared.ports import Clock, Tracer


class QueueView(Protocol):
    """One queue, as readiness and metrics see it."""

    @property
    def waiting(self) -> int: ...
    @property
    def delayed(self) -> int: ...
    @property
    def handed(self) -> int: ...
    @property
    def running(self) -> int: ...
    @property
    def messages(self) -> int: ...
    @property
    def oldest_age_seconds(self) -> float: ...
    @property
    def republished_total(self) -> int: ...
    @property
    def dead_lettered_total(self) -> int: ...
    @property
    def finished_total(self) -> int: ...


class WorkerView(Protocol):
    """A worker that said hello."""

    @property
    def service(self) -> str: ...
    @property
    def worker(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def queues(self) -> tuple[str, ...]: ...
    @property
    def heard_seconds_ago(self) -> float: ...
    @property
    def is_leaving(self) -> bool: ...


class RelayStatsView(Protocol):
    """The whole relay now."""

    @property
    def queues(self) -> Mapping[str, QueueView]: ...
    @property
    def timers(self) -> int: ...
    @property
    def workers(self) -> Sequence[WorkerView]: ...
    @property
    def broker_problem(self) -> str | None: ...


class ProgressView(Protocol):
    """How far a running job is, by the last word of its worker."""

    @property
    def share(self) -> float | None: ...
    @property
    def note(self) -> str: ...
    @property
    def output(self) -> str: ...


class RelayView(Protocol):
    """The relay, as far as the public API needs it."""

    def backlog(self, queue: str) -> int:
        """Return how many jobs of the queue have no result yet. Cheap: intake asks at every request."""
        ...

    def progress(self, job_id: str) -> ProgressView | None:
        """Return how far a running job is; None where nothing is known."""
        ...

    def health(self) -> str | None:
        """Return None when jobs can move, else one sentence saying why they cannot. Asks the broker."""
        ...

    def stats(self) -> RelayStatsView:
        """Return the figures of now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The gateway's parts, put together by ``composition`` and by tests."""

    settings: Settings
    store: Store
    blobs: Blobs
    clock: Clock
    relay: RelayView
    policy: GroupingPolicy = field(default_factory=GroupingPolicy)
    retention: Retention = field(default_factory=Retention)
    version: str = "0.0.0"
    tracer: Tracer = field(default_factory=NoTracer)
