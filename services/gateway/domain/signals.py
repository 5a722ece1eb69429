"""The state of one fingerprint: which report of it is newest, and how a report changes it."""

from datetime import datetime
from enum import StrEnum
from itertools import takewhile

import msgspec

from services.gateway.domain.records import Activity, Hints, Occurrence, Signal
from shared.contracts.signal import EntityHint, NormalisedSignal, SignalStatus

MAX_SIGNAL_NAMES = 50
MAX_ENTITIES = 200
# Enough to tell the overlapping ones of a few replicas apart; older ones are history, and on the timeline.
MAX_OCCURRENCES = 4


class Change(StrEnum):
    """What a report says against what was known of its fingerprint."""

    SUPERSEDED = "superseded"
    FIRED = "fired"
    REPEATED = "repeated"
    REFIRED = "refired"
    RESOLVED = "resolved"
    RESOLVED_AGAIN = "resolved_again"
    RESOLVED_UNSEEN = "resolved_unseen"


def classify(known: Signal | None, report: NormalisedSignal, accepted_seq: int) -> Change:
    """Say what ``report`` changes. The state it leads to does not depend on the order reports are processed in.

    What counts is what the state becomes, whatever the report says of itself: one that comes late may end what fires,
    or take back what ended it. A signal without an incident (a tombstone) has nothing to repeat: it fires anew.
    """
    before = known.occurrences if known else ()
    fired_before = is_firing(before)
    fires_now = is_firing(add_occurrence(before, report, accepted_seq))
    is_linked = known is not None and known.incident_id is not None
    says_so = (report.status is SignalStatus.FIRING) is fires_now
    if not says_so and fires_now is fired_before:
        return Change.SUPERSEDED
    if not fires_now:
        if not is_linked:
            return Change.RESOLVED_UNSEEN
        return Change.RESOLVED if fired_before else Change.RESOLVED_AGAIN
    if not is_linked:
        return Change.FIRED
    # However it began by this report: what fires goes on firing, and a repeat is no news.
    return Change.REPEATED if fired_before else Change.REFIRED


def add_occurrence(
    occurrences: tuple[Occurrence, ...],
    report: NormalisedSignal,
    accepted_seq: int,
) -> tuple[Occurrence, ...]:
    """Return ``occurrences``, oldest first, with ``report``: of one occurrence the word accepted last counts."""
    told = Occurrence(
        starts_at=report.starts_at,
        status=report.status,
        ends_at=report.ends_at,
        accepted_seq=accepted_seq,
    )
    by_start = {occurrence.starts_at: occurrence for occurrence in occurrences}
    before = by_start.get(told.starts_at)
    if before is None or before.accepted_seq < accepted_seq:
        by_start[told.starts_at] = told
    *older, newest = sorted(by_start.values(), key=lambda occurrence: occurrence.starts_at)
    if len(older) >= MAX_OCCURRENCES:
        older.remove(min(older, key=lambda occurrence: occurrence.accepted_seq))
    return (*older, newest)


def is_firing(occurrences: tuple[Occurrence, ...]) -> bool:
    """Answer for the occurrence that began last: an older one never overrides it, with one exception.

    A resolve of an older one, accepted later, whose end lies after the newest began, ends that too. HA replicas
    of Prometheus, and an Alertmanager that was restarted, give one outage several starts, and Alertmanager then
    resolves it under the earliest of them.
    """
    if not occurrences:
        return False
    *older, newest = occurrences
    if newest.status is SignalStatus.RESOLVED:
        return False
    return not any(_ends(occurrence, newest) for occurrence in older)


def _ends(older: Occurrence, newest: Occurrence) -> bool:
    return (
        older.status is SignalStatus.RESOLVED
        and older.accepted_seq > newest.accepted_seq
        and older.ends_at is not None
        and older.ends_at >= newest.starts_at
    )


def merge_report(
    known: Signal | None,
    report: NormalisedSignal,
    *,
    accepted_seq: int,
    received_at: datetime,
) -> Signal:
    """Return the record of the fingerprint after ``report``; what it is linked to stays as it was."""
    if known is None:
        return _first(report, accepted_seq, received_at)
    occurrences = add_occurrence(known.occurrences, report, accepted_seq)
    fired, firing = is_firing(known.occurrences), is_firing(occurrences)
    # What goes on keeps its start, whatever start a replica or a sender without one gives its repeats.
    is_newest = accepted_seq >= known.accepted_seq
    starts_at = report.starts_at if is_newest and not fired else known.starts_at
    ends_at = report.ends_at if is_newest and not firing else known.ends_at
    merged = msgspec.structs.replace(
        known,
        status=SignalStatus.FIRING if firing else SignalStatus.RESOLVED,
        starts_at=starts_at,
        ends_at=None if firing else ends_at,
        occurrences=occurrences,
        accepted_seq=max(accepted_seq, known.accepted_seq),
        count=known.count + 1,
        last_seen_at=max(received_at, known.last_seen_at),
    )
    # Of the words, too, those accepted last stand; a brief report has none.
    return merged if report.brief or accepted_seq < known.words_seq else _with_words(merged, report, accepted_seq)


def _first(report: NormalisedSignal, accepted_seq: int, received_at: datetime) -> Signal:
    occurrences = add_occurrence((), report, accepted_seq)
    firing = is_firing(occurrences)
    signal = Signal(
        fingerprint=report.fingerprint,
        source=report.source,
        status=SignalStatus.FIRING if firing else SignalStatus.RESOLVED,
        severity=report.severity,
        name=report.name,
        title=report.title,
        starts_at=report.starts_at,
        ends_at=None if firing else report.ends_at,
        accepted_seq=accepted_seq,
        occurrences=occurrences,
        first_seen_at=received_at,
        last_seen_at=received_at,
    )
    return _with_words(signal, report, 0 if report.brief else accepted_seq)


def _with_words(signal: Signal, report: NormalisedSignal, accepted_seq: int) -> Signal:
    return msgspec.structs.replace(
        signal,
        severity=report.severity,
        name=report.name,
        title=report.title,
        description=report.description,
        labels=report.labels,
        annotations=report.annotations,
        group_labels=report.group_labels,
        dedup_key=report.dedup_key,
        service=report.service,
        entities=report.entities,
        link=report.link,
        words_seq=accepted_seq,
    )


def acknowledge(known: Signal | None, report: NormalisedSignal, accepted_seq: int, received_at: datetime) -> Signal:
    """Return the record after a report that somebody took the signal on; that says nothing of whether it fires."""
    if known is None:
        # Processed before what it acknowledges: kept, so that this finds it.
        unseen = _first(report, accepted_seq, received_at)
        known = msgspec.structs.replace(unseen, status=SignalStatus.RESOLVED, occurrences=(), accepted_seq=0, count=0)
    is_newest = accepted_seq > known.acknowledged_seq
    return msgspec.structs.replace(
        known,
        acknowledged_seq=accepted_seq if is_newest else known.acknowledged_seq,
        acknowledged_at=received_at if is_newest else known.acknowledged_at,
        count=known.count + 1,
        last_seen_at=max(received_at, known.last_seen_at),
    )


def is_acknowledged(signal: Signal) -> bool:
    """Answer whether somebody took on what fires now: after it began, and with no resolve since.

    It follows from the occurrences, as the state does, and so not from the order in which reports are processed.
    """
    run = takewhile(lambda occurrence: occurrence.status is SignalStatus.FIRING, reversed(signal.occurrences))
    return is_firing(signal.occurrences) and any(o.accepted_seq < signal.acknowledged_seq for o in run)


def note_activity(
    activity: Activity,
    *,
    received_at: datetime,
    linked: int = 0,
    firing: int = 0,
) -> Activity:
    """Return ``activity`` after a report: ``linked`` and ``firing`` are by how much the counts change."""
    last = activity.last_signal_at
    return msgspec.structs.replace(
        activity,
        signal_count=activity.signal_count + linked,
        firing_count=activity.firing_count + firing,
        last_signal_at=received_at if last is None else max(last, received_at),
    )


def note_newest(activity: Activity, fingerprint: str, accepted_seq: int) -> Activity:
    """Return ``activity`` with the signal that fired last, by the order of acceptance."""
    if accepted_seq < activity.newest_seq:
        return activity
    return msgspec.structs.replace(activity, newest_fingerprint=fingerprint, newest_seq=accepted_seq)


def as_report(signal: Signal) -> NormalisedSignal:
    """Return the report that says of a signal what is known of it."""
    return NormalisedSignal(
        source=signal.source,
        fingerprint=signal.fingerprint,
        status=signal.status,
        severity=signal.severity,
        name=signal.name,
        starts_at=signal.starts_at,
        ends_at=signal.ends_at,
        title=signal.title,
        description=signal.description,
        labels=signal.labels,
        annotations=signal.annotations,
        group_labels=signal.group_labels,
        service=signal.service,
        dedup_key=signal.dedup_key,
        entities=signal.entities,
        link=signal.link,
    )


def with_known_words(report: NormalisedSignal, known: Signal) -> NormalisedSignal:
    """Return a brief report with the words that are known of its signal; it stays brief."""
    return msgspec.structs.replace(
        as_report(known),
        status=report.status,
        starts_at=report.starts_at,
        ends_at=report.ends_at,
        acknowledged=report.acknowledged,
        brief=report.brief,
    )


def note_hints(hints: Hints, report: NormalisedSignal) -> Hints:
    """Return ``hints`` with what ``report`` names; the very same object if that is nothing new."""
    names = _with_name(hints.signal_names, report.name)
    entities = with_entities(hints.entities, report.entities)
    if names is hints.signal_names and entities is hints.entities:
        return hints
    return Hints(incident_id=hints.incident_id, signal_names=names, entities=entities)


def _with_name(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    if name in names or len(names) >= MAX_SIGNAL_NAMES:
        return names
    return (*names, name)


def with_entities(known: tuple[EntityHint, ...], named: tuple[EntityHint, ...]) -> tuple[EntityHint, ...]:
    """Return ``known`` with what is new in ``named``, capped; the very same object if nothing is."""
    if len(known) >= MAX_ENTITIES:
        return known
    fresh = tuple(entity for entity in named if entity not in known)
    return (known + fresh)[:MAX_ENTITIES] if fresh else known
