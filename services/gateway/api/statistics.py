"""Endpoints that count incidents: facets of the inbox, and how many there were and how long they took."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import Response

from services.gateway.api import statistics_shapes as shapes
from services.gateway.api.current import Made, encode, gateway, read_kept
from services.gateway.api.inbox_inputs import InboxFilter, inbox_query
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Role
from services.gateway.ports import IncidentQuery, StoreReads

blueprint = ReadingBlueprint("statistics", __name__, description="How many incidents, of what, and how long.")
_DAYS, _MOST_DAYS = 30, 366


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/facets",
        role=Role.VIEWER,
        answer=shapes.FacetsShape,
        query=InboxFilter,
        conditional=True,
    ),
)
def read_facets(args: dict[str, Any]) -> Response:
    """Count what the inbox can be narrowed to, under the filters of the list."""
    return read_kept(lambda store: Made(encode(store.count_facets(inbox_query(args)))))


@endpoint(
    blueprint,
    Operation(path="/api/stats", role=Role.VIEWER, answer=shapes.StatsShape, query=InboxFilter, conditional=True),
)
def read_stats(args: dict[str, Any]) -> Response:
    """Count incidents, and say how long they took to be acknowledged and resolved."""
    query = inbox_query(args)
    first, last = _days(query, gateway().clock.now())

    def make(store: StoreReads) -> Made:
        return Made(encode(store.measure_incidents(query, first_day=first, last_day=last)))

    return read_kept(make, beside=f"{first} {last}")


def _days(query: IncidentQuery, now: datetime) -> tuple[date, date]:
    """Return the first and the last day to count: those asked for, at most the last of them."""
    # The end is not part of the time asked for: what ends at midnight ends with the day before.
    last = min(now, _before(query.until, timedelta(microseconds=1))) if query.until else now
    first = query.since or _before(last, timedelta(days=_DAYS - 1))
    first = min(last, max(first, _before(last, timedelta(days=_MOST_DAYS - 1))))
    return first.date(), last.date()


def _before(moment: datetime, duration: timedelta) -> datetime:
    try:
        return moment - duration
    except OverflowError:
        return moment  # The year 1 has none before it.
