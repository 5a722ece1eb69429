"""Keep the report of an incident as people edited it, or find it."""

import hashlib

from services.gateway.domain.access import Subject
from services.gateway.domain.records import EditedReport, EntryDraft, EntryType, Incident
from services.gateway.errors import RecordNotFound, VersionConflict
from services.gateway.handlers.writable import get_writable
from services.gateway.ports import StoreReads, Transaction


def edit_report(
    tx: Transaction, incident_id: str, subject: Subject, text: str, versions: tuple[int, ...] | None
) -> str:
    """Keep ``text`` in place of what was kept and return the incident's id; the same text again writes nothing.

    ``versions`` are those the client takes it to be at, 0 where there was none (None: any). The timeline tells who
    edited it, and the SHA-256 of what became of it. Raises ``RecordNotFound``, ``IncidentMerged``, ``VersionConflict``.
    """
    get_writable(tx, incident_id)
    known = tx.find(EditedReport, incident_id)
    version = known.version if known else 0
    if versions is not None and version not in versions:
        raise VersionConflict(f"The report is at version {version} now.", currentVersion=version)
    if known is not None and known.text == text:
        return incident_id
    edited = EditedReport(
        incident_id=incident_id, text=text, version=version + 1, edited_by=subject.id, edited_at=tx.now
    )
    tx.put(edited)
    tx.append(incident_id, _tell(edited))
    return incident_id


def get_edited_report(store: StoreReads, incident_id: str) -> EditedReport:
    """Return the report as people edited it last. Raises ``RecordNotFound``, also where nobody did."""
    store.get(Incident, incident_id)
    found = store.find(EditedReport, incident_id)
    if found is None:
        raise RecordNotFound("Nobody edited the report of this incident.")
    return found


def _tell(edited: EditedReport) -> EntryDraft:
    digest = hashlib.sha256(edited.text.encode()).hexdigest()
    return EntryDraft(
        type=EntryType.REPORT_EDITED,
        actor=edited.edited_by,
        source="api",
        occurred_at=edited.edited_at,
        message=f"Edited the report (version {edited.version})",
        payload={"version": edited.version, "length": len(edited.text), "digest": f"sha256:{digest}"},
    )
