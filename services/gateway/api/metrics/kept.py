"""What the store holds: counted by its index when Prometheus asks, so that it is right after any restart."""

from collections.abc import Iterator
from enum import StrEnum

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.gateway.domain.records import (
    LEFT_OUT,
    Action,
    ActionState,
    IncidentGraph,
    IncidentStatus,
    InvestigationState,
    KeptInvestigation,
    Record,
)
from services.gateway.errors import StoreUnavailable
from services.gateway.ports import IncidentQuery, RecordQuery, Store

log = structlog.get_logger(__name__)


class KeptFigures(Collector):
    """Counts records by state, never reading one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of now; while the index does not answer, those alone that do not need it."""
        store = self._store
        writable = 1 if store.health() is None else 0
        yield GaugeMetricFamily("faultline_store_writable", "1 if writes work.", value=writable)
        yield CounterMetricFamily("faultline_store_commits", "Commits since the store was made.", value=store.last_seq)
        try:
            yield from list(self._count_all())
        except StoreUnavailable as error:
            # A full disk is what the other figures must tell of.
            log.warning("what the store holds cannot be counted", problem=str(error))

    def _count_all(self) -> Iterator[Metric]:
        store = self._store
        incidents = GaugeMetricFamily("faultline_incidents", "Incidents by status.", labels=["status"])
        for status in IncidentStatus:
            total = store.list_incidents(IncidentQuery(statuses=(status,), limit=1)).total
            incidents.add_metric([status], total)
        yield incidents
        yield self._by_state("faultline_actions", "Actions by state.", Action, ActionState)
        yield self._by_state(
            "faultline_investigations", "Investigations by state.", KeptInvestigation, InvestigationState
        )
        yield GaugeMetricFamily(
            "faultline_incidents_left_out",
            "Incidents left out the last time they were to be investigated by themselves, as too many others waited.",
            value=self._count(IncidentGraph, LEFT_OUT),
        )

    def _by_state(self, name: str, documentation: str, kind: type[Record], states: type[StrEnum]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, documentation, labels=["state"])
        for state in states:
            family.add_metric([state], self._count(kind, state))
        return family

    def _count(self, kind: type[Record], state: str) -> int:
        return self._store.list_records(kind, RecordQuery(states=(state,), limit=1)).total or 0
