"""Read the audit log across its months, newest first."""

from dataclasses import dataclass

import msgspec

from services.gateway.domain.records import AUDIT, ChainHead, TimelineEntry
from services.gateway.ports import ChainedEntry, RecordQuery, Store


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page: its entries with their hashes, how many match in all, where the next page begins."""

    entries: list[ChainedEntry]
    total: int | None
    next_cursor: str | None


def list_audit(store: Store, query: RecordQuery) -> AuditPage:
    """Return a page; ``parent`` of ``query`` is an actor, ``tags`` are types. Raises ``BadCursor``."""
    page = store.list_records(TimelineEntry, msgspec.structs.replace(query, states=(AUDIT,)))
    found: list[ChainedEntry] = []
    for entry in page.records:
        # The hash is that of the stored bytes, which only the chain gives. Retention may take a month meanwhile.
        found += store.list_timeline(entry.incident_id, after=entry.sequence - 1, limit=1)
    return AuditPage(entries=found, total=page.total, next_cursor=page.next_cursor)


def find_audit_head(store: Store) -> ChainHead | None:
    """Return the head of the newest month; None while the log is empty."""
    query = RecordQuery(states=(AUDIT,), limit=1, with_total=False)
    return next(iter(store.list_records(ChainHead, query).records), None)
