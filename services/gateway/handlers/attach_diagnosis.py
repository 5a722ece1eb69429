"""Attach a diagnosis to an incident, or open an incident from one."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from services.gateway.domain import diagnoses
from services.gateway.domain.access import Subject
from services.gateway.domain.diagnoses import KeptDiagnosis
from services.gateway.domain.records import AttachedDiagnosis, Hints, Holdings, attached_id
from services.gateway.domain.signals import with_entities
from services.gateway.errors import DiagnosisDiffers, RecordNotFound, TooManyDiagnoses
from services.gateway.handlers.kept_bytes import kept_bytes
from services.gateway.handlers.open_incident import open_incident
from services.gateway.handlers.writable import get_writable
from services.gateway.ports import Blobs, Store, Transaction
from shared.contracts.diagnosis import Diagnosis, encode_diagnosis

MOST_DIAGNOSES = 100
# Larger ones are kept as blobs beside the journal.
INLINE_LIMIT = 16 << 10


def keep_diagnosis(blobs: Blobs, diagnosis: Diagnosis) -> KeptDiagnosis:
    """Return the diagnosis as it will be kept; a large one is durable as a blob by then."""
    named = diagnoses.name_diagnosis(diagnosis)
    content = encode_diagnosis(named)
    is_small = len(content) <= INLINE_LIMIT
    digest = hashlib.sha256(content).hexdigest() if is_small else blobs.put(content)
    return KeptDiagnosis(named, digest, len(content), content.decode() if is_small else None)


def attach_diagnosis(tx: Transaction, incident_id: str, subject: Subject, kept: KeptDiagnosis) -> str:
    """Attach it and return its id; the same one again changes nothing.

    Raises ``RecordNotFound``, ``TooManyDiagnoses``, and ``DiagnosisDiffers`` if another one has its id.
    """
    get_writable(tx, incident_id)
    diagnosis_id = kept.diagnosis.id
    known = tx.find(AttachedDiagnosis, attached_id(incident_id, diagnosis_id))
    if known is not None:
        if known.digest != kept.digest:
            raise DiagnosisDiffers(f"The diagnosis {diagnosis_id!r} that is attached has another content.")
        return diagnosis_id
    holdings = tx.find(Holdings, incident_id) or Holdings(incident_id=incident_id)
    if len(holdings.diagnosis_ids) >= MOST_DIAGNOSES:
        raise TooManyDiagnoses(f"It has {MOST_DIAGNOSES} diagnoses.")
    record = diagnoses.attach(kept, incident_id, subject, tx.now)
    tx.put(record)
    tx.put(msgspec.structs.replace(holdings, diagnosis_ids=(*holdings.diagnosis_ids, diagnosis_id)))
    _name_entity(tx, record)
    tx.append(incident_id, diagnoses.attached(record, subject))
    return diagnosis_id


def open_from_diagnosis(tx: Transaction, subject: Subject, fields: Mapping[str, Any], kept: KeptDiagnosis) -> str:
    """Open an incident with ``fields``, and what the diagnosis says where they are silent; return its id."""
    incident_id = open_incident(tx, subject, {**diagnoses.first_fields(kept.diagnosis, tx.now), **fields})
    attach_diagnosis(tx, incident_id, subject, kept)
    return incident_id


def get_diagnosis(store: Store, incident_id: str, diagnosis_id: str) -> AttachedDiagnosis:
    """Return the diagnosis if it is attached to this incident, else raise ``RecordNotFound``."""
    found = store.find(AttachedDiagnosis, attached_id(incident_id, diagnosis_id))
    if found is None:
        raise RecordNotFound(f"This incident has no diagnosis {diagnosis_id!r}.")
    return found


def content_of(record: AttachedDiagnosis, blobs: Blobs) -> bytes:
    """Return the diagnosis whole, as JSON. Raises ``BlobNotFound`` or ``BlobDamaged``."""
    return kept_bytes(blobs, record.text, record.digest)


def _name_entity(tx: Transaction, record: AttachedDiagnosis) -> None:
    hints = tx.find(Hints, record.incident_id) or Hints(incident_id=record.incident_id)
    entities = with_entities(hints.entities, (diagnoses.entity_of(record.resource),))
    if entities is not hints.entities:
        tx.put(msgspec.structs.replace(hints, entities=entities))
