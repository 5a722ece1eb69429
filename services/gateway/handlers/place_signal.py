"""Place a signal that fires and has no incident: hold it back, let it wait, or open, join or reopen an incident."""

from dataclasses import replace

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.grouping import Placement, place
from services.gateway.domain.records import (
    Activity,
    EntryType,
    Group,
    Incident,
    Outcome,
    RuleEffect,
    Signal,
    SignalOutcome,
)
from services.gateway.domain.rules.book import Decision
from services.gateway.domain.rules.facts import Facts
from services.gateway.handlers.arrival import make_outcome
from services.gateway.handlers.await_threshold import forget_waiting, take_waiting, wait_for_more
from services.gateway.handlers.join_incident import join_incident, reopen_incident
from services.gateway.handlers.judge import terms_of
from services.gateway.handlers.open_by_signal import open_by_signal
from services.gateway.handlers.signal_case import SignalCase


def place_signal(case: SignalCase, *, recurrence_of: str | None = None) -> SignalOutcome:
    """Decide where ``case`` goes and return its outcome; ``recurrence_of`` is the ended incident it comes from.

    Rules that suppress come first, then silences, then the group and its threshold.
    """
    facts = Facts.of_report(case.report)
    decision = case.book.grouping_for(facts)
    if decision.rule.effect is RuleEffect.SUPPRESS:
        leave_incident(case)
        case.keep(incident_id=None)
        return _held(case, decision, decision.rule.id, f"the rule {decision.rule.name!r} suppresses it")
    if (held := hold_back(case, facts, decision)) is not None:
        return held
    return _place_in_group(case, decision, facts, recurrence_of)


def hold_back(case: SignalCase, facts: Facts, decision: Decision) -> SignalOutcome | None:
    """Hold the signal back if a silence covers it now, and return that outcome; None if none does."""
    silence = case.judge.silence_over(case.tx, facts)
    if silence is None:
        return None
    leave_incident(case)
    case.keep(incident_id=None, held_by=silence.id)
    kind = "maintenance window" if silence.kind == "maintenance_window" else "silence"
    return _held(case, decision, silence.id, f"the {kind} {silence.comment!r} holds it back")


def leave_incident(case: SignalCase) -> None:
    """Take a signal off its ended incident before it goes elsewhere; the timeline keeps that it was there."""
    known = case.known
    activity = case.tx.find(Activity, known.incident_id) if known and known.incident_id else None
    if known is not None and activity is not None:
        firing = -1 if known.status == "firing" else 0
        case.tx.put(
            msgspec.structs.replace(
                activity,
                signal_count=max(0, activity.signal_count - 1),
                firing_count=max(0, activity.firing_count + firing),
            ),
        )


def _place_in_group(case: SignalCase, decision: Decision, facts: Facts, recurrence_of: str | None) -> SignalOutcome:
    tx, key = case.tx, decision.dedup_key
    group = tx.find(Group, key)
    incident = tx.find(Incident, group.incident_id) if group else None
    activity = tx.find(Activity, incident.id) if incident else None
    placement = place(incident, activity, terms_of(case.book, decision.rule), tx.now)
    if incident is None or placement is Placement.OPEN:
        return _open(case, decision, facts, incident, recurrence_of)
    if case.link != incident.id:
        leave_incident(case)
    if placement is Placement.REOPEN:
        reopen_incident(case, incident)
        reason = "its group was resolved only a short while ago"
    else:
        reason = "its group has an open incident"
    join_incident(case.with_incident(incident), EntryType.SIGNAL_JOINED)
    outcome = Outcome.REOPENED if placement is Placement.REOPEN else Outcome.JOINED
    return _decided(case, decision, outcome, incident.id, reason)


def _open(
    case: SignalCase,
    decision: Decision,
    facts: Facts,
    previous: Incident | None,
    recurrence_of: str | None,
) -> SignalOutcome:
    waiting: list[Signal] = []
    if decision.rule.threshold is not None:
        count = wait_for_more(case, decision)
        if count is not None:
            leave_incident(case)
            case.keep(incident_id=None)
            return _held(case, decision, decision.rule.id, count)
        waiting = take_waiting(case, decision.dedup_key)
        forget_waiting(case.tx, decision.dedup_key)
    leave_incident(case)
    owner = case.book.owner_for(facts)
    incident, reason = open_by_signal(case, decision, previous, recurrence_of, owner)
    for signal in waiting:
        join_incident(_case_of(case, signal, incident), EntryType.SIGNAL_JOINED)
    return _decided(case, decision, Outcome.OPENED, incident.id, reason)


def _case_of(case: SignalCase, signal: Signal, incident: Incident) -> SignalCase:
    """Return the case of a signal that waited for the threshold and joins what another opened."""
    return SignalCase(
        tx=case.tx,
        judge=case.judge,
        book=case.book,
        report=signals.as_report(signal),
        # By its own place in the order of acceptance: it fired before what opened.
        arrival=replace(case.arrival, accepted_seq=signal.accepted_seq),
        known=signal,
        incident=incident,
        is_report=False,
    )


def _held(case: SignalCase, decision: Decision, by: str, reason: str) -> SignalOutcome:
    fired_before = case.known is not None and signals.is_firing(case.known.occurrences)
    outcome = _decided(case, decision, Outcome.SUPPRESSED, None, reason)
    return msgspec.structs.replace(outcome, suppressed_by=by, is_repeat=fired_before and case.is_report)


def _decided(
    case: SignalCase, decision: Decision, outcome: Outcome, incident_id: str | None, reason: str
) -> SignalOutcome:
    return msgspec.structs.replace(
        make_outcome(case.report, outcome, incident_id, reason),
        rule_id=decision.rule.id,
        rules_version=case.book.version,
        dedup_key=decision.dedup_key,
    )
