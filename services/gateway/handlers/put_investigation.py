"""Put an investigation and its job; at most one of an incident waits to begin, and it can be taken back."""

from datetime import datetime

import msgspec

from services.gateway.domain.records import (
    IncidentGraph,
    InvestigationContent,
    InvestigationSnapshot,
    InvestigationState,
    Job,
    JobState,
    KeptInvestigation,
)
from services.gateway.handlers.write_audit import SYSTEM
from services.gateway.ports import Transaction
from shared.contracts.queues import INVESTIGATE_INCIDENT, Queue

# An incident that is asked about for months keeps what is told of it, and the records of the newest.
MOST_ASKED = 200
_MOST_ATTEMPTS = 3


def find_graph(tx: Transaction, incident_id: str) -> IncidentGraph:
    """Return what the incident knows of its investigations."""
    return tx.find(IncidentGraph, incident_id) or IncidentGraph(incident_id=incident_id)


def find_waiting(tx: Transaction, incident_id: str) -> KeptInvestigation | None:
    """Return the investigation of the incident that is queued or running; of two, the one asked for last."""
    graph = find_graph(tx, incident_id)
    return tx.find(KeptInvestigation, graph.waiting_id) if graph.waiting_id else None


def put_investigation(tx: Transaction, asked: KeptInvestigation, not_before: datetime | None = None) -> None:
    """Put ``asked`` with its job, in place of one that is queued; one that runs goes on."""
    end_waiting(tx, asked.incident_id, f"replaced by {asked.id}")
    tx.put(asked)
    tx.put(
        Job(
            id=asked.job_id,
            kind=INVESTIGATE_INCIDENT,
            queue=Queue.GRAPH,
            incident_id=asked.incident_id,
            payload={"investigationId": asked.id},
            max_attempts=_MOST_ATTEMPTS,
            not_before=not_before,
            created_by=asked.requested_by,
            created_at=tx.now,
        )
    )
    graph = find_graph(tx, asked.incident_id)
    ids = _drop_oldest(tx, graph, (*graph.asked_ids, asked.id))
    tx.put(msgspec.structs.replace(graph, waiting_id=asked.id, asked_ids=ids, is_left_out=False))


def end_waiting(tx: Transaction, incident_id: str, why: str) -> None:
    """Take back the investigation of the incident that is queued, if one is.

    Of one that nobody asked for nothing stays but its job, which is cancelled; one that a person waits for says why.
    """
    waiting = find_waiting(tx, incident_id)
    if waiting is None or waiting.state is not InvestigationState.QUEUED:
        return
    job = tx.find(Job, waiting.job_id)
    if job is not None and not job.state.is_final:
        tx.put(msgspec.structs.replace(job, state=JobState.CANCELLED, finished_at=tx.now, error=why))
    graph = find_graph(tx, incident_id)
    ids = graph.asked_ids
    if waiting.requested_by == SYSTEM:
        tx.remove(KeptInvestigation, waiting.id)
        ids = tuple(one for one in ids if one != waiting.id)
    else:
        ended = {"state": InvestigationState.FAILED, "error": why, "finished_at": tx.now}
        tx.put(msgspec.structs.replace(waiting, **ended))
    tx.put(msgspec.structs.replace(graph, waiting_id=None, asked_ids=ids))


def _drop_oldest(tx: Transaction, graph: IncidentGraph, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Remove the oldest records that are too many, but none whose content is kept, or that is under way."""
    excess = len(ids) - MOST_ASKED
    for investigation_id in ids:
        if excess <= 0:
            break
        one = tx.find(KeptInvestigation, investigation_id)
        if investigation_id in graph.kept_ids or (one is not None and one.state.is_under_way):
            continue
        tx.remove(KeptInvestigation, investigation_id)
        tx.remove(InvestigationContent, investigation_id)
        tx.remove(InvestigationSnapshot, investigation_id)
        ids = tuple(other for other in ids if other != investigation_id)
        excess -= 1
    return ids
