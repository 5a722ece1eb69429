"""Put an investigation and its job; of an incident one runs and one waits to begin, at most."""

from datetime import datetime, timedelta

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
from services.gateway.handlers.approver_roles import Reads
from services.gateway.ports import Transaction
from services.gateway.trail import current_trail
from shared.contracts.queues import INVESTIGATE_INCIDENT, Queue

# An incident that is asked about for months keeps what is told of it, and the records of the newest.
MOST_ASKED = 200
_MOST_ATTEMPTS = 3
# One at a time; what is asked for meanwhile begins when that ends, and in any case after this time.
HELD_BACK = timedelta(minutes=15)


def find_graph(reads: Reads, incident_id: str) -> IncidentGraph:
    """Return what the incident knows of its investigations."""
    return reads.find(IncidentGraph, incident_id) or IncidentGraph(incident_id=incident_id)


def find_under_way(reads: Reads, incident_id: str) -> list[KeptInvestigation]:
    """Return the investigations of the incident that are under way: the queued one before the one that runs."""
    graph = find_graph(reads, incident_id)
    found = (reads.find(KeptInvestigation, one) for one in (graph.queued_id, graph.running_id) if one)
    return [one for one in found if one is not None and one.state.is_under_way]


def put_investigation(tx: Transaction, asked: KeptInvestigation, not_before: datetime | None = None) -> None:
    """Put ``asked`` with its job, in place of one that is queued; it begins once the one that runs has ended."""
    end_queued(tx, asked.incident_id, f"replaced by {asked.id}")
    graph = find_graph(tx, asked.incident_id)
    tx.put(asked)
    tx.put(
        Job(
            id=asked.job_id,
            kind=INVESTIGATE_INCIDENT,
            queue=Queue.GRAPH,
            incident_id=asked.incident_id,
            payload={"investigationId": asked.id},
            max_attempts=_MOST_ATTEMPTS,
            not_before=not_before if graph.running_id is None else tx.now + HELD_BACK,
            created_by=asked.requested_by,
            created_at=tx.now,
            trail=current_trail(),
        )
    )
    ids = _drop_oldest(tx, graph, (*graph.asked_ids, asked.id))
    tx.put(msgspec.structs.replace(graph, queued_id=asked.id, asked_ids=ids, is_left_out=False))


def await_investigation(tx: Transaction, given: KeptInvestigation) -> str:
    """Note that a person waits for ``given``, let it begin at once if nothing runs before it, and return its id."""
    if not given.is_awaited:
        tx.put(msgspec.structs.replace(given, is_awaited=True))
    if given.state is InvestigationState.QUEUED and find_graph(tx, given.incident_id).running_id is None:
        _let_begin(tx, given)
    return given.id


def end_queued(tx: Transaction, incident_id: str, why: str) -> None:
    """Take back the investigation of the incident that is queued, if one is.

    Of one that nobody waits for nothing stays but its job, which is cancelled; one that a person waits for says why.
    """
    graph = find_graph(tx, incident_id)
    queued = tx.find(KeptInvestigation, graph.queued_id) if graph.queued_id else None
    if queued is None:
        return
    tx.put(msgspec.structs.replace(graph, queued_id=None))
    take_back(tx, queued, why)


def leave_out_no_more(tx: Transaction, incident_id: str) -> None:
    """Note that nobody misses an investigation of the incident any more."""
    graph = tx.find(IncidentGraph, incident_id)
    if graph is not None and graph.is_left_out:
        tx.put(msgspec.structs.replace(graph, is_left_out=False))


def take_back(tx: Transaction, queued: KeptInvestigation, why: str) -> None:
    """End one that is queued, with its job, because of ``why``."""
    job = tx.find(Job, queued.job_id)
    if job is not None and not job.state.is_final:
        tx.put(msgspec.structs.replace(job, state=JobState.CANCELLED, finished_at=tx.now, error=why))
    if queued.is_awaited:
        ended = msgspec.structs.replace(queued, state=InvestigationState.FAILED, error=why, finished_at=tx.now)
        tx.put(ended)
        return
    tx.remove(KeptInvestigation, queued.id)
    graph = find_graph(tx, queued.incident_id)
    tx.put(msgspec.structs.replace(graph, asked_ids=tuple(one for one in graph.asked_ids if one != queued.id)))


def note_begun(tx: Transaction, begun: KeptInvestigation) -> None:
    """Note that a worker is at ``begun``."""
    graph = find_graph(tx, begun.incident_id)
    queued_id = None if graph.queued_id == begun.id else graph.queued_id
    tx.put(msgspec.structs.replace(graph, queued_id=queued_id, running_id=begun.id))


def note_waiting(tx: Transaction, again: KeptInvestigation) -> None:
    """Note that ``again`` waits for another attempt; where another was asked for meanwhile, that is done instead."""
    graph = find_graph(tx, again.incident_id)
    if graph.queued_id not in {None, again.id}:
        take_back(tx, again, f"replaced by {graph.queued_id}")
        note_ended(tx, again)
        return
    running_id = None if graph.running_id == again.id else graph.running_id
    tx.put(msgspec.structs.replace(graph, queued_id=again.id, running_id=running_id))


def note_ended(tx: Transaction, ended: KeptInvestigation) -> None:
    """Note that ``ended`` is neither queued nor running any more; what waited for it begins."""
    graph = find_graph(tx, ended.incident_id)
    was_running = graph.running_id == ended.id
    queued_id = None if graph.queued_id == ended.id else graph.queued_id
    if not was_running and queued_id == graph.queued_id:
        return
    running_id = None if was_running else graph.running_id
    tx.put(msgspec.structs.replace(graph, queued_id=queued_id, running_id=running_id))
    queued = tx.find(KeptInvestigation, queued_id) if was_running and queued_id else None
    if queued is not None:
        _let_begin(tx, queued)


def _let_begin(tx: Transaction, queued: KeptInvestigation) -> None:
    job = tx.find(Job, queued.job_id)
    # What waits for another attempt waits on: its worker failed a moment ago.
    if job is not None and job.attempt == 0 and not job.state.is_final and job.not_before is not None:
        tx.put(msgspec.structs.replace(job, not_before=None))


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
