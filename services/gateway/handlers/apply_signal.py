"""Apply one reported signal to the incidents: open, join, reopen, resolve; and say what became of it."""

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.grouping import OPEN_STATUSES, is_within_reopen_window
from services.gateway.domain.records import (
    Activity,
    EntryType,
    Group,
    Incident,
    IncidentStatus,
    Outcome,
    Signal,
    SignalOutcome,
)
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.signals import Change
from services.gateway.handlers.acknowledge_signal import acknowledge_signal
from services.gateway.handlers.arrival import Arrival
from services.gateway.handlers.auto_resolve import schedule_resolve_if_over
from services.gateway.handlers.join_incident import join_incident, reopen_incident
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.place_signal import hold_back, place_signal
from services.gateway.handlers.signal_case import SignalCase
from services.gateway.ports import Transaction
from shared.contracts.signal import NormalisedSignal


def apply_signal(tx: Transaction, report: NormalisedSignal, arrival: Arrival, judge: Judge) -> SignalOutcome:
    """Apply ``report`` within ``tx`` and return its one outcome. Applying an older state changes nothing."""
    if report.starts_at > arrival.received_at:
        # A clock that is ahead must not put an occurrence where no resolve ever reaches it.
        report = msgspec.structs.replace(report, starts_at=arrival.received_at)
    known = tx.find(Signal, report.fingerprint)
    if report.acknowledged:
        return acknowledge_signal(tx, known, report, arrival)
    if report.brief and known is not None:
        # It names the problem and nothing else: rules and silences judge it by what is known of it.
        report = signals.with_known_words(report, known)
    incident = tx.find(Incident, known.incident_id) if known and known.incident_id else None
    return _apply(
        SignalCase(
            tx=tx,
            judge=judge,
            book=judge.book(tx),
            report=report,
            arrival=arrival,
            known=known,
            incident=incident,
        ),
    )


def _apply(case: SignalCase) -> SignalOutcome:
    change = signals.classify(case.known, case.report, case.arrival.accepted_seq)
    if change is Change.REPEATED and _outlived(case):
        change = Change.REFIRED
    match change:
        case Change.SUPERSEDED:
            # Kept all the same: the state follows from every occurrence, also from one that came late.
            case.keep(incident_id=case.link, held_by=_holder(case))
            return case.outcome(Outcome.IGNORED, case.link, "a newer state of this signal is known")
        case Change.RESOLVED_UNSEEN:
            return _resolve_unseen(case)
        case Change.FIRED:
            return place_signal(case)
        case Change.REFIRED:
            return _refire(case)
        case Change.REPEATED | Change.RESOLVED_AGAIN:
            return _repeat(case)
        case Change.RESOLVED:
            return _resolve(case)


def _resolve_unseen(case: SignalCase) -> SignalOutcome:
    holder = _holder(case)
    case.keep(incident_id=None)
    reason = f"resolved while {holder} held it back" if holder else "resolved, and no incident has seen it fire"
    return case.outcome(Outcome.IGNORED, None, reason)


def _refire(case: SignalCase) -> SignalOutcome:
    incident = case.incident
    if incident is None:
        return place_signal(case)
    if incident.status in OPEN_STATUSES:
        join_incident(case, EntryType.SIGNAL_REFIRED)
        return case.outcome(Outcome.JOINED, incident.id, "fired again while its incident is open")
    if is_within_reopen_window(incident, case.terms, case.tx.now) and _leads_its_group(case.tx, incident):
        facts = Facts.of_report(case.report)
        if (held := hold_back(case, facts, case.book.grouping_for(facts))) is not None:
            return held
        reopen_incident(case, incident)
        join_incident(case, EntryType.SIGNAL_REFIRED)
        return case.outcome(Outcome.REOPENED, incident.id, "fired again a short while after its incident resolved")
    return place_signal(case, recurrence_of=incident.id)


def _leads_its_group(tx: Transaction, incident: Incident) -> bool:
    """Answer whether the group has no newer incident; beside one, the older must not come back with the same key."""
    group = tx.find(Group, incident.dedup_key) if incident.dedup_key else None
    return group is None or group.incident_id == incident.id


def _outlived(case: SignalCase) -> bool:
    """Answer whether a signal still fires long after people resolved its incident by force.

    Their word holds for as long as a resolved incident can be reopened; a cancelled one was no incident at all.
    """
    incident = case.incident
    if incident is None or incident.status in OPEN_STATUSES or incident.status is IncidentStatus.CANCELLED:
        return False
    resolved_at = incident.milestones.resolved_at
    return resolved_at is not None and case.tx.now - resolved_at > case.terms.reopen_window


def _repeat(case: SignalCase) -> SignalOutcome:
    """Count a repeat. It writes no timeline entry: a storm of repeats must not bury what people wrote."""
    incident_id = case.link
    case.keep(incident_id=incident_id)
    activity = case.tx.find(Activity, incident_id) if incident_id else None
    if activity is not None:
        activity = signals.note_activity(activity, received_at=case.arrival.received_at)
        if case.incident is not None and activity.firing_count <= 0 and activity.resolve_job_id is None:
            # Its rule may have become one that resolves since.
            activity = schedule_resolve_if_over(case, case.incident, activity)
        case.tx.put(activity)
    repeated = case.outcome(Outcome.JOINED, incident_id, f"{case.report.status} already")
    return msgspec.structs.replace(repeated, is_repeat=True)


def _resolve(case: SignalCase) -> SignalOutcome:
    incident = case.incident
    case.keep(incident_id=case.link)
    if incident is None:
        return case.outcome(Outcome.IGNORED, case.link, "its incident is no longer kept")
    activity = case.tx.find(Activity, incident.id) or Activity(incident_id=incident.id)
    activity = signals.note_activity(activity, received_at=case.arrival.received_at, firing=-1)
    case.append(EntryType.SIGNAL_RESOLVED, f"{case.report.name} resolved", incident.id, case.rule.flap)
    case.tx.put(schedule_resolve_if_over(case, incident, activity))
    return case.outcome(Outcome.JOINED, incident.id, "resolved")


def _holder(case: SignalCase) -> str | None:
    return case.known.held_by if case.known is not None else None
