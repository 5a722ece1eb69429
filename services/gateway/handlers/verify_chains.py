"""Check the hash chains of timelines against what is stored."""

from dataclasses import dataclass, field

from services.gateway.domain.records import ChainHead
from services.gateway.domain.records.timeline import GENESIS_HASH
from services.gateway.ports import RecordQuery, Store

_ENTRIES_A_READ = 1000


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """Where a timeline is not what its chain says."""

    incident_id: str
    sequence: int
    problem: str


@dataclass(slots=True)
class Verification:
    """What was looked at, what was found, and where to go on."""

    incidents: int = 0
    entries: int = 0
    problems: list[ChainProblem] = field(default_factory=list)
    next_cursor: str | None = None


def verify_chains(store: Store, *, limit: int, cursor: str | None = None) -> Verification:
    """Check the timelines of up to ``limit`` incidents, going on from ``cursor``. Raises ``BadCursor``."""
    result = Verification(next_cursor=cursor)
    while result.incidents < limit:
        query = RecordQuery(limit=min(200, limit - result.incidents), cursor=result.next_cursor, with_total=False)
        page = store.list_records(ChainHead, query)
        for head in page.records:
            result.incidents += 1
            _verify_one(store, head, result)
        result.next_cursor = page.next_cursor
        if page.next_cursor is None:
            break
    return result


def _verify_one(store: Store, head: ChainHead, result: Verification) -> None:
    """Follow the chain up to the head as it was listed; entries that were added since are the next check's."""
    sequence, last_hash = 0, GENESIS_HASH
    while sequence < head.sequence:
        page = store.list_timeline(head.incident_id, after=sequence, limit=_ENTRIES_A_READ)
        if not page:
            result.problems.append(ChainProblem(head.incident_id, sequence + 1, "the entry is missing"))
            return
        for chained in page:
            entry = chained.entry
            if entry.sequence != sequence + 1:
                result.problems.append(ChainProblem(head.incident_id, sequence + 1, "the entry is missing"))
                return
            if entry.previous_hash != last_hash:
                result.problems.append(
                    ChainProblem(head.incident_id, entry.sequence, "the entry before it is not what it was"),
                )
                return
            sequence, last_hash = entry.sequence, chained.hash
            result.entries += 1
            if sequence == head.sequence:
                break
    if last_hash != head.hash:
        result.problems.append(ChainProblem(head.incident_id, head.sequence, "it is not what the chain's head says"))
