"""Ask the graph worker for a diagnosis, or for the names of what there is to diagnose."""

from typing import Any

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.records import CLUSTER_NAMES, Inventory, Job, QuickDx
from services.gateway.ports import Transaction
from services.gateway.trail import current_trail
from shared.contracts.diagnosis import DiagnosedResource
from shared.contracts.queues import DIAGNOSE_RESOURCE, TAKE_INVENTORY, Queue
from shared.ids import new_id

# A read that kills its worker, or hangs until it is killed, is not worth more.
_MOST_ATTEMPTS = 3


def ask_diagnosis(tx: Transaction, subject: Subject, resource: DiagnosedResource) -> str:
    """Ask for the diagnosis of ``resource``; return the id it is asked for under."""
    quickdx_id = new_id("qdx")
    payload = {"quickdxId": quickdx_id, "resource": msgspec.to_builtins(resource)}
    job = _job(DIAGNOSE_RESOURCE, subject.id, payload, tx)
    tx.put(job)
    tx.put(
        QuickDx(
            id=quickdx_id,
            resource=resource,
            job_id=job.id,
            requested_by=subject.id,
            created_at=tx.now,
        )
    )
    return quickdx_id


def ask_inventory(tx: Transaction, asked_by: str) -> str:
    """Ask for the inventory to be taken; return the id of the job: of the one that is under way, if one is.

    ``asked_by`` is the id of a subject, or ``SYSTEM``.
    """
    known = tx.find(Inventory, CLUSTER_NAMES)
    under_way = tx.find(Job, known.job_id) if known is not None else None
    if under_way is not None and not under_way.state.is_final:
        return under_way.id
    job = _job(TAKE_INVENTORY, asked_by, {}, tx)
    tx.put(job)
    tx.put(msgspec.structs.replace(known, job_id=job.id) if known is not None else Inventory(job_id=job.id))
    return job.id


def _job(kind: str, asked_by: str, payload: dict[str, Any], tx: Transaction) -> Job:
    return Job(
        id=new_id("job"),
        kind=kind,
        queue=Queue.GRAPH,
        payload=payload,
        max_attempts=_MOST_ATTEMPTS,
        created_by=asked_by,
        created_at=tx.now,
        trail=current_trail(),
    )
