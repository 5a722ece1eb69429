"""Read from the store what a gateway that starts must take up."""

import sys
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from services.gateway.domain.records import Delivery, DeliveryState, Job, JobState, Record
from services.gateway.ports import RecordQuery, Store

R = TypeVar("R", bound=Record)

_PAGE = 1_000


def list_unfinished(store: Store) -> Iterator[tuple[Job, str]]:
    """Yield every job without a result, oldest first, with the source of its delivery (empty for others)."""
    deliveries = _all_pages(store, Delivery, DeliveryState.ACCEPTED)
    sources = {delivery.id: sys.intern(delivery.source) for delivery in deliveries}
    for job in _all_pages(store, Job, JobState.PENDING, JobState.RUNNING):
        yield job, sources.get(job.delivery_id or "", "")


def _all_pages(store: Store, kind: type[R], *states: str) -> Iterator[R]:
    query = RecordQuery(states=states, oldest_first=True, limit=_PAGE, with_total=False)
    while True:
        page = store.list_records(kind, query)
        yield from page.records
        if page.next_cursor is None:
            return
        query = msgspec.structs.replace(query, cursor=page.next_cursor)
