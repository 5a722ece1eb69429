"""Decide which incident may be merged into which, and what the two become; and what a split gives back."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

import msgspec

from services.gateway.domain import lifecycle, signals
from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import (
    Activity,
    Hints,
    Incident,
    IncidentStatus,
    Merge,
    Relation,
    RelationType,
    Signal,
)
from services.gateway.errors import MergeCycle, MergeIntoItself, MergeTargetEnded, MergeTargetMerged, TooManyRelations
from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus

MAX_RELATIONS = 1_000

Find = Callable[[str], Incident | None]
"""Gives an incident by its id."""


def merged_into(incident: Incident) -> str | None:
    """Return the id of the incident this one was merged into, if it was."""
    if incident.status is not IncidentStatus.MERGED:
        return None
    return next((one.incident_id for one in incident.relations if one.type is RelationType.MERGED_INTO), None)


def follow(incident: Incident, find: Find) -> list[Incident]:
    """Return the incidents ``incident`` leads to, from the one it was merged into to the final target.

    Empty if it was not merged. A target that is no longer kept ends the way.
    """
    way: list[Incident] = []
    seen = {incident.id}
    next_id = merged_into(incident)
    while next_id is not None and next_id not in seen:
        seen.add(next_id)
        target = find(next_id)
        if target is None:
            break
        way.append(target)
        next_id = merged_into(target)
    return way


def check_merge(incident: Incident, target: Incident, reason: str, find: Find) -> None:
    """Return if ``incident`` may be merged into ``target``; raise the error that says what stands against it if not."""
    if incident.id == target.id:
        raise MergeIntoItself("Name another incident as the target.")
    lifecycle.check_table(incident.status, IncidentStatus.MERGED)
    lifecycle.check_reason(incident.status, IncidentStatus.MERGED, reason)
    if way := follow(target, find):
        final = way[-1].id
        if incident.id in {one.id for one in way}:
            raise MergeCycle("The target was merged into this incident; split it off first.", mergedInto=final)
        raise MergeTargetMerged(f"The target was merged into {final}; merge into that.", mergedInto=final)
    if target.status not in OPEN_STATUSES:
        raise MergeTargetEnded(f"The target is {target.status}; reopen it first.", targetStatus=target.status)


def relate(incident: Incident, kind: RelationType, other_id: str) -> Incident:
    """Return ``incident`` with the relation; the very same if it has it. Raises ``TooManyRelations``."""
    relation = Relation(type=kind, incident_id=other_id)
    if relation in incident.relations:
        return incident
    if len(incident.relations) >= MAX_RELATIONS:
        raise TooManyRelations(f"{incident.id} has {MAX_RELATIONS} relations.")
    return msgspec.structs.replace(incident, relations=(*incident.relations, relation))


def unrelate(incident: Incident, kind: RelationType, other_id: str) -> Incident:
    """Return ``incident`` without the relation; the very same if it has none."""
    relation = Relation(type=kind, incident_id=other_id)
    if relation not in incident.relations:
        return incident
    return msgspec.structs.replace(incident, relations=tuple(one for one in incident.relations if one != relation))


def restore(incident: Incident, merge: Merge) -> Incident:
    """Return a merged incident as it was before ``merge``, its version not yet raised."""
    freed = unrelate(incident, RelationType.MERGED_INTO, merge.into)
    return msgspec.structs.replace(freed, status=merge.status, milestones=merge.milestones)


def groups_back(merge: Merge, holder: Incident) -> tuple[str, ...]:
    """Return the keys of the groups that a split of ``merge`` takes from ``holder``, as far as they lead there.

    An open holder keeps the group whose key it bears: it may be that group's newer incident, or one that was itself
    split off before and then became the target.
    """
    own = holder.dedup_key if holder.status in OPEN_STATUSES else None
    return tuple(key for key in merge.dedup_keys if key != own)


def add_signals(activity: Activity, moved: Collection[Signal], other: Activity) -> Activity:
    """Return ``activity`` with the signals that came from where ``other`` counts, as if they had joined."""
    linked, firing = _count(moved)
    grown = msgspec.structs.replace(
        activity,
        signal_count=activity.signal_count + linked,
        firing_count=activity.firing_count + firing,
        last_signal_at=_later(activity.last_signal_at, other.last_signal_at),
        quiet_until=_later(activity.quiet_until, other.quiet_until),
    )
    if other.newest_fingerprint and other.newest_fingerprint in {signal.fingerprint for signal in moved}:
        return signals.note_newest(grown, other.newest_fingerprint, other.newest_seq)
    newest = newest_of(moved)
    return signals.note_newest(grown, *newest) if newest is not None else grown


def take_signals(activity: Activity, moved: Collection[Signal], rest: Callable[[], Iterable[Signal]]) -> Activity:
    """Return ``activity`` without the signals that left. ``rest``, those that stay, is asked for only if needed."""
    linked, firing = _count(moved)
    left = msgspec.structs.replace(
        activity,
        signal_count=max(0, activity.signal_count - linked),
        firing_count=max(0, activity.firing_count - firing),
    )
    if activity.newest_fingerprint not in {signal.fingerprint for signal in moved}:
        return left
    name, seq = newest_of(rest()) or (None, 0)
    return msgspec.structs.replace(left, newest_fingerprint=name, newest_seq=seq)


def newest_of(found: Iterable[Signal]) -> tuple[str, int] | None:
    """Return, of the signals that fire, the one spoken of last, with the sequence of that delivery."""
    firing = [signal for signal in found if signal.status is SignalStatus.FIRING]
    newest = max(firing, key=lambda signal: (signal.accepted_seq, signal.fingerprint), default=None)
    return (newest.fingerprint, newest.accepted_seq) if newest is not None else None


def add_hints(hints: Hints, other: Hints) -> Hints:
    """Return ``hints`` with what ``other`` names; the very same object if that is nothing new."""
    names = tuple(dict.fromkeys((*hints.signal_names, *other.signal_names)))[: signals.MAX_SIGNAL_NAMES]
    fresh = tuple(entity for entity in other.entities if entity not in hints.entities)
    entities = (*hints.entities, *fresh)[: signals.MAX_ENTITIES]
    if (names, entities) == (hints.signal_names, hints.entities):
        return hints
    return Hints(incident_id=hints.incident_id, signal_names=names, entities=entities)


def raised_severity(incident: Incident, moved: Collection[Signal]) -> Severity:
    """Return the severity of ``incident`` once ``moved`` belong to it: the worst of all, unless a person pinned it."""
    severity = incident.severity
    if not incident.severity_pinned:
        for signal in moved:
            if signal.severity.is_worse_than(severity):
                severity = signal.severity
    return severity


def _count(moved: Collection[Signal]) -> tuple[int, int]:
    states = [signal.status for signal in moved]
    return len(states), states.count(SignalStatus.FIRING)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)
