"""Drop an incident with all that is of it, and tell the audit log in the commit that removes it."""

from collections.abc import Callable
from functools import partial

from services.gateway.domain.records import (
    Action,
    ActionPreview,
    AttachedDiagnosis,
    ChainHead,
    EntryType,
    Group,
    Holdings,
    Incident,
    Merge,
    Record,
    Signal,
    Task,
    attached_id,
)
from services.gateway.handlers.move_signals import list_groups
from services.gateway.handlers.write_audit import SYSTEM, write_audit
from services.gateway.ports import RecordQuery, Store, Transaction

IsDue = Callable[[Incident], bool]
_BATCH = 200
# What an incident takes with it when it goes, beside what ``Holdings`` lists; each is found by its ``parent``.
_OF_INCIDENT: tuple[type[Record], ...] = (Signal, Action, ActionPreview)


def drop_incident(store: Store, incident_id: str, is_due: IsDue) -> bool:
    """Drop an incident with all that is of it; False if it is not due any more. The incident goes last.

    ``is_due`` is asked again in every commit: what came back to life meanwhile stays.
    """
    of_incident = RecordQuery(parent=incident_id, limit=_BATCH, with_total=False)
    for kind in _OF_INCIDENT:
        while records := store.list_records(kind, of_incident).records:
            part = partial(_drop_part, incident_id=incident_id, is_due=is_due, records=records)
            removed = store.transact(part)
            if removed is None:
                return False
            if not removed:
                break
    groups = list_groups(store, incident_id)
    return store.transact(lambda tx: _drop_last(tx, incident_id, is_due, groups))


def _drop_part(tx: Transaction, *, incident_id: str, is_due: IsDue, records: list[Record]) -> int | None:
    """Drop those of ``records`` that are still of the incident and return how many; None if it is to stay."""
    incident = tx.find(Incident, incident_id)
    if incident is None or not is_due(incident):
        return None
    current = [tx.find(type(record), record.record_id) for record in records]
    old = [record for record in current if record is not None and record.facets().parent == incident_id]
    for record in old:
        tx.remove(type(record), record.record_id)
    return len(old)


def _drop_last(tx: Transaction, incident_id: str, is_due: IsDue, groups: list[Group]) -> bool:
    incident = tx.find(Incident, incident_id)
    if incident is None or not is_due(incident):
        return False
    for listed in groups:
        group = tx.find(Group, listed.dedup_key)
        if group is not None and group.incident_id == incident_id:
            tx.remove(Group, listed.dedup_key)
    _drop_holdings(tx, incident_id)
    tx.remove(Merge, incident_id)
    head = tx.find(ChainHead, incident_id) or ChainHead(incident_id=incident_id)
    tx.remove_incident(incident_id)
    write_audit(
        tx,
        EntryType.RETENTION_APPLIED,
        SYSTEM,
        f"INC-{incident.number} removed, past its retention",
        incidentId=incident_id,
        number=incident.number,
        entries=head.sequence,
        headHash=head.hash,
    )
    return True


def _drop_holdings(tx: Transaction, incident_id: str) -> None:
    holdings = tx.find(Holdings, incident_id)
    if holdings is None:
        return
    for task_id in holdings.task_ids:
        tx.remove(Task, task_id)
    for diagnosis_id in holdings.diagnosis_ids:
        tx.remove(AttachedDiagnosis, attached_id(incident_id, diagnosis_id))
    tx.remove(Holdings, incident_id)
