"""Write what an investigation is asked, at the moment its job goes out: with all the signals there are by then."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from services.gateway.domain.investigations import Question
from services.gateway.domain.records import (
    Hints,
    Incident,
    IncidentGraph,
    IncidentStatus,
    InvestigationSnapshot,
    KeptInvestigation,
    Signal,
)
from services.gateway.ports import RecordQuery, StoreReads
from shared.contracts.investigation import InvestigationQuestion, SeedSignal
from shared.contracts.signal import SignalStatus

MOST_SIGNALS = 200
_MOST_LABELS, _LABEL_LENGTH = 30, 500
# Of all signals together; a message travels through the broker.
_MOST_BYTES = 256 << 10
# What fired so long before the incident was opened is another trouble, or one that nobody minds.
_SAME_TROUBLE = timedelta(hours=24)


def write_question(store: StoreReads, investigation_id: str) -> Question | None:
    """Return the question of an investigation that was asked for.

    None if it or its incident was removed meanwhile, or the incident is merged.

    Of an incident with very many signals those that fire and the newest are told.
    """
    asked = store.find(KeptInvestigation, investigation_id)
    incident = store.find(Incident, asked.incident_id) if asked is not None else None
    if asked is None or incident is None or incident.status is IncidentStatus.MERGED:
        return None
    hints = store.find(Hints, incident.id)
    signals = _signals(store, incident.id)
    seeds = _seeds(signals)
    question = InvestigationQuestion(
        incident_id=incident.id,
        trigger=asked.trigger,
        onset=asked.onset or _onset(incident, signals),
        cluster=asked.cluster,
        entities=hints.entities if hints is not None else (),
        services=incident.services,
        labels=incident.labels,
        signals=seeds,
        max_entities=asked.max_entities,
    )
    is_cut = len(signals) >= MOST_SIGNALS or len(seeds) < len(signals)
    left_out = _count_signals(store, incident.id) - len(seeds) if is_cut else 0
    return Question(asked.context, question, _earlier(store, asked), left_out)


def _count_signals(store: StoreReads, incident_id: str) -> int:
    return store.list_records(Signal, RecordQuery(parent=incident_id, limit=1)).total or 0


def _signals(store: StoreReads, incident_id: str) -> list[Signal]:
    found: dict[str, Signal] = {}
    for status in (SignalStatus.FIRING, SignalStatus.RESOLVED):
        query = RecordQuery(
            parent=incident_id, states=(status,), limit=MOST_SIGNALS - len(found) or 1, with_total=False
        )
        if len(found) < MOST_SIGNALS:
            found |= {one.fingerprint: one for one in store.list_records(Signal, query).records}
    return list(found.values())


def _onset(incident: Incident, signals: Iterable[Signal]) -> datetime:
    """Return when the trouble began: what fires may have begun before anyone was told, but not days before."""
    detected = incident.milestones.detected_at
    firing = (one.starts_at for one in signals if one.status is SignalStatus.FIRING)
    return min((detected, *(at for at in firing if detected - at < _SAME_TROUBLE)))


def _seeds(signals: Iterable[Signal]) -> tuple[SeedSignal, ...]:
    """Return the first signals, as many as one message may hold."""
    seeds: list[SeedSignal] = []
    room = _MOST_BYTES
    for seed in map(_seed, signals):
        room -= len(msgspec.json.encode(seed))
        if room < 0:
            break
        seeds.append(seed)
    return tuple(seeds)


def _seed(signal: Signal) -> SeedSignal:
    labels = list(signal.labels.items())[:_MOST_LABELS]
    return SeedSignal(
        id=signal.fingerprint,
        name=signal.name,
        starts_at=signal.starts_at,
        service=signal.service,
        labels={name: value[:_LABEL_LENGTH] for name, value in labels},
        entities=signal.entities,
    )


def _earlier(store: StoreReads, asked: KeptInvestigation) -> str | None:
    """Return the newest snapshot of the same incident in the same cluster."""
    graph = store.find(IncidentGraph, asked.incident_id)
    for investigation_id in reversed(graph.kept_ids if graph is not None else ()):
        before = store.find(KeptInvestigation, investigation_id)
        snapshot = store.find(InvestigationSnapshot, investigation_id)
        if before is not None and snapshot is not None and before.context == asked.context:
            return snapshot.digest
    return None
