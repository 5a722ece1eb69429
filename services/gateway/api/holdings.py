"""What an incident embeds of its tasks and diagnoses: the few a person looks for first, and how many there are."""

from datetime import datetime
from typing import NamedTuple

from services.gateway.api.diagnosis_shapes import DiagnosisView, view_diagnosis
from services.gateway.api.task_shapes import TaskBrief, brief_task
from services.gateway.domain.records import AttachedDiagnosis, Holdings, Task, TaskState
from services.gateway.ports import RecordQuery, StoreReads

SHOWN_TASKS = 20
SHOWN_DIAGNOSES = 5


class HoldingsView(NamedTuple):
    """The open tasks, those due first before the others, then others; the newest diagnoses; the counts."""

    tasks: tuple[TaskBrief, ...] = ()
    task_count: int = 0
    open_task_count: int = 0
    diagnoses: tuple[DiagnosisView, ...] = ()
    diagnosis_count: int = 0


def view_holdings(store: StoreReads, incident_id: str, path: str, now: datetime) -> HoldingsView:
    """Return what the incident at ``path`` embeds; it costs one look-up where there is nothing."""
    holdings = store.find(Holdings, incident_id)
    if holdings is None:
        return HoldingsView()
    tasks, open_count = _first_tasks(store, incident_id) if holdings.task_ids else ((), 0)
    diagnoses: tuple[AttachedDiagnosis, ...] = ()
    if holdings.diagnosis_ids:
        newest = RecordQuery(parent=incident_id, limit=SHOWN_DIAGNOSES, with_total=False)
        diagnoses = tuple(store.list_records(AttachedDiagnosis, newest).records)
    return HoldingsView(
        tasks=tuple(brief_task(task, now) for task in tasks),
        task_count=len(holdings.task_ids),
        open_task_count=open_count,
        diagnoses=tuple(view_diagnosis(record, path) for record in diagnoses),
        diagnosis_count=len(holdings.diagnosis_ids),
    )


def _first_tasks(store: StoreReads, incident_id: str) -> tuple[tuple[Task, ...], int]:
    open_ones = RecordQuery(parent=incident_id, states=(TaskState.OPEN,), oldest_first=True, limit=SHOWN_TASKS)
    page = store.list_records(Task, open_ones)
    room = SHOWN_TASKS - len(page.records)
    if not room:
        return tuple(page.records), page.total or 0
    rest = RecordQuery(
        parent=incident_id,
        states=(TaskState.DONE, TaskState.CANCELLED),
        oldest_first=True,
        limit=room,
        with_total=False,
    )
    return (*page.records, *store.list_records(Task, rest).records), page.total or 0
