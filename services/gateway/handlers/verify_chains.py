"""Check the hash chains of timelines against what is stored."""

from dataclasses import dataclass, field

import msgspec

from services.gateway.domain.records import AUDIT, ChainHead, Incident
from services.gateway.domain.records.summary import IncidentSummary
from services.gateway.domain.records.timeline import GENESIS_HASH
from services.gateway.ports import IncidentQuery, RecordQuery, Store

_ENTRIES_A_READ = 1000
_MONTHS = 200


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """Where a timeline, or a month of the audit log, is not what its chain says."""

    chain_id: str
    sequence: int
    problem: str


@dataclass(slots=True)
class Verification:
    """What was looked at, what was found, and where to go on."""

    incidents: int = 0
    entries: int = 0
    audit_months: int = 0
    audit_entries: int = 0
    problems: list[ChainProblem] = field(default_factory=list)
    next_cursor: str | None = None


def verify_chains(store: Store, *, limit: int, cursor: str | None = None) -> Verification:
    """Check the timelines of up to ``limit`` incidents, going on from ``cursor``. Raises ``BadCursor``.

    The first part, without a cursor, checks the whole audit log too.
    """
    result = Verification(next_cursor=cursor)
    if cursor is None:
        _verify_audit(store, result)
    while result.incidents < limit:
        # By number, which never changes: whatever happens meanwhile, no incident moves out of the pages to come.
        query = IncidentQuery(sort="number", limit=min(200, limit - result.incidents), cursor=result.next_cursor)
        page = store.list_incidents(query)
        for item in page.items:
            result.incidents += 1
            _verify_incident(store, msgspec.json.decode(item, type=IncidentSummary).id, result)
        result.next_cursor = page.next_cursor
        if page.next_cursor is None:
            break
    return result


def _verify_audit(store: Store, result: Verification) -> None:
    query = RecordQuery(states=(AUDIT,), oldest_first=True, limit=_MONTHS, with_total=False)
    while True:
        page = store.list_records(ChainHead, query)
        for head in page.records:
            result.audit_months += 1
            result.audit_entries += _verify_one(store, head, result)
        if page.next_cursor is None:
            return
        query = msgspec.structs.replace(query, cursor=page.next_cursor)


def _verify_incident(store: Store, incident_id: str, result: Verification) -> None:
    head = store.find(ChainHead, incident_id)
    if head is not None:
        result.entries += _verify_one(store, head, result)
    elif store.find(Incident, incident_id) is not None:  # Else retention removed it meanwhile.
        result.problems.append(ChainProblem(incident_id, 0, "the timeline is missing"))


def _verify_one(store: Store, head: ChainHead, result: Verification) -> int:
    """Follow the chain up to the head as it was listed, and return how many entries are as they were written.

    Entries that were added since are the next check's.
    """
    sequence, last_hash = 0, GENESIS_HASH

    def report(at: int, problem: str) -> None:
        # Else retention removed it meanwhile.
        if store.find(ChainHead, head.incident_id) is not None:
            result.problems.append(ChainProblem(head.incident_id, at, problem))

    while sequence < head.sequence:
        page = store.list_timeline(head.incident_id, after=sequence, limit=_ENTRIES_A_READ)
        if not page:
            report(sequence + 1, "the entry is missing")
            return sequence
        for chained in page:
            entry = chained.entry
            if entry.sequence != sequence + 1:
                report(sequence + 1, "the entry is missing")
                return sequence
            if entry.previous_hash != last_hash:
                report(entry.sequence, "the entry before it is not what it was")
                return sequence
            sequence, last_hash = entry.sequence, chained.hash
            if sequence == head.sequence:
                break
    if last_hash != head.hash:
        report(head.sequence, "it is not what the chain's head says")
    return sequence
