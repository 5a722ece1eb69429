"""What the store holds: counted by its index when Prometheus asks, so that it is right after any restart."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

import msgspec
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.gateway.domain.actions.states import WAITING_STATES
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
from shared.contracts.severity import Severity
from shared.ports import Clock

log = structlog.get_logger(__name__)

# Of each state, those proposed first: people who let more wait than that know that they do.
_MOST_WAITS_READ = 200


class _Line(msgspec.Struct, rename="camel"):
    """What is read of a line of the inbox."""

    created_at: datetime


class KeptFigures(Collector):
    """Counts records by state, and reads none but the actions that wait for approval."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

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
        yield self._unacknowledged()
        yield GaugeMetricFamily(
            "faultline_approval_oldest_wait_seconds",
            "How long the action that waits for approval longest has waited.",
            value=self._longest_since(self._waits()),
        )

    def _unacknowledged(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "faultline_incident_oldest_unacknowledged_seconds",
            "How long the oldest incident that is new has been open.",
            labels=["severity"],
        )
        for severity in Severity:
            query = IncidentQuery(statuses=(IncidentStatus.NEW,), severities=(severity,), sort="createdAt", limit=1)
            items = self._store.list_incidents(query).items
            opened = [msgspec.json.decode(item, type=_Line).created_at for item in items]
            family.add_metric([severity], self._longest_since(opened))
        return family

    def _waits(self) -> Iterator[datetime]:
        for state in WAITING_STATES:
            query = RecordQuery(states=(state,), oldest_first=True, limit=_MOST_WAITS_READ, with_total=False)
            for action in self._store.list_records(Action, query).records:
                # It was put before this was noted.
                yield action.waits_since or action.updated_at

    def _longest_since(self, moments: Iterable[datetime]) -> float:
        """Return the seconds since the first of ``moments``; 0 where there is none."""
        now = self._clock.now()
        return max(0.0, (now - min(moments, default=now)).total_seconds())

    def _by_state(self, name: str, documentation: str, kind: type[Record], states: type[StrEnum]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, documentation, labels=["state"])
        for state in states:
            family.add_metric([state], self._count(kind, state))
        return family

    def _count(self, kind: type[Record], state: str) -> int:
        return self._store.list_records(kind, RecordQuery(states=(state,), limit=1)).total or 0
