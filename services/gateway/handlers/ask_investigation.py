"""Ask the graph worker to investigate an incident: when a person wants it, and when the incident opens or moves on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.investigations import choose_place, clusters_named
from services.gateway.domain.records import (
    KNOWN_CLUSTERS,
    GraphClusters,
    Hints,
    Incident,
    IncidentStatus,
    InvestigationState,
    KeptInvestigation,
)
from services.gateway.errors import GraphClusterUnknown
from services.gateway.handlers.investigation_slots import take_slot
from services.gateway.handlers.put_investigation import (
    await_investigation,
    find_graph,
    find_under_way,
    leave_out_no_more,
    put_investigation,
)
from services.gateway.handlers.writable import get_writable
from services.gateway.handlers.write_audit import SYSTEM
from services.gateway.ports import Transaction
from shared.contracts.investigation import Trigger
from shared.ids import new_id

DEFAULT_ENTITIES = 200
# The first alert of an outage is seldom the last: the question is written when the job goes out, with all there are.
GATHERING = timedelta(seconds=10)
_MOVES = {IncidentStatus.MITIGATED: Trigger.MITIGATED, IncidentStatus.RESOLVED: Trigger.RESOLVED}
_ENDED = frozenset({IncidentStatus.CLOSED, IncidentStatus.CANCELLED})
_BACK_FROM = frozenset({IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM, IncidentStatus.CLOSED})


def ask_investigation(tx: Transaction, incident_id: str, subject: Subject, fields: Mapping[str, Any]) -> str:
    """Ask for an investigation and return its id: of the one that is under way, if one is and nothing else is asked.

    ``fields`` may hold ``cluster``, ``max_entities`` and ``since``; what asks for something else than what is under way
    replaces what is queued, and comes after what runs. Raises ``RecordNotFound``, ``IncidentMerged``, and
    ``GraphClusterUnknown`` where no worker can read the cluster, or it cannot be told which one is meant.
    """
    incident = get_writable(tx, incident_id)
    under_way = find_under_way(tx, incident_id)
    if under_way and not fields:
        return await_investigation(tx, under_way[0])
    known = tx.find(GraphClusters, KNOWN_CLUSTERS)
    names = known.names if known is not None else ()
    named = (fields["cluster"],) if "cluster" in fields else clusters_named(incident, tx.find(Hints, incident_id))
    place = choose_place(names, named)
    if place is None:
        raise GraphClusterUnknown(_why_unknown(names, named), known=list(names), named=list(named))
    asked = KeptInvestigation(
        id=new_id("inv"),
        incident_id=incident_id,
        trigger=Trigger.ASKED,
        context=place.context,
        cluster=place.cluster,
        onset=fields.get("since"),
        max_entities=fields.get("max_entities", DEFAULT_ENTITIES),
        job_id=new_id("job"),
        requested_by=subject.id,
        is_awaited=True,
        created_at=tx.now,
    )
    if same := next((one for one in under_way if _is_same(one, asked)), None):
        return await_investigation(tx, same)
    put_investigation(tx, asked)
    return asked.id


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
    elif incident.status in _ENDED:
        leave_out_no_more(tx, incident.id)


def _is_same(one: KeptInvestigation, asked: KeptInvestigation) -> bool:
    return (one.context, one.onset, one.max_entities) == (asked.context, asked.onset, asked.max_entities)


def _ask_by_itself(tx: Transaction, incident: Incident, trigger: Trigger, gathering: timedelta) -> None:
    known = tx.find(GraphClusters, KNOWN_CLUSTERS)
    if known is None or not known.is_automatic:
        return
    place = choose_place(known.names, clusters_named(incident, tx.find(Hints, incident.id)))
    queued = [one for one in find_under_way(tx, incident.id) if one.state is InvestigationState.QUEUED]
    # One that has not begun will see what there is now; one that runs may have looked already.
    if place is None or any(one.is_awaited for one in queued):
        return
    asked = KeptInvestigation(
        id=new_id("inv"),
        incident_id=incident.id,
        trigger=trigger,
        context=place.context,
        cluster=place.cluster,
        max_entities=DEFAULT_ENTITIES,
        job_id=new_id("job"),
        requested_by=SYSTEM,
        created_at=tx.now,
    )
    if take_slot(tx, asked):
        put_investigation(tx, asked, tx.now + gathering if gathering else None)
    elif not queued:
        tx.put(msgspec.structs.replace(find_graph(tx, incident.id), is_left_out=True))


def _why_unknown(known: tuple[str, ...], named: tuple[str, ...]) -> str:
    if not known:
        return "No graph worker has named a cluster it can read."
    words = f"The clusters that can be read are {', '.join(known)}"
    if not named:
        return f"{words}; the incident names none, so say which."
    return f"{words}; {', '.join(named)} is none of them."
