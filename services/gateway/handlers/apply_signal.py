"""Apply one reported signal to the incidents: open, join, reopen, resolve; and say what became of it."""

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.grouping import (
    OPEN_STATUSES,
    GroupingPolicy,
    Placement,
    derive_dedup_key,
    is_within_reopen_window,
    place,
)
from services.gateway.domain.records import (
    Activity,
    EntryDraft,
    EntryType,
    Group,
    Hints,
    Incident,
    IncidentSource,
    IncidentStatus,
    Milestones,
    Outcome,
    Relation,
    Signal,
    SignalOutcome,
)
from services.gateway.domain.signals import Change
from services.gateway.handlers.acknowledge_signal import acknowledge_signal, triage_if_acknowledged
from services.gateway.handlers.arrival import Arrival, make_outcome
from services.gateway.handlers.auto_resolve import cancel_resolve, schedule_resolve
from services.gateway.handlers.move_by_system import SYSTEM, move_by_system
from services.gateway.ports import Transaction
from shared.contracts.signal import NormalisedSignal
from shared.ids import new_id


def apply_signal(
    tx: Transaction,
    report: NormalisedSignal,
    arrival: Arrival,
    policy: GroupingPolicy,
) -> SignalOutcome:
    """Apply ``report`` within ``tx`` and return its one outcome. Applying an older state changes nothing."""
    if report.starts_at > arrival.received_at:
        # A clock that is ahead must not put an occurrence where no resolve ever reaches it.
        report = msgspec.structs.replace(report, starts_at=arrival.received_at)
    known = tx.find(Signal, report.fingerprint)
    if report.acknowledged:
        return acknowledge_signal(tx, known, report, arrival)
    return _apply(tx, known, report, arrival, policy)


def _apply(
    tx: Transaction,
    known: Signal | None,
    report: NormalisedSignal,
    arrival: Arrival,
    policy: GroupingPolicy,
) -> SignalOutcome:
    change = signals.classify(known, report, arrival.accepted_seq)
    if change is Change.REPEATED and _outlived(tx, known, policy):
        change = Change.REFIRED
    match change:
        case Change.SUPERSEDED:
            # Kept all the same: the state follows from every occurrence, also from one that came late.
            _keep(tx, known, report, arrival, incident_id=_link(known))
            return make_outcome(report, Outcome.IGNORED, _link(known), "a newer state of this signal is known")
        case Change.RESOLVED_UNSEEN:
            _keep(tx, known, report, arrival, incident_id=None)
            return make_outcome(report, Outcome.IGNORED, None, "resolved, and no incident has seen it fire")
        case Change.FIRED:
            return _fire(tx, known, report, arrival, policy)
        case Change.REFIRED:
            return _refire(tx, known, report, arrival, policy)
        case Change.REPEATED | Change.RESOLVED_AGAIN:
            return _repeat(tx, known, report, arrival)
        case Change.RESOLVED:
            return _resolve(tx, known, report, arrival, policy)


def _fire(
    tx: Transaction,
    known: Signal | None,
    report: NormalisedSignal,
    arrival: Arrival,
    policy: GroupingPolicy,
    *,
    recurrence_of: str | None = None,
) -> SignalOutcome:
    dedup_key = derive_dedup_key(report)
    group = tx.find(Group, dedup_key)
    incident = tx.find(Incident, group.incident_id) if group else None
    activity = tx.find(Activity, incident.id) if incident else None
    placement = place(incident, activity, policy, tx.now)
    if incident is None or placement is Placement.OPEN:
        return _open(tx, known, report, arrival, dedup_key, incident, recurrence_of)
    if placement is Placement.REOPEN:
        _reopen(tx, incident, report, arrival)
        _join(tx, known, report, arrival, incident, EntryType.SIGNAL_JOINED)
        return make_outcome(report, Outcome.REOPENED, incident.id, "its group was resolved only a short while ago")
    _join(tx, known, report, arrival, incident, EntryType.SIGNAL_JOINED)
    return make_outcome(report, Outcome.JOINED, incident.id, "its group has an open incident")


def _refire(
    tx: Transaction,
    known: Signal | None,
    report: NormalisedSignal,
    arrival: Arrival,
    policy: GroupingPolicy,
) -> SignalOutcome:
    incident = tx.find(Incident, known.incident_id) if known and known.incident_id else None
    if known is None or incident is None:
        return _fire(tx, known, report, arrival, policy)
    if incident.status in OPEN_STATUSES:
        _join(tx, known, report, arrival, incident, EntryType.SIGNAL_REFIRED)
        return make_outcome(report, Outcome.JOINED, incident.id, "fired again while its incident is open")
    if is_within_reopen_window(incident, policy, tx.now):
        _reopen(tx, incident, report, arrival)
        _join(tx, known, report, arrival, incident, EntryType.SIGNAL_REFIRED)
        return make_outcome(
            report, Outcome.REOPENED, incident.id, "fired again a short while after its incident resolved"
        )
    _leave(tx, known)
    return _fire(tx, known, report, arrival, policy, recurrence_of=incident.id)


def _leave(tx: Transaction, known: Signal) -> None:
    """Take a signal that still counts as firing off its ended incident before it moves to another."""
    activity = tx.find(Activity, known.incident_id or "")
    if activity is not None:
        firing = -1 if known.status == "firing" else 0
        tx.put(
            msgspec.structs.replace(
                activity,
                signal_count=max(0, activity.signal_count - 1),
                firing_count=max(0, activity.firing_count + firing),
            ),
        )


def _outlived(tx: Transaction, known: Signal | None, policy: GroupingPolicy) -> bool:
    """Answer whether a signal still fires long after people resolved its incident by force.

    Their word holds for as long as a resolved incident can be reopened; a cancelled one was no incident at all.
    """
    incident = tx.find(Incident, known.incident_id) if known and known.incident_id else None
    if incident is None or incident.status in OPEN_STATUSES or incident.status is IncidentStatus.CANCELLED:
        return False
    resolved_at = incident.milestones.resolved_at
    return resolved_at is not None and tx.now - resolved_at > policy.reopen_window


def _repeat(tx: Transaction, known: Signal | None, report: NormalisedSignal, arrival: Arrival) -> SignalOutcome:
    """Count a repeat. It writes no timeline entry: a storm of repeats must not bury what people wrote."""
    incident_id = _link(known)
    _keep(tx, known, report, arrival, incident_id=incident_id)
    activity = tx.find(Activity, incident_id) if incident_id else None
    if activity is not None:
        tx.put(signals.note_activity(activity, received_at=arrival.received_at))
    repeated = make_outcome(report, Outcome.JOINED, incident_id, f"{report.status} already")
    return msgspec.structs.replace(repeated, is_repeat=True)


def _resolve(
    tx: Transaction,
    known: Signal | None,
    report: NormalisedSignal,
    arrival: Arrival,
    policy: GroupingPolicy,
) -> SignalOutcome:
    incident_id = _link(known)
    _keep(tx, known, report, arrival, incident_id=incident_id)
    incident = tx.find(Incident, incident_id) if incident_id else None
    if incident is None:
        return make_outcome(report, Outcome.IGNORED, incident_id, "its incident is no longer kept")
    activity = tx.find(Activity, incident.id) or Activity(incident_id=incident.id)
    activity = signals.note_activity(activity, received_at=arrival.received_at, firing=-1)
    _append(tx, incident.id, EntryType.SIGNAL_RESOLVED, report, arrival, f"{report.name} resolved")
    if activity.firing_count <= 0 and incident.status in OPEN_STATUSES:
        activity = schedule_resolve(tx, activity, policy)
    tx.put(activity)
    return make_outcome(report, Outcome.JOINED, incident.id, "resolved")


def _open(
    tx: Transaction,
    known: Signal | None,
    report: NormalisedSignal,
    arrival: Arrival,
    dedup_key: str,
    previous: Incident | None,
    recurrence_of: str | None,
) -> SignalOutcome:
    if previous is not None and previous.status in OPEN_STATUSES:
        # It stays open for the people working on it, but its group's new signals go to the new incident.
        tx.put(msgspec.structs.replace(previous, dedup_key=None))
        relations: tuple[Relation, ...] = (Relation(type="related", incident_id=previous.id),)
    else:
        earlier = recurrence_of or (previous.id if previous is not None else None)
        relations = (Relation(type="recurrence_of", incident_id=earlier),) if earlier else ()
    incident = Incident(
        id=new_id("inc"),
        title=report.title,
        description=report.description,
        severity=report.severity,
        services=(report.service,) if report.service else (),
        labels=dict(report.group_labels),
        source=IncidentSource.WEBHOOK,
        dedup_key=dedup_key,
        relations=relations,
        milestones=Milestones(detected_at=arrival.received_at),
        created_by=SYSTEM,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.put(incident)
    tx.put(Group(dedup_key=dedup_key, incident_id=incident.id, opened_at=tx.now))
    _append(tx, incident.id, EntryType.INCIDENT_OPENED, report, arrival, f"Opened by {report.name}: {report.title}")
    _keep(tx, known, report, arrival, incident_id=incident.id)
    activity = Activity(incident_id=incident.id)
    tx.put(signals.note_activity(activity, received_at=arrival.received_at, linked=1, firing=1))
    _note_hints(tx, incident.id, report)
    reason = "its group had no incident to join" if not relations else f"{relations[0].type} {relations[0].incident_id}"
    return make_outcome(report, Outcome.OPENED, incident.id, reason)


def _join(
    tx: Transaction,
    known: Signal | None,
    report: NormalisedSignal,
    arrival: Arrival,
    incident: Incident,
    entry: EntryType,
) -> None:
    linked_before = known is not None and known.incident_id == incident.id
    fired_before = linked_before and known is not None and known.status == "firing"
    activity = tx.find(Activity, incident.id) or Activity(incident_id=incident.id)
    activity = cancel_resolve(tx, activity)
    tx.put(
        signals.note_activity(
            activity,
            received_at=arrival.received_at,
            linked=0 if linked_before else 1,
            firing=0 if fired_before else 1,
        ),
    )
    _note_hints(tx, incident.id, report)
    verb = "fired again" if entry is EntryType.SIGNAL_REFIRED else "joined"
    _append(tx, incident.id, entry, report, arrival, f"{report.name} {verb}")
    _raise_severity(tx, incident.id, report, arrival)
    _keep(tx, known, report, arrival, incident_id=incident.id)


def _note_hints(tx: Transaction, incident_id: str, report: NormalisedSignal) -> None:
    hints = tx.find(Hints, incident_id) or Hints(incident_id=incident_id)
    noted = signals.note_hints(hints, report)
    if noted is not hints:
        tx.put(noted)


def _raise_severity(tx: Transaction, incident_id: str, report: NormalisedSignal, arrival: Arrival) -> None:
    # Read again: a reopen in this transaction has put a newer head.
    incident = tx.get(Incident, incident_id)
    if incident.severity_pinned or not report.severity.is_worse_than(incident.severity):
        return
    # The version stays: a person's edit that is under way must not be refused because an alert came in.
    tx.put(msgspec.structs.replace(incident, severity=report.severity, updated_at=tx.now))
    message = f"Severity raised from {incident.severity} to {report.severity} by {report.name}"
    _append(tx, incident_id, EntryType.SEVERITY_RAISED, report, arrival, message)


def _reopen(tx: Transaction, incident: Incident, report: NormalisedSignal, arrival: Arrival) -> None:
    milestones = msgspec.structs.replace(incident.milestones, resolved_at=None, closed_at=None)
    move_by_system(
        tx,
        incident,
        IncidentStatus.INVESTIGATING,
        milestones,
        source=report.source,
        occurred_at=arrival.received_at,
        message=f"Reopened: {report.name} fired again",
        reason="signal fired again",
        fingerprint=report.fingerprint,
        deliveryId=arrival.delivery_id,
    )


def _keep(
    tx: Transaction,
    known: Signal | None,
    report: NormalisedSignal,
    arrival: Arrival,
    *,
    incident_id: str | None,
) -> None:
    merged = signals.merge_report(
        known,
        report,
        accepted_seq=arrival.accepted_seq,
        received_at=arrival.received_at,
    )
    kept = msgspec.structs.replace(merged, incident_id=incident_id)
    tx.put(kept)
    triage_if_acknowledged(tx, kept, arrival)


def _append(
    tx: Transaction,
    incident_id: str,
    entry: EntryType,
    report: NormalisedSignal,
    arrival: Arrival,
    message: str,
) -> None:
    ended_at = report.ends_at if entry is EntryType.SIGNAL_RESOLVED else None
    tx.append(
        incident_id,
        EntryDraft(
            type=entry,
            actor=SYSTEM,
            source=report.source,
            occurred_at=ended_at or report.starts_at,
            message=message,
            payload={
                "fingerprint": report.fingerprint,
                "severity": report.severity,
                "startsAt": report.starts_at,
                "deliveryId": arrival.delivery_id,
            },
        ),
    )


def _link(known: Signal | None) -> str | None:
    return known.incident_id if known is not None else None
