"""What the relay tells of itself, for people and metrics."""

from dataclasses import dataclass, field

from services.gateway.relay.window import Window


@dataclass(frozen=True, slots=True)
class QueueStats:
    """One queue now. ``waiting`` counts jobs that could be handed, ``delayed`` those whose time has not come.

    ``oldest_age_seconds`` is how long the oldest unfinished job has been ready (0 when there is none);
    the totals count since the gateway started.
    """

    waiting: int
    delayed: int
    handed: int
    running: int
    messages: int
    oldest_age_seconds: float
    republished_total: int
    dead_lettered_total: int
    finished_total: int

    @property
    def unfinished(self) -> int:
        """All jobs of the queue that have no result yet."""
        return self.waiting + self.delayed + self.handed + self.running


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that said hello. ``heard_seconds_ago`` says how fresh that is; one that leaves takes nothing new."""

    service: str
    worker: str
    version: str
    queues: tuple[str, ...]
    heard_seconds_ago: float
    is_leaving: bool = False


@dataclass(frozen=True, slots=True)
class RelayStats:
    """The whole relay now."""

    queues: dict[str, QueueStats]
    timers: int
    workers: tuple[Worker, ...] = field(default_factory=tuple)
    broker_problem: str | None = None


def queue_stats(window: Window, now: float) -> QueueStats:
    """Return the figures of one queue; ``now`` is on the clock of its window."""
    counts = window.counts()
    return QueueStats(
        waiting=counts.waiting,
        delayed=counts.delayed,
        handed=counts.handed,
        running=counts.running,
        messages=counts.messages,
        oldest_age_seconds=window.oldest_age(now),
        republished_total=window.republished_total,
        dead_lettered_total=window.dead_lettered_total,
        finished_total=window.finished_total,
    )
