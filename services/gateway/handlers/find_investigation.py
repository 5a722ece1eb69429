"""Find an investigation of an incident that is done, and read what it found."""

from services.gateway.domain.records import Incident, IncidentGraph, InvestigationContent, KeptInvestigation
from services.gateway.errors import NotInvestigated, RecordNotFound
from services.gateway.handlers.kept_bytes import kept_bytes
from services.gateway.ports import Blobs, StoreReads
from shared.contracts.investigation import Investigation, decode_investigation


def find_investigation(store: StoreReads, incident_id: str, investigation_id: str | None) -> InvestigationContent:
    """Return the content of the investigation, or of the newest that is done.

    Raises ``RecordNotFound`` where the incident or the investigation is not there, or its content is no longer kept,
    and ``NotInvestigated`` where nothing was found out yet.
    """
    incident = store.get(Incident, incident_id)
    graph = store.find(IncidentGraph, incident.id) or IncidentGraph(incident_id=incident.id)
    wanted = investigation_id or graph.newest_id
    if wanted is None:
        raise _not_yet(store, graph)
    asked = store.find(KeptInvestigation, wanted)
    if asked is None or asked.incident_id != incident.id:
        raise RecordNotFound(f"This incident has no investigation {wanted!r}.")
    content = store.find(InvestigationContent, wanted)
    if content is None:
        raise RecordNotFound(f"The investigation {wanted!r} is {asked.state}; what it found is not kept.")
    return content


def find_first_like(store: StoreReads, incident_id: str, investigation_id: str) -> InvestigationContent:
    """Return the content of the first investigation of the same cluster that is kept.

    Raises what ``find_investigation`` raises.
    """
    incident = store.get(Incident, incident_id)
    graph = store.find(IncidentGraph, incident.id) or IncidentGraph(incident_id=incident.id)
    wanted = store.find(KeptInvestigation, investigation_id)
    for kept_id in graph.kept_ids:
        kept = store.find(KeptInvestigation, kept_id)
        if kept is not None and wanted is not None and kept.context == wanted.context:
            return find_investigation(store, incident_id, kept_id)
    return find_investigation(store, incident_id, investigation_id)


def read_investigation(blobs: Blobs, content: InvestigationContent) -> Investigation:
    """Return what was found. Raises ``BlobNotFound`` or ``BlobDamaged``."""
    return decode_investigation(kept_bytes(blobs, content.text, content.digest))


def _not_yet(store: StoreReads, graph: IncidentGraph) -> NotInvestigated:
    under_way = graph.running_id or graph.queued_id
    waiting = store.find(KeptInvestigation, under_way) if under_way else None
    if waiting is not None:
        return NotInvestigated("It is being investigated; follow the job.", waitingJobId=waiting.job_id)
    where = f"POST /api/incidents/{graph.incident_id}/investigate"
    why = "Too many investigations waited to begin one more by itself. " if graph.is_left_out else ""
    return NotInvestigated(f"{why}Ask for it: {where}.", waitingJobId=None)
