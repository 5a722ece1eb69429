"""Promote a diagnosis that was asked for: open an incident from it, or attach it to one, evidence and all."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.diagnoses import KeptDiagnosis
from services.gateway.domain.records import QuickDx, QuickDxContent, QuickDxState
from services.gateway.errors import DiagnosisNotDone
from services.gateway.handlers.attach_diagnosis import attach_diagnosis, open_from_diagnosis
from services.gateway.handlers.kept_bytes import kept_bytes
from services.gateway.ports import Blobs, StoreReads, Transaction
from shared.contracts.diagnosis import decode_diagnosis

_SHOWN_INCIDENTS = 100


def find_content(store: StoreReads, blobs: Blobs, quickdx_id: str) -> bytes | None:
    """Return the diagnosis as the worker wrote it; None while there is none.

    Raises ``BlobNotFound`` or ``BlobDamaged``.
    """
    content = store.find(QuickDxContent, quickdx_id)
    if content is None:
        return None
    return kept_bytes(blobs, content.text, content.digest)


def get_done(store: StoreReads, blobs: Blobs, quickdx_id: str) -> KeptDiagnosis:
    """Return the diagnosis with the very bytes that are kept of it.

    Raises ``RecordNotFound``, ``DiagnosisNotDone``, and ``BlobNotFound`` or ``BlobDamaged``.
    """
    require_done(store.get(QuickDx, quickdx_id))
    content = store.get(QuickDxContent, quickdx_id)
    raw = kept_bytes(blobs, content.text, content.digest)
    return KeptDiagnosis(decode_diagnosis(raw), content.digest, content.size_bytes, content.text)


def require_done(quickdx: QuickDx) -> None:
    """Raise ``DiagnosisNotDone`` unless it is done."""
    if quickdx.state is not QuickDxState.DONE:
        raise DiagnosisNotDone(f"The diagnosis is {quickdx.state}.", state=str(quickdx.state))


def open_from_quickdx(
    tx: Transaction, subject: Subject, fields: Mapping[str, Any], quickdx_id: str, kept: KeptDiagnosis
) -> str:
    """Open an incident with ``fields``, and what the diagnosis says where they are silent; return its id."""
    incident_id = open_from_diagnosis(tx, subject, fields, kept)
    _note_promotion(tx, quickdx_id, incident_id)
    return incident_id


def attach_quickdx(tx: Transaction, incident_id: str, subject: Subject, quickdx_id: str, kept: KeptDiagnosis) -> str:
    """Attach the diagnosis to an incident and return its id there; doing it again changes nothing.

    Raises what ``attach_diagnosis`` raises.
    """
    diagnosis_id = attach_diagnosis(tx, incident_id, subject, kept)
    _note_promotion(tx, quickdx_id, incident_id)
    return diagnosis_id


def _note_promotion(tx: Transaction, quickdx_id: str, incident_id: str) -> None:
    quickdx = tx.get(QuickDx, quickdx_id)
    if incident_id not in quickdx.incident_ids:
        promoted = (*quickdx.incident_ids, incident_id)[-_SHOWN_INCIDENTS:]
        tx.put(msgspec.structs.replace(quickdx, incident_ids=promoted))
