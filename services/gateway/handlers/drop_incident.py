"""Drop an incident with all that is of it, and tell the audit log in the commit that removes it."""

from collections.abc import Callable
from functools import partial

import msgspec

from services.gateway.domain.records import (
    Action,
    ActionOutput,
    ActionPreview,
    AttachedDiagnosis,
    ChainHead,
    EditedReport,
    EntryType,
    Group,
    Holdings,
    Incident,
    IncidentGraph,
    InvestigationContent,
    InvestigationSnapshot,
    KeptInvestigation,
    Merge,
    Record,
    Signal,
    Task,
    attached_id,
)
from services.gateway.handlers.move_signals import list_groups
from services.gateway.handlers.write_audit import SYSTEM, write_audit
from services.gateway.ports import RecordQuery, Store, Transaction

IsDue = Callable[[Transaction, Incident], bool]
_PAGE = 1_000
_MOST_AT_ONCE = 40_000
# What an incident takes with it when it goes, beside what ``Holdings`` lists; each is found by its ``parent``.
_OF_INCIDENT: tuple[type[Record], ...] = (
    Signal,
    Action,
    ActionOutput,
    ActionPreview,
    EditedReport,
    KeptInvestigation,
    InvestigationContent,
    InvestigationSnapshot,
)


def drop_incident(store: Store, incident_id: str, is_due: IsDue) -> bool:
    """Drop an incident with all that is of it; False if it is not due any more.

    ``is_due`` is asked in the commit: what came back to life meanwhile stays. It is one commit, so nobody ever meets
    half of an incident; only what is beyond 40,000 records goes before, while the incident is still there.
    """
    found: list[Record] = []
    for kind in _OF_INCIDENT:
        query: RecordQuery | None = RecordQuery(parent=incident_id, limit=_PAGE, with_total=False)
        while query is not None:
            page = store.list_records(kind, query)
            found += page.records
            query = msgspec.structs.replace(query, cursor=page.next_cursor) if page.next_cursor else None
            if len(found) >= _MOST_AT_ONCE:
                if not store.transact(partial(_drop_part, incident_id=incident_id, is_due=is_due, records=found)):
                    return False
                found = []
    groups = list_groups(store, incident_id)
    return store.transact(partial(_drop_last, incident_id=incident_id, is_due=is_due, records=found, groups=groups))


def _drop_part(tx: Transaction, *, incident_id: str, is_due: IsDue, records: list[Record]) -> bool:
    incident = tx.find(Incident, incident_id)
    if incident is None or not is_due(tx, incident):
        return False
    _drop_records(tx, incident_id, records)
    return True


def _drop_records(tx: Transaction, incident_id: str, records: list[Record]) -> None:
    """Drop those of ``records`` that are still of the incident."""
    for listed in records:
        record = tx.find(type(listed), listed.record_id)
        if record is not None and record.facets().parent == incident_id:
            tx.remove(type(record), record.record_id)


def _drop_last(tx: Transaction, *, incident_id: str, is_due: IsDue, records: list[Record], groups: list[Group]) -> bool:
    incident = tx.find(Incident, incident_id)
    if incident is None or not is_due(tx, incident):
        return False
    _drop_records(tx, incident_id, records)
    for listed in groups:
        group = tx.find(Group, listed.dedup_key)
        if group is not None and group.incident_id == incident_id:
            tx.remove(Group, listed.dedup_key)
    _drop_holdings(tx, incident_id)
    tx.remove(Merge, incident_id)
    _drop_investigations(tx, incident_id)
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


def _drop_investigations(tx: Transaction, incident_id: str) -> None:
    """Drop also those that were asked for or kept since the records were listed."""
    graph = tx.find(IncidentGraph, incident_id)
    if graph is None:
        return
    for investigation_id in {*graph.asked_ids, *graph.kept_ids}:
        for kind in (KeptInvestigation, InvestigationContent, InvestigationSnapshot):
            tx.remove(kind, investigation_id)
    tx.remove(IncidentGraph, incident_id)


def _drop_holdings(tx: Transaction, incident_id: str) -> None:
    holdings = tx.find(Holdings, incident_id)
    if holdings is None:
        return
    for task_id in holdings.task_ids:
        tx.remove(Task, task_id)
    for diagnosis_id in holdings.diagnosis_ids:
        tx.remove(AttachedDiagnosis, attached_id(incident_id, diagnosis_id))
    tx.remove(Holdings, incident_id)
