"""How records look on the wire where that is more, or less, than the record itself."""

from datetime import datetime
from typing import Any

import msgspec

from services.gateway.api.current import is_number
from services.gateway.domain.lifecycle import ALLOWED
from services.gateway.domain.records import (
    Activity,
    ChainHead,
    EntryType,
    Hints,
    Incident,
    IncidentSource,
    IncidentStatus,
    Milestones,
    Relation,
    Signal,
)
from services.gateway.errors import RecordNotFound
from services.gateway.ports import ChainedEntry, IncidentQuery, RecordQuery, Store
from shared.contracts.base import Contract
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint


class _Numbered(msgspec.Struct):
    id: str
    number: int


_decode_numbered = msgspec.json.Decoder(_Numbered).decode
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
    timeline: TimelineView
    links: dict[str, str]


def incident_path(incident_id: str) -> str:
    """Return where an incident is."""
    return f"/api/incidents/{incident_id}"


def view_incident(store: Store, incident_id: str) -> IncidentView:
    """Return the incident as it is shown. Raises ``RecordNotFound``."""
    incident = store.get(Incident, incident_id)
    activity = store.find(Activity, incident_id) or Activity(incident_id=incident_id)
    hints = store.find(Hints, incident_id) or Hints(incident_id=incident_id)
    path = incident_path(incident_id)
    signals: tuple[Signal, ...] = ()
    if activity.signal_count:
        query = RecordQuery(parent=incident_id, limit=SHOWN_SIGNALS, with_total=False)
        signals = tuple(store.list_records(Signal, query).records)
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
        created_by=incident.created_by,
        created_at=incident.created_at,
        updated_at=max(incident.updated_at, activity.last_signal_at or incident.updated_at),
        version=incident.version,
        signal_count=activity.signal_count,
        firing_count=activity.firing_count,
        last_signal_at=activity.last_signal_at,
        signal_names=hints.signal_names,
        entities=hints.entities,
        signals=signals,
        timeline=_view_timeline(store, incident_id, f"{path}/timeline"),
        links={"self": path} | {name: f"{path}/{name}" for name in ("timeline", "signals", "jobs")},
    )


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


def resolve_incident_id(store: Store, name: str) -> str:
    """Return the id of the incident called ``inc_…`` or ``INC-42``. Raises ``RecordNotFound``.

    An id is not looked up here: whoever reads the record learns whether it is there.
    """
    prefix, _, digits = name.partition("-")
    if prefix.upper() != "INC" or not is_number(digits):
        return name
    number = int(digits)
    query: IncidentQuery | None = IncidentQuery(text=f"INC-{number}", sort="number", limit=200)
    while query is not None:
        page = store.list_incidents(query)
        for item in page.items:
            # The text also finds INC-420, and whatever mentions INC-42.
            numbered = _decode_numbered(item)
            if numbered.number == number:
                return numbered.id
        query = msgspec.structs.replace(query, cursor=page.next_cursor) if page.next_cursor else None
    raise RecordNotFound(f"There is no incident {name}.")


def _view_timeline(store: Store, incident_id: str, path: str) -> TimelineView:
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
