"""Ask the graph worker to investigate an incident: when a person wants it, and when the incident opens or moves on."""

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.investigations import Place, choose_place, clusters_named
from services.gateway.domain.records import (
    KNOWN_CLUSTERS,
    GraphClusters,
    Hints,
    Incident,
    IncidentGraph,
    IncidentStatus,
    InvestigationSlot,
    InvestigationState,
    Job,
    KeptInvestigation,
)
from services.gateway.errors import GraphClusterUnknown
from services.gateway.handlers.writable import get_writable
from services.gateway.handlers.write_audit import SYSTEM
from services.gateway.ports import Transaction
from shared.contracts.investigation import Trigger
from shared.contracts.queues import INVESTIGATE_INCIDENT, Queue
from shared.ids import new_id

DEFAULT_ENTITIES = 200
# The first alert of an outage is seldom the last: the question is written when the job goes out, with all there are.
GATHERING = timedelta(seconds=10)
# Of those nobody asked for: a storm of incidents must not fill the queue that people wait for.
MOST_BY_ITSELF = 50
_MOST_ATTEMPTS = 3
_UNDER_WAY = frozenset({InvestigationState.QUEUED, InvestigationState.RUNNING})
_MOVES = {IncidentStatus.MITIGATED: Trigger.MITIGATED, IncidentStatus.RESOLVED: Trigger.RESOLVED}
_BACK_FROM = frozenset({IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM, IncidentStatus.CLOSED})


def ask_investigation(tx: Transaction, incident_id: str, subject: Subject, fields: Mapping[str, Any]) -> str:
    """Ask for an investigation and return its id: of the one that is under way, if one is.

    ``fields`` may hold ``cluster``, ``max_entities`` and ``since``. Raises ``RecordNotFound``, ``IncidentMerged``, and
    ``GraphClusterUnknown`` where no worker can read the cluster, or it cannot be told which one is meant.
    """
    incident = get_writable(tx, incident_id)
    known = tx.find(GraphClusters, KNOWN_CLUSTERS)
    names = known.names if known is not None else ()
    named = (fields["cluster"],) if "cluster" in fields else clusters_named(incident, tx.find(Hints, incident_id))
    place = choose_place(names, named)
    if place is None:
        raise GraphClusterUnknown(_why_unknown(names, named), known=list(names), named=list(named))
    waiting = _waiting(tx, incident_id)
    if waiting is not None:
        return _hurry(tx, waiting)
    return _put(
        tx,
        KeptInvestigation(
            id=new_id("inv"),
            incident_id=incident_id,
            trigger=Trigger.ASKED,
            context=place.context,
            cluster=place.cluster,
            onset=fields.get("since"),
            max_entities=fields.get("max_entities", DEFAULT_ENTITIES),
            job_id=new_id("job"),
            requested_by=subject.id,
            created_at=tx.now,
        ),
    )


def investigate_opened(tx: Transaction, incident: Incident, *, gathering: timedelta = timedelta()) -> None:
    """Ask on the incident's own account, because it opened or came back; ``gathering``: its signals still come."""
    _ask_by_itself(tx, incident, Trigger.OPENED, gathering)


def investigate_moved(tx: Transaction, before: IncidentStatus, incident: Incident) -> None:
    """Ask on the incident's own account, where its new status asks for another look."""
    if incident.status is before:
        return
    is_back = before in _BACK_FROM and incident.status is IncidentStatus.INVESTIGATING
    trigger = Trigger.OPENED if is_back else _MOVES.get(incident.status)
    if trigger is not None:
        _ask_by_itself(tx, incident, trigger, timedelta())


def _ask_by_itself(tx: Transaction, incident: Incident, trigger: Trigger, gathering: timedelta) -> None:
    known = tx.find(GraphClusters, KNOWN_CLUSTERS)
    if known is None or not known.is_automatic:
        return
    place = choose_place(known.names, clusters_named(incident, tx.find(Hints, incident.id)))
    waiting = _waiting(tx, incident.id)
    # One that has not begun will see what there is now; one that runs may have looked already.
    if place is None or (waiting is not None and waiting.state is InvestigationState.QUEUED):
        return
    slot = _free_slot(tx, incident.id)
    if slot is None:
        graph = tx.find(IncidentGraph, incident.id) or IncidentGraph(incident_id=incident.id)
        tx.put(msgspec.structs.replace(graph, is_left_out=True))
        return
    asked = _by_itself(tx, incident.id, trigger, place)
    tx.put(InvestigationSlot(number=slot, investigation_id=asked.id))
    _put(tx, asked, tx.now + gathering if gathering else None)


def _free_slot(tx: Transaction, incident_id: str) -> int | None:
    """Return a slot that is free; None where all are taken.

    Each incident begins to look at a slot of its own: one count of all would be written by every incident that
    opens, and in a storm they would refuse one another.
    """
    first = zlib.crc32(incident_id.encode())
    numbers = ((first + step) % MOST_BY_ITSELF for step in range(MOST_BY_ITSELF))
    return next((number for number in numbers if _is_free(tx, number)), None)


def _is_free(tx: Transaction, number: int) -> bool:
    slot = tx.find(InvestigationSlot, str(number))
    holder = tx.find(KeptInvestigation, slot.investigation_id) if slot is not None else None
    return holder is None or holder.state not in _UNDER_WAY


def _by_itself(tx: Transaction, incident_id: str, trigger: Trigger, place: Place) -> KeptInvestigation:
    return KeptInvestigation(
        id=new_id("inv"),
        incident_id=incident_id,
        trigger=trigger,
        context=place.context,
        cluster=place.cluster,
        max_entities=DEFAULT_ENTITIES,
        job_id=new_id("job"),
        requested_by=SYSTEM,
        created_at=tx.now,
    )


def _waiting(tx: Transaction, incident_id: str) -> KeptInvestigation | None:
    graph = tx.find(IncidentGraph, incident_id)
    return tx.find(KeptInvestigation, graph.waiting_id) if graph is not None and graph.waiting_id else None


def _hurry(tx: Transaction, waiting: KeptInvestigation) -> str:
    """Let one that still gathers signals go at once, since a person waits for it."""
    job = tx.find(Job, waiting.job_id)
    if job is not None and job.attempt == 0 and job.not_before is not None and job.not_before > tx.now:
        tx.put(msgspec.structs.replace(job, not_before=None))
    return waiting.id


def _put(tx: Transaction, asked: KeptInvestigation, not_before: datetime | None = None) -> str:
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
    graph = tx.find(IncidentGraph, asked.incident_id) or IncidentGraph(incident_id=asked.incident_id)
    tx.put(msgspec.structs.replace(graph, waiting_id=asked.id, is_left_out=False))
    return asked.id


def _why_unknown(known: tuple[str, ...], named: tuple[str, ...]) -> str:
    if not known:
        return "No graph worker has named a cluster it can read."
    words = f"The clusters that can be read are {', '.join(known)}"
    if not named:
        return f"{words}; the incident names none, so say which."
    return f"{words}; {', '.join(named)} is none of them."
