"""Remember which incidents lately changed, so that a follower can ask what it missed and wait for more."""

import threading
from collections import deque
from typing import NamedTuple

from services.gateway.domain.records import (
    Action,
    ActionPreview,
    Activity,
    AttachedDiagnosis,
    ChainHead,
    Hints,
    Holdings,
    Incident,
    IncidentGraph,
    Job,
    KeptInvestigation,
    Record,
    Signal,
    Task,
)
from services.gateway.ports import Committed, Store

_KEPT = 20_000
_INCIDENT_ID = "inc_"
# The part of an incident that shows a kind; what is of an incident and not listed is shown nowhere.
_SHOWN_IN: dict[str, str] = {
    Action.KIND: "actions",
    ActionPreview.KIND: "actions",
    Activity.KIND: "incident",
    AttachedDiagnosis.KIND: "diagnoses",
    ChainHead.KIND: "timeline",
    Hints.KIND: "incident",
    Holdings.KIND: "incident",
    Incident.KIND: "incident",
    IncidentGraph.KIND: "incident",
    Job.KIND: "jobs",
    KeptInvestigation.KIND: "investigations",
    Signal.KIND: "signals",
    Task.KIND: "tasks",
}


class Notice(NamedTuple):
    """One commit changed these parts of one incident. ``incident`` alone stands for its head, counts and hints."""

    seq: int
    incident_id: str
    parts: frozenset[str]


class News(NamedTuple):
    """What changed since some sequence: the newest sequence it covers, and the parts by incident, oldest first.

    ``changed`` is None when too much changed meanwhile, or the gateway began anew: whoever asks must look at
    everything again.
    """

    seq: int
    changed: dict[str, frozenset[str]] | None


class LiveBoard:
    """The last changes, in the order of commits. Safe to use from many threads; costs a commit a few microseconds.

    It remembers, and therefore knows nothing of what happened before it was made; ``News.changed`` says so.
    """

    def __init__(self, store: Store, kept: int = _KEPT) -> None:
        self._notices: deque[Notice] = deque()
        self._kept = kept
        self._moved = threading.Condition()
        self._closed = False
        store.subscribe(self._on_commit)
        # Everything after the floor is known; asked after subscribing, so that no commit falls between.
        self._floor = self._last = store.last_seq

    @property
    def last_seq(self) -> int:
        """The sequence of the newest change it knows of."""
        return self._last

    @property
    def is_closed(self) -> bool:
        """Answer whether followers should end."""
        return self._closed

    def since(self, seq: int, incident_id: str | None = None) -> News:
        """Return what changed after ``seq``, of one incident or of all."""
        with self._moved:
            last = self._last
            if not self._floor <= seq <= last:
                return News(last, None)
            fresh: list[Notice] = []
            for notice in reversed(self._notices):
                if notice.seq <= seq:
                    break
                if incident_id is None or notice.incident_id == incident_id:
                    fresh.append(notice)
        changed: dict[str, frozenset[str]] = {}
        for notice in reversed(fresh):
            changed[notice.incident_id] = changed.get(notice.incident_id, frozenset()) | notice.parts
        return News(last, changed)

    def wait(self, seq: int, seconds: float) -> bool:
        """Wait until something changed after ``seq``; False if ``seconds`` passed, or followers should end."""
        with self._moved:
            return self._moved.wait_for(lambda: self._last > seq or self._closed, seconds) and not self._closed

    def close(self) -> None:
        """Let every follower end."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()

    def _on_commit(self, committed: Committed) -> None:
        parts: dict[str, set[str]] = {}
        for record in committed.puts:
            part = _SHOWN_IN.get(record.KIND)
            incident_id = _incident_of(record) if part is not None else None
            if part is not None and incident_id is not None:
                parts.setdefault(incident_id, set()).add(part)
        for kind, record_id in committed.removes:
            if kind == Incident.KIND:
                parts.setdefault(record_id, set()).add("incident")
        if not parts:
            return
        with self._moved:
            for incident_id, names in parts.items():
                self._notices.append(Notice(committed.seq, incident_id, frozenset(names)))
            self._last = max(self._last, committed.seq)
            while len(self._notices) > self._kept:
                self._floor = max(self._floor, self._notices.popleft().seq)
            self._moved.notify_all()


def _incident_of(record: Record) -> str | None:
    if isinstance(record, Incident):
        return record.id
    parent = record.facets().parent
    return parent if parent is not None and parent.startswith(_INCIDENT_ID) else None
