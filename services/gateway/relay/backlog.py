"""The jobs of one queue that wait: in which order they go, and which travel together."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count


class Place(Enum):
    """Where a job is."""

    WAITING = auto()
    DELAYED = auto()
    DRAWN = auto()
    HANDED = auto()
    GONE = auto()


@dataclass(slots=True, eq=False)
class Entry:
    """One unfinished job, as small as can be: a hundred thousand of them must fit easily.

    ``attempt`` counts attempts known to have begun. ``suspect`` work was lost or failed before: it travels
    alone, so that a job that kills its worker takes no other with it. ``since`` is when it first could go.
    ``order`` is its place in the broker's line where it waits there untaken and is handed again all the same; else 0.
    """

    job_id: str
    source: str
    attempt: int = 0
    suspect: bool = False
    since: float = 0.0
    order: int = 0
    place: Place = Place.WAITING
    message_id: str | None = None


@dataclass(slots=True)
class Backlog:
    """Waiting jobs, oldest first within a source, sources in turn. Not safe to use from many threads.

    A job that leaves from the middle stays in its queue as ``GONE`` and is skipped when its turn comes.
    """

    batch_limit: int
    linger_seconds: float
    delayed: int = 0
    _sources: dict[str, deque[Entry]] = field(default_factory=dict)
    _suspects: deque[Entry] = field(default_factory=deque)
    _later: list[tuple[float, int, Entry]] = field(default_factory=list)
    _fresh: int = 0
    _ties: "count[int]" = field(default_factory=count)
    _suspects_turn: bool = True

    def add(self, entry: Entry, *, now: float, front: bool = False) -> None:
        """Let ``entry`` wait; until ``since``, if that is to come."""
        if entry.since > now:
            entry.place = Place.DELAYED
            self.delayed += 1
            heapq.heappush(self._later, (entry.since, next(self._ties), entry))
            return
        entry.place = Place.WAITING
        if entry.suspect:
            queue = self._suspects
        else:
            queue = self._sources.setdefault(entry.source, deque())
            self._fresh += 1
        if front:
            queue.appendleft(entry)
        else:
            queue.append(entry)

    def remove(self, entry: Entry) -> None:
        """Take a waiting entry out."""
        place, entry.place = entry.place, Place.GONE
        if place is Place.DELAYED:
            self.delayed -= 1
        elif not entry.suspect:
            self._fresh -= 1
            self._prune(entry.source)

    def draw(self, now: float) -> list[Entry]:
        """Take out the jobs of the next message; empty when none is due.

        One suspect, or up to ``batch_limit`` others. When both wait they alternate, so that neither holds
        the other up.
        """
        self._promote(now)
        suspect = self._first_suspect()
        fresh_is_due = self._fresh_due_at() <= now
        if suspect is not None and (self._suspects_turn or not fresh_is_due):
            self._suspects_turn = False
            self._suspects.popleft()
            suspect.place = Place.DRAWN
            return [suspect]
        self._suspects_turn = True
        return self._draw_fresh() if fresh_is_due else []

    def due_at(self, now: float) -> float:
        """Return when ``draw`` will have something; infinity when nothing waits for its turn."""
        self._promote(now)
        return now if self._first_suspect() is not None else self._fresh_due_at()

    def next_promotion_at(self) -> float:
        """Return when the next delayed job can go; infinity when there is none."""
        return self._later[0][0] if self._later else float("inf")

    def oldest_since(self) -> float:
        """Return since when the oldest job that could go has been waiting; infinity when there is none."""
        heads = [queue[0].since for queue in self._sources.values() if queue]
        heads += [entry.since for entry in self._suspects if entry.place is Place.WAITING]
        return min(heads, default=float("inf"))

    def _promote(self, now: float) -> None:
        while self._later and (self._later[0][0] <= now or self._later[0][2].place is not Place.DELAYED):
            entry = heapq.heappop(self._later)[2]
            if entry.place is Place.DELAYED:
                self.delayed -= 1
                self.add(entry, now=now)

    def _first_suspect(self) -> Entry | None:
        while self._suspects and self._suspects[0].place is not Place.WAITING:
            self._suspects.popleft()
        return self._suspects[0] if self._suspects else None

    def _fresh_due_at(self) -> float:
        if self._fresh == 0:
            return float("inf")
        if self._fresh >= self.batch_limit:
            return float("-inf")
        return min(queue[0].since for queue in self._sources.values()) + self.linger_seconds

    def _draw_fresh(self) -> list[Entry]:
        drawn: list[Entry] = []
        while self._sources and len(drawn) < self.batch_limit:
            # The source whose turn it was goes to the end of the line.
            source = next(iter(self._sources))
            queue = self._sources.pop(source)
            entry = queue.popleft()
            entry.place = Place.DRAWN
            drawn.append(entry)
            self._fresh -= 1
            if queue:
                self._sources[source] = queue
                self._prune(source)
        return drawn

    def _prune(self, source: str) -> None:
        """Keep a living job at the head of every source's queue, and no empty queue."""
        queue = self._sources[source]
        while queue and queue[0].place is not Place.WAITING:
            queue.popleft()
        if not queue:
            del self._sources[source]
