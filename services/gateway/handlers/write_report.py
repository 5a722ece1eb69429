"""Gather what a report is written from, and write it."""

from services.gateway.domain.records import (
    Action,
    Activity,
    AttachedDiagnosis,
    ChainHead,
    Hints,
    Incident,
    Signal,
    Task,
    TimelineEntry,
)
from services.gateway.domain.report import ReportAction, ReportInput, write_report
from services.gateway.errors import BlobDamaged, BlobNotFound, NotInvestigated, RecordNotFound
from services.gateway.handlers.add_task import MOST_TASKS
from services.gateway.handlers.attach_diagnosis import content_of
from services.gateway.handlers.find_investigation import find_investigation, read_investigation
from services.gateway.ports import Blobs, RecordQuery, Store
from shared.contracts.diagnosis import Diagnosis, decode_diagnosis
from shared.contracts.investigation import Investigation

# Of a longer timeline the beginning and the end are read; nobody reads a report of all of it.
_FIRST_ENTRIES = 4_000
_LAST_ENTRIES = 2_000
_PAGE = 1_000
_MOST_SIGNALS = 200
_MOST_DIAGNOSES = 20
_MOST_ACTIONS = 200
_MOST_DIAGNOSIS_BYTES = 8 << 20


def report_incident(store: Store, blobs: Blobs, incident_id: str) -> str:
    """Return the report of an incident in Markdown. Raises ``RecordNotFound``."""
    return write_report(gather_report(store, blobs, incident_id))


def gather_report(store: Store, blobs: Blobs, incident_id: str) -> ReportInput:
    """Return what there is to tell of an incident, as much of it as a report can hold. Raises ``RecordNotFound``."""
    incident = store.get(Incident, incident_id)
    activity = store.find(Activity, incident_id) or Activity(incident_id=incident_id)
    signals = store.list_records(Signal, _of(incident_id, _MOST_SIGNALS))
    attached = store.list_records(AttachedDiagnosis, _of(incident_id, _MOST_DIAGNOSES))
    diagnoses = _read_diagnoses(blobs, attached.records)
    head = store.find(ChainHead, incident_id) or ChainHead(incident_id=incident_id)
    return ReportInput(
        incident=incident,
        activity=activity,
        hints=store.find(Hints, incident_id) or Hints(incident_id=incident_id),
        signals=tuple(signals.records),
        signal_count=signals.total or 0,
        entries=tuple(_read_entries(store, incident_id, head.sequence)),
        entry_count=head.sequence,
        head_hash=head.hash if head.sequence else "",
        diagnoses=diagnoses,
        diagnosis_count=attached.total or 0,
        investigation=_read_investigation(store, blobs, incident_id),
        tasks=tuple(store.list_records(Task, _of(incident_id, MOST_TASKS)).records),
        actions=tuple(_tell(action) for action in store.list_records(Action, _of(incident_id, _MOST_ACTIONS)).records),
    )


def _tell(action: Action) -> ReportAction:
    """Return what a report says of an action. What ran out and was not marked so yet stands there as it was last."""
    done, end = action.execution, action.end
    return ReportAction(
        title=action.title,
        type=action.type,
        state=action.state,
        risk=action.risk,
        proposed_by=action.proposed_by,
        proposed_at=action.proposed_at,
        decided_by=tuple(approval.by for approval in action.approvals) or ((end.by,) if end else ()),
        executed_by=done.by if done else "",
        executed_at=done.at if done else None,
        result=done.result if done else end.reason if end else "",
    )


def _read_entries(store: Store, incident_id: str, last: int) -> list[TimelineEntry]:
    is_long = last > _FIRST_ENTRIES + _LAST_ENTRIES
    spans = [(0, _FIRST_ENTRIES), (last - _LAST_ENTRIES, last)] if is_long else [(0, last)]
    entries: list[TimelineEntry] = []
    for first, until in spans:
        for after in range(first, until, _PAGE):
            page = store.list_timeline(incident_id, after=after, limit=min(_PAGE, until - after))
            entries += [chained.entry for chained in page]
    return entries


def _read_diagnoses(blobs: Blobs, records: list[AttachedDiagnosis]) -> tuple[Diagnosis, ...]:
    """Return the newest that can be read and are not too much together; a blob that is damaged costs its own part."""
    found: list[Diagnosis] = []
    room = _MOST_DIAGNOSIS_BYTES
    for record in records:
        room -= record.size_bytes
        if room < 0:
            break
        try:
            found.append(decode_diagnosis(content_of(record, blobs)))
        except (BlobNotFound, BlobDamaged):
            continue
    return tuple(found)


def _read_investigation(store: Store, blobs: Blobs, incident_id: str) -> Investigation | None:
    """Return the newest that is done; one whose bytes are damaged costs its own part."""
    try:
        return read_investigation(blobs, find_investigation(store, incident_id, None))
    except (NotInvestigated, RecordNotFound, BlobNotFound, BlobDamaged):
        return None


def _of(incident_id: str, limit: int) -> RecordQuery:
    return RecordQuery(parent=incident_id, limit=limit)
