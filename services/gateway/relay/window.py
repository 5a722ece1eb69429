"""Decide which jobs of one queue to hand to the broker now, and which handed ones count as lost.

Pure: no clock, no broker, no threads. ``now`` is in seconds of a clock that never goes back.

Work is handed in messages, and at most ``size`` messages are unfinished at a time. A broker is first in, first
out, so a message is overdue once work handed after it has come back and its lease has run out. While nothing
comes back at all (no worker, or a broker that forgot everything) nobody can tell the two apart: then the oldest
message alone is handed again, as a probe, at growing intervals. If that comes back, everything older is overdue.

But where no worker is there, or the queue's workers are at other work, the work is untaken, and as a rule lies where
it was put. Its probe keeps its place in line: whether it or the one before it is what comes back, nobody can tell.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from services.gateway.relay.backlog import Backlog, Entry, Place

# The wait between probes doubles up to this many times.
_PROBE_DOUBLINGS = 2


@dataclass(slots=True, eq=False)
class _Message:
    id: str
    order: int
    heard_at: float
    entries: dict[str, Entry]
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """A job whose lease ran out.

    It was ``claimed`` if a worker is known to have begun it, and is ``untaken`` if there was none that could have.
    """

    job_id: str
    source: str
    attempt: int
    claimed: bool
    untaken: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs are where, and in how many messages."""

    waiting: int
    delayed: int
    handed: int
    running: int
    messages: int


@dataclass(slots=True)
class Window:
    """The window of one queue. Not safe to use from many threads."""

    size: int
    batch_limit: int
    linger_seconds: float
    lease_seconds: float
    finished_total: int = 0
    dead_lettered_total: int = 0
    republished_total: int = 0
    # Work was handed again untaken, and nothing has come back since.
    is_untaken: bool = False
    _backlog: Backlog = field(init=False)
    _entries: dict[str, Entry] = field(default_factory=dict)
    _messages: dict[str, _Message] = field(default_factory=dict)
    _orders: "count[int]" = field(default_factory=lambda: count(1))
    _progress_order: int = 0
    _progress_at: float = float("-inf")
    _probes: int = 0
    # What came back last was a result: whoever brought it is free, whatever others are at.
    _is_one_free: bool = False
    # Claimed, then lost: the caller decides on them, and may end them.
    _undecided: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._backlog = Backlog(self.batch_limit, self.linger_seconds)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._entries

    # --- jobs come and go

    def add(
        self,
        job_id: str,
        source: str,
        *,
        now: float,
        attempt: int = 0,
        delay: float = 0.0,
        suspect: bool = False,
    ) -> None:
        """Let a job wait for its turn, from ``delay`` seconds on. A job that is known begins to wait anew."""
        old = self._entries.get(job_id)
        if old is not None:
            self._remove(old)
            suspect, source = suspect or old.suspect, source or old.source
        entry = Entry(job_id, source, attempt, suspect=suspect or attempt > 0, since=now + max(delay, 0.0))
        self._entries[job_id] = entry
        self._undecided.discard(job_id)
        self._backlog.add(entry, now=now)

    def finish(self, job_id: str, *, now: float, is_given_up: bool = False) -> None:
        """Forget a job that has a result, was cancelled or given up; unknown jobs are no error."""
        entry = self._entries.pop(job_id, None)
        if entry is None and job_id not in self._undecided:
            return
        if entry is not None:
            self._note_progress(entry, now, is_result=True)
            self._remove(entry)
        self._undecided.discard(job_id)
        self.finished_total += 1
        self.dead_lettered_total += is_given_up

    def fail(self, job_id: str, source: str, *, now: float, attempt: int, delay: float) -> None:
        """Let a job whose attempt was reported as failed wait for its next one."""
        entry = self._entries.get(job_id)
        if entry is not None:
            self._note_progress(entry, now, is_result=True)
        self.add(job_id, source, now=now, attempt=attempt, delay=delay)

    # --- handing

    def draw(self, now: float) -> list[Entry]:
        """Take the jobs of the next message out of the queue; empty when there is nothing to hand now."""
        return self._backlog.draw(now) if len(self._messages) < self.size else []

    def give_back(self, entries: Iterable[Entry], *, now: float) -> None:
        """Put drawn jobs back to the front of the queue."""
        for entry in reversed(list(entries)):
            if entry.place is Place.DRAWN:
                self._backlog.add(entry, now=now, front=True)

    def hand(self, message_id: str, entries: Iterable[Entry], *, now: float) -> None:
        """Note that ``entries`` travel in one message; those that finished since they were drawn are left out."""
        going = {entry.job_id: entry for entry in entries if entry.place is Place.DRAWN}
        for entry in going.values():
            entry.place, entry.message_id = Place.HANDED, message_id
        if going:
            kept = max(entry.order for entry in going.values())
            # What came back meanwhile says nothing of what is put behind it now.
            order = kept if kept > self._progress_order else next(self._orders)
            self._messages[message_id] = _Message(message_id, order, now, going)

    def take_back(self, message_id: str, *, now: float) -> None:
        """Undo ``hand``: the broker did not take the message."""
        message = self._messages.pop(message_id, None)
        for entry in reversed(list(message.entries.values()) if message else []):
            entry.message_id = None
            self._backlog.add(entry, now=now, front=True)

    # --- leases

    def claim(self, job_id: str, source: str, *, attempt: int, now: float) -> None:
        """Note that a worker began ``attempt``; from now on its own silence decides, not that of the queue."""
        entry = self._entries.get(job_id)
        message = self._message_of(entry)
        if entry is None or message is None or len(message.entries) > 1:
            # Claimed from a message that counts as lost, or before this gateway started.
            if entry is not None:
                self._remove(entry)
                source = source or entry.source
            entry = Entry(job_id, source, since=now, place=Place.HANDED, message_id=f"claimed-{job_id}")
            message = _Message(f"claimed-{job_id}", next(self._orders), now, {job_id: entry})
            self._entries[job_id] = entry
            self._undecided.discard(job_id)
            self._messages[message.id] = message
        entry.attempt, entry.suspect = attempt, True
        message.claimed = True
        self._note_progress(entry, now, is_result=False)

    def beat(self, job_id: str, *, attempt: int, now: float) -> bool:
        """Renew the lease of a claimed attempt; False when it is no longer the one that counts."""
        entry = self._entries.get(job_id)
        message = self._message_of(entry)
        if entry is None or message is None or not message.claimed or entry.attempt != attempt:
            return False
        message.heard_at = now
        return True

    def welcome_worker(self, now: float) -> None:
        """Note that a worker has just started: if it does not take what waits, a probe is worth it again."""
        self._probes = 0
        self._progress_at = max(self._progress_at, now - self.lease_seconds / 2)

    def take_lost(self, now: float, *, is_attended: bool = True) -> list[Lost]:
        """Return the jobs that count as lost now, and those handed again untaken; ``is_attended``: a worker is there.

        Unclaimed ones wait again already, alone; claimed ones are removed, and the caller's to decide on.
        """
        untaken = False
        messages = [message for message in self._messages.values() if self._lost_at(message) <= now]
        if not messages and (oldest := self._oldest_unclaimed()) is not None and self._stalled_at(oldest) <= now:
            self._probes += 1
            self._progress_at = now
            messages = [oldest]
            is_busy = not self._is_one_free and any(message.claimed for message in self._messages.values())
            untaken = is_busy or not is_attended
            self.is_untaken = self.is_untaken or untaken
        return [lost for message in messages for lost in self._lose(message, now, untaken=untaken)]

    def wake_at(self, now: float) -> float:
        """Return when there will be something to do if nothing happens before; infinity when there will not."""
        due_at = self._backlog.due_at(now)
        times = [self._backlog.next_promotion_at()]
        if len(self._messages) < self.size:
            times.append(due_at)
        times += [self._lost_at(message) for message in self._messages.values()]
        oldest = self._oldest_unclaimed()
        if oldest is not None:
            times.append(self._stalled_at(oldest))
        return min(times)

    # --- figures

    def counts(self) -> Counts:
        """Count the jobs by place. Costs the messages, not the backlog."""
        handed = sum(len(message.entries) for message in self._messages.values() if not message.claimed)
        running = sum(len(message.entries) for message in self._messages.values() if message.claimed)
        delayed = self._backlog.delayed
        waiting = len(self._entries) - handed - running - delayed
        return Counts(waiting=waiting, delayed=delayed, handed=handed, running=running, messages=len(self._messages))

    def oldest_age(self, now: float) -> float:
        """Return for how many seconds the oldest unfinished job that could go has been waiting; 0 if none."""
        times = [self._backlog.oldest_since()]
        times += [entry.since for message in self._messages.values() for entry in message.entries.values()]
        return max(now - min(times), 0.0)

    # --- inside

    def _message_of(self, entry: Entry | None) -> _Message | None:
        return self._messages.get(entry.message_id) if entry is not None and entry.message_id is not None else None

    def _remove(self, entry: Entry) -> None:
        if entry.place in (Place.WAITING, Place.DELAYED):
            self._backlog.remove(entry)
        message = self._message_of(entry)
        if message is not None:
            del message.entries[entry.job_id]
            if not message.entries:
                del self._messages[message.id]
        entry.place, entry.message_id = Place.GONE, None

    def _note_progress(self, entry: Entry, now: float, *, is_result: bool) -> None:
        message = self._message_of(entry)
        if message is not None:
            self._is_one_free = is_result
            message.heard_at = now
            self._progress_order = max(self._progress_order, message.order)
            self._progress_at = max(self._progress_at, now)
            self._probes = 0
            self.is_untaken = False

    def _oldest_unclaimed(self) -> _Message | None:
        return next((message for message in self._messages.values() if not message.claimed), None)

    def _lost_at(self, message: _Message) -> float:
        if message.claimed or message.order < self._progress_order:
            return message.heard_at + self.lease_seconds
        return float("inf")

    def _stalled_at(self, oldest: _Message) -> float:
        patience = self.lease_seconds * 2 ** min(self._probes, _PROBE_DOUBLINGS)
        return max(oldest.heard_at, self._progress_at) + float(patience)

    def _lose(self, message: _Message, now: float, *, untaken: bool) -> list[Lost]:
        entries = list(message.entries.values())
        for entry in entries:
            if message.claimed:
                self._remove(entry)
                del self._entries[entry.job_id]
                self._undecided.add(entry.job_id)
            else:
                self.add(entry.job_id, entry.source, now=now, attempt=entry.attempt, suspect=True)
                again = self._entries[entry.job_id]
                # Its age goes on from when it first could go.
                again.since = entry.since
                again.order = message.order if untaken else 0
                self.republished_total += 0 if untaken else 1
        return [Lost(entry.job_id, entry.source, entry.attempt, message.claimed, untaken) for entry in entries]
