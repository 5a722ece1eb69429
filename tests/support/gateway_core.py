"""A gateway without its edges: deliveries are accepted, their results recorded, and timers done."""

from datetime import timedelta
from typing import Any

import msgspec

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    Delivery,
    GroupingRule,
    Incident,
    Job,
    OwnershipRule,
    Signal,
    Silence,
    SilenceKind,
)
from services.gateway.handlers.change_rules import change_rules
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.manage_silences import end_early, set_silence
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.handlers.run_timers import run_timer
from services.gateway.ports import IncidentQuery, RecordQuery, Transaction
from shared.contracts.messages import DeliveryNormalised, JobResult, Results, ResultsRecorded
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint, NormalisedSignal, SignalStatus
from tests.support.clock import START, FixedClock
from tests.support.memory_store import MemoryStore
from tests.support.records import a_delivery, a_job


class Gateway:
    """Names deliveries ``dlv_1``, ``dlv_2`` … in the order they are accepted."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = MemoryStore(self.clock)
        self.judge = Judge(GroupingPolicy())
        self.recorder = Recorder(self.judge)
        self.count = 0

    def accept(self) -> str:
        self.count += 1
        name, now = f"dlv_{self.count}", self.clock.now()

        def put(tx: Transaction) -> None:
            tx.put(a_delivery(name, received_at=now))
            tx.put(a_job(f"job_{self.count}", created_at=now))

        self.store.transact(put)
        return name

    def record(self, *results: JobResult) -> ResultsRecorded:
        return record_results(self.store, self.recorder, Results(results=results))

    def deliver(self, *reports: NormalisedSignal, **fields: Any) -> Delivery:
        """Accept a delivery, record its result, and return what became of it."""
        name = self.accept()
        self.record(normalised(name, *reports, **fields))
        return self.store.get(Delivery, name)

    def incidents(self) -> list[Incident]:
        page = self.store.list_incidents(IncidentQuery(sort="number", limit=200))
        return [self.store.get(Incident, msgspec.json.decode(item)["id"]) for item in page.items]

    def only_incident(self) -> Incident:
        (incident,) = self.incidents()
        return incident

    def timeline(self, incident: Incident) -> list[str]:
        return [chained.entry.type.value for chained in self.store.list_timeline(incident.id)]

    def signal(self, pod: str = "a") -> Signal:
        return self.store.get(Signal, f"alertmanager:{pod}")

    def rules(self, *grouping: GroupingRule, ownership: tuple[OwnershipRule, ...] = ()) -> None:
        self.store.transact(
            lambda tx: change_rules(tx, grouping, ownership, reason="", actor="token:ann", versions=None)
        )

    def silence(self, *, lasts: float = 3_600, **fields: Any) -> str:
        """Set a silence that holds for ``lasts`` seconds from now on and return its id."""
        now = self.clock.now()
        fields.setdefault("when", "true")
        fields.setdefault("kind", SilenceKind.SILENCE)
        fields.setdefault("starts_at", now)
        fields.setdefault("ends_at", fields["starts_at"] + timedelta(seconds=lasts))
        self.count += 1
        silence = Silence(
            id=f"sil_{self.count}",
            comment="known trouble",
            created_by="token:ann",
            created_at=now,
            updated_at=now,
            **fields,
        )
        return self.store.transact(lambda tx: set_silence(tx, silence))

    def end_silence(self, silence_id: str) -> None:
        self.store.transact(lambda tx: end_early(tx, silence_id, "token:ann"))
        self.pass_time(seconds=0)

    def pass_time(self, **time: float) -> None:
        """Let time pass and do the timers that are due by then."""
        self.clock.advance(timedelta(**time).total_seconds())
        for job in self.store.list_records(Job, RecordQuery(states=("pending",), tags=("timer",), limit=200)).records:
            if job.not_before is not None and job.not_before <= self.clock.now():
                run_timer(self.store, self.judge, job.id)


def normalised(delivery_id: str, *reports: NormalisedSignal, attempt: int = 1, **fields: Any) -> DeliveryNormalised:
    return DeliveryNormalised(
        job_id=delivery_id.replace("dlv", "job"),
        attempt=attempt,
        delivery_id=delivery_id,
        signals=reports,
        **fields,
    )


def a_report(pod: str = "a", status: str = "firing", starts: float = 0, **fields: Any) -> NormalisedSignal:
    """Return a report about ``pod`` that began ``starts`` seconds after the tests' start."""
    given: dict[str, Any] = {
        "source": "alertmanager",
        "fingerprint": f"alertmanager:{pod}",
        "status": SignalStatus(status),
        "severity": Severity.HIGH,
        "name": "CheckoutDown",
        "starts_at": START + timedelta(seconds=starts),
        "ends_at": START + timedelta(seconds=starts + 1) if status == "resolved" else None,
        "title": "Checkout is down",
        "group_labels": {"alertname": "CheckoutDown", "namespace": "pay", "service": "checkout"},
        "service": "checkout",
        "entities": (EntityHint(kind="pod", name=pod, namespace="pay"),),
    }
    return NormalisedSignal(**(given | fields))
