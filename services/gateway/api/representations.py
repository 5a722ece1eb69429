"""How records look on the wire where that is more, or less, than the record itself."""

from datetime import datetime
from typing import Any

import msgspec

from services.gateway.api.action_views import ActionSummary, may_expire, newest_actions
from services.gateway.api.current import is_number
from services.gateway.api.diagnosis_shapes import DiagnosisView
from services.gateway.api.holdings import view_holdings
from services.gateway.api.investigation_shapes import (
    NOTHING_SHOWN,
    InvestigationView,
    ShownGraph,
    decode_shown,
    view_investigation,
)
from services.gateway.api.task_shapes import TaskBrief
from services.gateway.domain.actions.policy import ApprovalPolicy
from services.gateway.domain.durations import Durations, measure
from services.gateway.domain.lifecycle import ALLOWED
from services.gateway.domain.merging import follow
from services.gateway.domain.records import (
    Activity,
    ChainHead,
    EntryType,
    Hints,
    Incident,
    IncidentGraph,
    IncidentSource,
    IncidentStatus,
    KeptInvestigation,
    Milestones,
    Relation,
    Signal,
    TaskState,
)
from services.gateway.errors import RecordNotFound
from services.gateway.ports import ChainedEntry, RecordQuery, StoreReads
from shared.contracts.base import Contract
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint

_LINKS = (
    "timeline",
    "signals",
    "actions",
    "jobs",
    "tasks",
    "diagnoses",
    "investigations",
    "graph",
    "evidence",
    "report",
    "export",
)
SHOWN_ENTRIES = 20
SHOWN_SIGNALS = 20


class EntryView(Contract, frozen=True, kw_only=True):
    """A timeline entry with its hash."""

    sequence: int
    type: EntryType
    actor: str
    source: str
    occurred_at: datetime
    recorded_at: datetime
    message: str
    payload: dict[str, Any]
    previous_hash: str
    hash: str


class TimelineView(Contract, frozen=True, kw_only=True):
    """The end of a timeline."""

    count: int
    head_sequence: int
    head_hash: str
    href: str
    entries: tuple[EntryView, ...]


class IncidentView(Contract, frozen=True, kw_only=True):
    """An incident whole: head, activity, newest signals and entries, and where the rest is."""

    id: str
    number: int
    ref: str
    title: str
    description: str
    status: IncidentStatus
    allowed_transitions: tuple[IncidentStatus, ...]
    severity: Severity
    severity_pinned: bool
    owner: str | None
    roles: dict[str, str]
    services: tuple[str, ...]
    labels: dict[str, str]
    source: IncidentSource
    dedup_key: str | None
    rule_id: str | None
    relations: tuple[Relation, ...]
    milestones: Milestones
    durations: Durations
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int
    signal_count: int
    firing_count: int
    last_signal_at: datetime | None
    signal_names: tuple[str, ...]
    entities: tuple[EntityHint, ...]
    signals: tuple[Signal, ...]
    actions: tuple[ActionSummary, ...]
    tasks: tuple[TaskBrief, ...]
    task_count: int
    open_task_count: int
    diagnoses: tuple[DiagnosisView, ...]
    diagnosis_count: int
    investigation: InvestigationView | None
    graph_entities: msgspec.Raw
    graph_edges: msgspec.Raw
    correlations: msgspec.Raw
    hypotheses: msgspec.Raw
    timeline: TimelineView
    links: dict[str, str]


def incident_path(incident_id: str) -> str:
    """Return where an incident is."""
    return f"/api/incidents/{incident_id}"


def view_incident(store: StoreReads, policy: ApprovalPolicy, now: datetime, incident_id: str) -> IncidentView:
    """Return the incident as it is shown. Raises ``RecordNotFound``."""
    incident = store.get(Incident, incident_id)
    activity = store.find(Activity, incident_id) or Activity(incident_id=incident_id)
    hints = store.find(Hints, incident_id) or Hints(incident_id=incident_id)
    path = incident_path(incident_id)
    return IncidentView(
        id=incident.id,
        number=incident.number,
        ref=f"INC-{incident.number}",
        title=incident.title,
        description=incident.description,
        status=incident.status,
        allowed_transitions=ALLOWED[incident.status],
        severity=incident.severity,
        severity_pinned=incident.severity_pinned,
        owner=incident.owner,
        roles=incident.roles,
        services=incident.services,
        labels=incident.labels,
        source=incident.source,
        dedup_key=incident.dedup_key,
        rule_id=incident.rule_id,
        relations=incident.relations,
        milestones=incident.milestones,
        durations=measure(incident.milestones),
        created_by=incident.created_by,
        created_at=incident.created_at,
        updated_at=max(incident.updated_at, activity.last_signal_at or incident.updated_at),
        version=incident.version,
        signal_count=activity.signal_count,
        firing_count=activity.firing_count,
        last_signal_at=activity.last_signal_at,
        signal_names=hints.signal_names,
        entities=hints.entities,
        signals=_newest_signals(store, incident_id) if activity.signal_count else (),
        actions=newest_actions(store, policy, now, incident_id),
        **view_holdings(store, incident_id, path, now)._asdict(),
        **_view_investigated(store, incident_id),
        timeline=_view_timeline(store, incident_id, f"{path}/timeline"),
        links={"self": path} | {name: f"{path}/{name}" for name in _LINKS},
    )


def _newest_signals(store: StoreReads, incident_id: str) -> tuple[Signal, ...]:
    query = RecordQuery(parent=incident_id, limit=SHOWN_SIGNALS, with_total=False)
    return tuple(store.list_records(Signal, query).records)


def shown_until(view: IncidentView, policy: ApprovalPolicy, now: datetime) -> datetime | None:
    """Return when the view made at ``now`` is not true any more without anything being written; None: it stays so."""
    if any(may_expire(action, policy) for action in view.actions):
        return now
    due = (task.due_at for task in view.tasks if task.state is TaskState.OPEN and not task.is_overdue)
    return min((moment for moment in due if moment is not None), default=None)


def view_entry(chained: ChainedEntry) -> EntryView:
    """Return a timeline entry as it is shown."""
    entry = chained.entry
    return EntryView(
        sequence=entry.sequence,
        type=entry.type,
        actor=entry.actor,
        source=entry.source,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        message=entry.message,
        payload=entry.payload,
        previous_hash=entry.previous_hash,
        hash=chained.hash,
    )


def resolve_incident_id(store: StoreReads, name: str) -> str:
    """Return the id of the incident called ``inc_…`` or ``INC-42``. Raises ``RecordNotFound``.

    An id is not looked up here: whoever reads the record learns whether it is there.
    """
    prefix, _, digits = name.partition("-")
    if prefix.upper() != "INC" or not is_number(digits):
        return name
    found = store.find_incident_id(int(digits))
    if found is None:
        raise RecordNotFound(f"There is no incident {name}.")
    return found


def find_target(store: StoreReads, incident_id: str) -> str | None:
    """Return the final target of a merged incident; None if it is not merged, or its target is no longer kept."""
    incident = store.find(Incident, incident_id)
    way = follow(incident, lambda one: store.find(Incident, one)) if incident is not None else []
    return way[-1].id if way else None


def _view_investigated(store: StoreReads, incident_id: str) -> dict[str, Any]:
    """Return the investigation that is under way, else the newest done, and what the newest done found."""
    graph = store.find(IncidentGraph, incident_id)
    shown = decode_shown(graph.shown) if graph is not None and graph.shown else NOTHING_SHOWN
    latest = graph.running_id or graph.queued_id or graph.newest_id if graph is not None else None
    record = store.find(KeptInvestigation, latest) if latest else None
    return {
        "investigation": view_investigation(record) if record is not None else None,
        **{name: getattr(shown, name) for name in ShownGraph.__struct_fields__},
    }


def _view_timeline(store: StoreReads, incident_id: str, path: str) -> TimelineView:
    newest = store.list_newest_entries(incident_id, SHOWN_ENTRIES)
    # The head is read off the newest entry, so that the two always agree.
    head = newest[-1] if newest else None
    return TimelineView(
        count=head.entry.sequence if head else 0,
        head_sequence=head.entry.sequence if head else 0,
        head_hash=head.hash if head else ChainHead(incident_id=incident_id).hash,
        href=path,
        entries=tuple(view_entry(chained) for chained in newest),
    )
