"""Keep what an investigation found, and tell the incident's timeline what is new of it; follow its job."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from services.gateway.domain import investigations
from services.gateway.domain.records import (
    Incident,
    IncidentGraph,
    IncidentStatus,
    InvestigationContent,
    InvestigationSnapshot,
    InvestigationState,
    Job,
    JobState,
    KeptInvestigation,
)
from services.gateway.handlers.approver_roles import Reads
from services.gateway.handlers.put_investigation import find_graph, find_under_way, note_begun, note_ended, note_waiting
from services.gateway.ports import Transaction
from shared.contracts.investigation import Investigation

# Of an incident the first is kept, which saw it begin, and the newest.
MOST_KEPT = 20
_STATES = {
    JobState.PENDING: InvestigationState.QUEUED,
    JobState.HANDED: InvestigationState.QUEUED,
    JobState.RUNNING: InvestigationState.RUNNING,
    JobState.SUCCEEDED: InvestigationState.DONE,
    JobState.FAILED: InvestigationState.FAILED,
    JobState.CANCELLED: InvestigationState.FAILED,
    JobState.UNKNOWN: InvestigationState.FAILED,
}


@dataclass(frozen=True, slots=True)
class FoundInvestigation:
    """An investigation with the bytes it is kept as: ``text`` where they are few, else those of the blob ``digest``."""

    found: Investigation
    digest: str
    size_bytes: int
    text: str | None
    snapshot: str


def keep_investigation(tx: Transaction, job: Job, kept: FoundInvestigation) -> str | None:
    """Keep what was found for ``job``; return None, or why that is not possible.

    Nothing a person entered is changed: what was found stands beside it. What the timeline tells of already is not
    told again.
    """
    asked = tx.find(KeptInvestigation, str(job.payload.get("investigationId", "")))
    incident = tx.find(Incident, asked.incident_id) if asked is not None else None
    if asked is None or incident is None:
        return "what asked for it was removed meanwhile"
    if incident.status is IncidentStatus.MERGED:
        return "its incident was merged into another meanwhile"
    if kept.found.incident_id != asked.incident_id:
        return "the worker reported on another incident"
    graph = find_graph(tx, asked.incident_id)
    drafts, told = investigations.news(asked, kept.found, graph.told)
    for draft in drafts:
        tx.append(asked.incident_id, draft)
    # A worker's clock that goes ahead must not hide what others see later.
    outline = investigations.outline(kept.found) | {"observed_at": min(kept.found.observed_at, tx.now)}
    tx.put(msgspec.structs.replace(asked, **outline))
    tx.put(_content(asked, kept))
    tx.put(
        InvestigationSnapshot(investigation_id=asked.id, incident_id=asked.incident_id, digest=kept.snapshot),
    )
    graph = msgspec.structs.replace(graph, told=investigations.remember(graph.told, told))
    tx.put(_with_newest(tx, graph, asked.id, kept.found))
    return None


def follow_investigation(tx: Transaction, job: Job) -> None:
    """Give the investigation that waits for ``job`` the state the job has now."""
    waiting = tx.find(KeptInvestigation, str(job.payload.get("investigationId", "")))
    if waiting is None or waiting.job_id != job.id:
        return
    moved = msgspec.structs.replace(
        waiting,
        state=_STATES[job.state],
        error=job.error,
        finished_at=tx.now if job.state.is_final else None,
    )
    tx.put(moved)
    if moved.state is InvestigationState.QUEUED:
        note_waiting(tx, moved)
    elif moved.state is InvestigationState.RUNNING:
        note_begun(tx, moved)
    else:
        note_ended(tx, moved)


def why_not_again(reads: Reads, job: Job) -> str | None:
    """Return why the investigation that waited for ``job``, which has ended, cannot be done again; None if it can."""
    waiting = reads.find(KeptInvestigation, str(job.payload.get("investigationId", "")))
    if waiting is None or waiting.state is not InvestigationState.FAILED:
        return "The investigation it was for is gone, or was done meanwhile; ask for another."
    incident = reads.find(Incident, waiting.incident_id)
    if incident is None or incident.status is IncidentStatus.MERGED:
        return "The incident it was for is gone, or was merged into another."
    if other := find_under_way(reads, waiting.incident_id):
        return f"{other[0].id} is under way for the same incident."
    return None


def wait_again(tx: Transaction, again: Job) -> None:
    """Let the investigation that waited for a job that failed wait for ``again``, since a person wants it.

    Only where ``why_not_again`` says nothing against it.
    """
    waiting = tx.get(KeptInvestigation, str(again.payload["investigationId"]))
    asked = msgspec.structs.replace(
        waiting, job_id=again.id, state=InvestigationState.QUEUED, error=None, finished_at=None, is_awaited=True
    )
    tx.put(asked)
    note_waiting(tx, asked)


def _content(asked: KeptInvestigation, kept: FoundInvestigation) -> InvestigationContent:
    return InvestigationContent(
        investigation_id=asked.id,
        incident_id=asked.incident_id,
        digest=kept.digest,
        size_bytes=kept.size_bytes,
        text=kept.text,
        blob=None if kept.text is not None else kept.digest,
    )


def _with_newest(tx: Transaction, graph: IncidentGraph, investigation_id: str, found: Investigation) -> IncidentGraph:
    """Return ``graph`` with one more that is kept: a slow one that saw an older state never hides a newer one."""
    kept = tuple(sorted({*graph.kept_ids, investigation_id}, key=lambda one: _seen_at(tx, one)))
    is_newest = kept[-1] == investigation_id
    return msgspec.structs.replace(
        graph,
        newest_id=kept[-1],
        kept_ids=_keep_few(tx, kept),
        shown=investigations.shown(found) if is_newest else graph.shown,
    )


def _seen_at(tx: Transaction, investigation_id: str) -> tuple[float, str]:
    record = tx.find(KeptInvestigation, investigation_id)
    seen: datetime | None = record.observed_at if record is not None else None
    return (seen.timestamp() if seen is not None else 0.0, investigation_id)


def _keep_few(tx: Transaction, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the content of those between the first and the newest; their records go on telling what they found."""
    if len(ids) <= MOST_KEPT:
        return ids
    kept = (ids[0], *ids[-(MOST_KEPT - 1) :])
    for investigation_id in ids:
        if investigation_id not in kept:
            tx.remove(InvestigationContent, investigation_id)
            tx.remove(InvestigationSnapshot, investigation_id)
    return kept
