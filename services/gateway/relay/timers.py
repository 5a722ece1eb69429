"""Which timers are due: jobs without a queue, each with the moment it is set for."""

import heapq
from datetime import datetime


class Timers:
    """Timers by the wall clock, because that is what people set them by. Not safe to use from many threads."""

    def __init__(self) -> None:
        self._due: dict[str, datetime] = {}
        # May hold entries that were set anew or dropped since; ``_due`` says which are true.
        self._heap: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._due)

    def put(self, job_id: str, due: datetime) -> None:
        """Set the timer, or set it anew."""
        if self._due.get(job_id) == due:
            return
        self._due[job_id] = due
        heapq.heappush(self._heap, (due, job_id))
        if len(self._heap) > 64 + 2 * len(self._due):
            self._heap = [(when, one) for one, when in self._due.items()]
            heapq.heapify(self._heap)

    def drop(self, job_id: str) -> None:
        """Forget the timer; nothing happens if it is unknown."""
        self._due.pop(job_id, None)

    def next_due(self) -> datetime | None:
        """Return when the earliest timer is due, or None when there is none."""
        while self._heap:
            due, job_id = self._heap[0]
            if self._due.get(job_id) == due:
                return due
            heapq.heappop(self._heap)
        return None

    def take_due(self, now: datetime) -> str | None:
        """Remove and return the earliest timer that is due, or None."""
        due = self.next_due()
        if due is None or due > now:
            return None
        _, job_id = heapq.heappop(self._heap)
        del self._due[job_id]
        return job_id
