"""Record what the graph worker reports: check the bytes, keep them as they came, and say what they hold."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from services.gateway.domain import diagnoses
from services.gateway.domain.diagnoses import KeptDiagnosis
from services.gateway.domain.records import CLUSTER_NAMES, Inventory, Job, QuickDx, QuickDxContent
from services.gateway.errors import BlobDamaged, BlobNotFound
from services.gateway.handlers.keep_investigation import FoundInvestigation, keep_investigation
from services.gateway.handlers.kept_bytes import kept_bytes
from services.gateway.ports import Blobs, Transaction
from shared.contracts.cluster_names import decode_cluster_names
from shared.contracts.diagnosis import decode_diagnosis
from shared.contracts.investigation import decode_investigation
from shared.contracts.messages import IncidentInvestigated, InventoryTaken, ResourceDiagnosed, Results
from shared.contracts.queues import DIAGNOSE_RESOURCE, INVESTIGATE_INCIDENT, TAKE_INVENTORY

T = TypeVar("T")
GraphResult = ResourceDiagnosed | InventoryTaken | IncidentInvestigated


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a report cannot be recorded."""

    reason: str


Read = KeptDiagnosis | InventoryTaken | FoundInvestigation | Unreadable


def read_graph_results(blobs: Blobs, results: Results) -> dict[str, Read]:
    """Return what each report of the graph worker says, by job id: blobs are read before the commit, not within."""
    found = (result for result in results.results if isinstance(result, GraphResult))
    return {result.job_id: _read(blobs, result) for result in found}


def record_graph(tx: Transaction, job: Job, result: GraphResult, read: Mapping[str, Read]) -> str | None:
    """Keep what ``result`` brought for ``job``; return None, or why that is not possible."""
    known = read[result.job_id]
    if isinstance(known, Unreadable):
        return known.reason
    if job.kind == DIAGNOSE_RESOURCE and isinstance(known, KeptDiagnosis):
        return _keep_diagnosis(tx, job, known)
    if job.kind == TAKE_INVENTORY and isinstance(known, InventoryTaken):
        _keep_inventory(tx, known)
        return None
    if job.kind == INVESTIGATE_INCIDENT and isinstance(known, FoundInvestigation):
        return keep_investigation(tx, job, known)
    return f"the worker reported {type(result).__name__} for a job {job.kind}"


def _read(blobs: Blobs, result: GraphResult) -> Read:
    try:
        content = kept_bytes(blobs, result.text, result.blob)
    except (BlobNotFound, BlobDamaged) as error:
        return Unreadable(f"what was reported cannot be read: {error.code}")
    if isinstance(result, InventoryTaken):
        names = _decoded(decode_cluster_names, content)
        return names if isinstance(names, Unreadable) else result
    digest = result.blob or hashlib.sha256(content).hexdigest()
    if isinstance(result, IncidentInvestigated):
        found = _decoded(decode_investigation, content)
        if isinstance(found, Unreadable):
            return found
        return FoundInvestigation(found, digest, len(content), result.text, result.snapshot)
    diagnosis = _decoded(decode_diagnosis, content)
    if isinstance(diagnosis, Unreadable):
        return diagnosis
    return KeptDiagnosis(diagnosis, digest, len(content), result.text)


def _decoded(decode: Callable[[bytes], T], content: bytes) -> T | Unreadable:
    try:
        return decode(content)
    except msgspec.DecodeError as error:
        return Unreadable(f"what was reported is not of the contract: {error}")


def _keep_diagnosis(tx: Transaction, job: Job, kept: KeptDiagnosis) -> str | None:
    waiting = tx.find(QuickDx, str(job.payload.get("quickdxId", "")))
    if waiting is None:
        return "what asked for it was removed meanwhile"
    tx.put(
        QuickDxContent(
            quickdx_id=waiting.id,
            digest=kept.digest,
            size_bytes=kept.size_bytes,
            text=kept.text,
            blob=None if kept.text is not None else kept.digest,
        )
    )
    tx.put(msgspec.structs.replace(waiting, **diagnoses.outline(kept.diagnosis)))
    return None


def _keep_inventory(tx: Transaction, taken: InventoryTaken) -> None:
    known = tx.find(Inventory, CLUSTER_NAMES)
    job_id = known.job_id if known is not None else taken.job_id
    tx.put(Inventory(job_id=job_id, taken_at=tx.now, text=taken.text, blob=taken.blob))
