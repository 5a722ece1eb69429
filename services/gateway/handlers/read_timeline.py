"""Read a part of a timeline: in order or newest first, of some types or actors only."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.gateway.domain.records import ChainHead, EntryType, Incident
from services.gateway.ports import ChainedEntry, StoreReads

# A filter may match nothing: how much of a long timeline one request looks through.
MOST_LOOKED_AT = 5_000
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class TimelineWish:
    """Which part: above ``after`` in order, or newest first below ``before``; of these types and actors, or of all."""

    is_newest_first: bool = False
    after: int = 0
    before: int | None = None
    types: frozenset[EntryType] = frozenset()
    actors: frozenset[str] = frozenset()
    limit: int = 100

    def wants(self, chained: ChainedEntry) -> bool:
        """Answer whether the entry is of the types and actors asked for."""
        entry = chained.entry
        return (not self.types or entry.type in self.types) and (not self.actors or entry.actor in self.actors)


@dataclass(frozen=True, slots=True)
class TimelinePart:
    """Entries that were asked for, the end of the chain, and the sequence to go on from; None where it is all."""

    entries: tuple[ChainedEntry, ...]
    head: ChainHead
    go_on: int | None


def read_timeline(store: StoreReads, incident_id: str, wish: TimelineWish) -> TimelinePart:
    """Return the part of the timeline, at most ``limit`` entries. Raises ``RecordNotFound``."""
    store.get(Incident, incident_id)
    head = store.find(ChainHead, incident_id) or ChainHead(incident_id=incident_id)
    walk = _back if wish.is_newest_first else _on
    found: list[ChainedEntry] = []
    looked_at, last = 0, None
    for chained in walk(store, incident_id, wish, head.sequence):
        looked_at, last = looked_at + 1, chained
        if wish.wants(chained):
            found.append(chained)
        if len(found) == wish.limit or looked_at == MOST_LOOKED_AT:
            break
    if last is None:
        return TimelinePart((), head, None)
    if last.entry.sequence > head.sequence:
        # More was appended between the two reads; what is shown agrees with itself.
        head = ChainHead(incident_id=incident_id, sequence=last.entry.sequence, hash=last.hash)
    end = 1 if wish.is_newest_first else head.sequence
    return TimelinePart(tuple(found), head, last.entry.sequence if last.entry.sequence != end else None)


def _on(store: StoreReads, incident_id: str, wish: TimelineWish, head: int) -> Iterator[ChainedEntry]:
    """Go on from ``after`` in order."""
    del head
    after, size = wish.after, _page_size(wish)
    while page := store.list_timeline(incident_id, after=after, limit=size):
        yield from page
        if len(page) < size:
            return
        after = page[-1].entry.sequence


def _back(store: StoreReads, incident_id: str, wish: TimelineWish, head: int) -> Iterator[ChainedEntry]:
    """Go back from ``before``, the newest first."""
    end, size = min(head, (wish.before or head + 1) - 1), _page_size(wish)
    while end > 0:
        after = max(0, end - size)
        yield from reversed(store.list_timeline(incident_id, after=after, limit=end - after))
        end = after


def _page_size(wish: TimelineWish) -> int:
    return _PAGE if wish.types or wish.actors else min(_PAGE, wish.limit)
