"""Incidents that look like a busy year: some words in every fifth of them, some in one of a thousand."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from services.gateway.domain.records import (
    Activity,
    EntryDraft,
    EntryType,
    Hints,
    Incident,
    IncidentSource,
    IncidentStatus,
    Milestones,
    Signal,
)
from services.gateway.ports import Store, Transaction
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint, SignalStatus

YEAR_BEGINS = datetime(2025, 11, 1, tzinfo=UTC)
COMMON_WORD = "timeout"
_COMMON_SHARE = 0.2
_PER_COMMIT = 500
_SYMPTOMS = ("latency above objective", "error budget burns", "pods restart", "queue grows", "disk fills", "5xx rises")
_PARTS = ("checkout", "payment", "search", "catalogue", "basket", "login", "mail", "invoice", "stock", "pricing")
_TEAMS = ("shop", "platform", "data", "identity", "logistics")
# Each is in about every tenth incident, or in more.
COMMON_WORDS = (COMMON_WORD, "unreachable", "saturated", "objective", "catalogue", "logistics", "platform", "checkout")
_OWNERS = (None, None, *(f"person-{n}" for n in range(40)))
# Not merged: such a one has a target, leads readers there, and refuses to be written to.
_STATUSES = (
    *(status for status in IncidentStatus if status is not IncidentStatus.MERGED),
    *[IncidentStatus.CLOSED] * 12,
    *[IncidentStatus.RESOLVED] * 4,
)


def fill(store: Store, count: int) -> None:
    """Put ``count`` incidents, each with activity, a signal and two timeline entries, in bulk commits."""
    rng = random.Random(42)
    for first in range(0, count, _PER_COMMIT):
        batch = [_case(rng, n, count) for n in range(first, min(first + _PER_COMMIT, count))]

        def work(tx: Transaction, batch: list[tuple[Incident, Activity, Signal]] = batch) -> None:
            for incident, activity, hints, signal in batch:
                tx.put(incident)
                tx.put(activity)
                tx.put(hints)
                tx.put(signal)
                for draft in _entries(incident):
                    tx.append(incident.id, draft)

        store.transact(work)


def incident_id(n: int) -> str:
    """Return the id of the incident filled in as the ``n``-th, from 0."""
    return f"inc_{n:026d}"


def _case(rng: random.Random, n: int, count: int) -> tuple[Incident, Activity, Hints, Signal]:
    part, team = rng.choice(_PARTS), rng.choice(_TEAMS)
    service = f"{part}-{rng.randrange(20)}"
    at = YEAR_BEGINS + timedelta(days=365) * (n / count) + timedelta(seconds=rng.randrange(3600))
    cause = COMMON_WORD if rng.random() < _COMMON_SHARE else rng.choice(("refused", "saturated", "unreachable", "slow"))
    severity = rng.choice(list(Severity))
    name = f"{part.title()}{rng.choice(('Latency', 'Errors', 'Saturation', 'Restarts'))}"
    labels = {"team": team, "cluster": f"eu-{rng.randrange(8)}", "namespace": f"{team}-{rng.randrange(30)}"}
    incident = Incident(
        id=incident_id(n),
        title=f"{service}: {rng.choice(_SYMPTOMS)} ({cause})",
        description=f"Seen from zone-{n % 1000:03d}; upstream {rng.choice(_PARTS)} answers {rng.randrange(400, 599)}.",
        status=rng.choice(_STATUSES),
        severity=severity,
        owner=rng.choice(_OWNERS),
        services=(service,),
        labels=labels,
        source=rng.choice((IncidentSource.WEBHOOK, IncidentSource.WEBHOOK, IncidentSource.MANUAL)),
        milestones=Milestones(detected_at=at),
        created_by="system",
        created_at=at,
        updated_at=at + timedelta(minutes=rng.randrange(600)),
    )
    activity = Activity(
        incident_id=incident.id,
        signal_count=1,
        firing_count=n % 2,
        last_signal_at=at,
    )
    entity = EntityHint(kind="service", name=service, namespace=labels["namespace"])
    hints = Hints(incident_id=incident.id, signal_names=(name,), entities=(entity,))
    return incident, activity, hints, _signal(incident, name, at)


def _signal(incident: Incident, name: str, at: datetime) -> Signal:
    return Signal(
        fingerprint=f"alertmanager:{incident.id}",
        source="alertmanager",
        incident_id=incident.id,
        status=SignalStatus.FIRING,
        severity=incident.severity,
        name=name,
        title=incident.title,
        labels=incident.labels,
        service=incident.services[0],
        starts_at=at,
        accepted_seq=1,
        first_seen_at=at,
        last_seen_at=at,
    )


def _entries(incident: Incident) -> Iterator[EntryDraft]:
    for kind, message in (
        (EntryType.INCIDENT_OPENED, f"Opened by {incident.source}"),
        (EntryType.SIGNAL_JOINED, f"{incident.title} joined"),
    ):
        yield EntryDraft(
            type=kind,
            actor="system",
            source="alertmanager",
            occurred_at=incident.created_at,
            message=message,
            payload={"severity": incident.severity},
        )
