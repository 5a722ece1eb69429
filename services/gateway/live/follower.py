"""Follow the board and say what changed as server-sent events, few enough for a page to keep up with."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from services.gateway.domain.records import Activity, Incident, IncidentSummary, summarise
from services.gateway.live.board import LiveBoard, News
from services.gateway.ports import Store
from shared.contracts.base import Contract

# Of more incidents than this at once a page is better told to read its list anew.
_MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Pace:
    """How a stream goes, in seconds.

    Between two batches; between two looks whether anybody still wants it; and of silence until it says that it is
    there, for proxies that cut what is silent.
    """

    batch_seconds: float = 0.25
    look_seconds: float = 1.0
    beat_seconds: float = 15.0


class Changed(Contract, frozen=True, kw_only=True):
    """What one event says: the parts of an incident that changed, and its line of the inbox; None once it is gone."""

    incident_id: str
    parts: tuple[str, ...]
    summary: IncidentSummary | None


def follow(
    board: LiveBoard,
    store: Store,
    *,
    after: int | None,
    incident_id: str | None,
    seconds: float,
    is_wanted: Callable[[], bool],
    pace: Pace | None = None,
) -> Iterator[bytes]:
    """Yield events from ``after`` on (None: from now on), of one incident or of all, for ``seconds`` at most.

    The first event is ``ready``: what is read after it has arrived is followed without a gap. ``is_wanted`` is
    asked every second; the stream ends when it says no. Changes of one batch are one event for each incident; the
    last of them bears the id to go on from, so a batch that broke off is told again.
    """
    pace = pace or Pace()
    spoken = time.monotonic()
    ends = spoken + seconds
    seq = board.last_seq if after is None else after
    yield b"retry: 2000\n" + write_event("ready", b"{}", event_id=seq if after is None else None)
    while True:
        news = board.since(seq, incident_id)
        yield from _tell(news, store)
        now = time.monotonic()
        spoken = now if news.changed != {} else spoken
        seq = news.seq
        if now >= ends or board.is_closed or not is_wanted():
            return
        if board.wait(seq, min(pace.look_seconds, ends - now)):
            # What comes close together is told together: a storm of alerts is a few events a second.
            time.sleep(pace.batch_seconds)
        elif now - spoken >= pace.beat_seconds:
            spoken = now
            yield b": still here\n\n"


def write_event(name: str, data: bytes, *, event_id: int | None = None) -> bytes:
    """Return one event as WHATWG's HTML standard, section 9.2, frames it; ``data`` holds no line break."""
    head = f"event: {name}\n" if event_id is None else f"id: {event_id}\nevent: {name}\n"
    return head.encode() + b"data: " + data + b"\n\n"


def _tell(news: News, store: Store) -> Iterator[bytes]:
    if news.changed is None or len(news.changed) > _MOST_AT_ONCE:
        yield write_event("reset", b"{}", event_id=news.seq)
        return
    last = len(news.changed) - 1
    for place, (incident_id, parts) in enumerate(news.changed.items()):
        body = msgspec.json.encode(_describe(store, incident_id, parts))
        yield write_event("changed", body, event_id=news.seq if place == last else None)


def _describe(store: Store, incident_id: str, parts: frozenset[str]) -> Changed:
    incident = store.find(Incident, incident_id)
    summary = summarise(incident, store.find(Activity, incident_id)) if incident is not None else None
    return Changed(incident_id=incident_id, parts=tuple(sorted(parts)), summary=summary)
