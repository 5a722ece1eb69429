"""The state of one fingerprint: which report of it is newest, and how a report changes it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from services.gateway.domain.records import Activity, Hints, Signal
from shared.contracts.signal import EntityHint, NormalisedSignal, SignalStatus

MAX_SIGNAL_NAMES = 50
MAX_ENTITIES = 200


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
    """Say what ``report`` means. States are ordered by (start of the occurrence, acceptance sequence).

    The answer for the newest report does not depend on the order in which workers got to the older ones,
    so batches may be processed in any order and the final state is the same.
    """
    if known is not None and (report.starts_at, accepted_seq) <= (known.starts_at, known.accepted_seq):
        return Change.SUPERSEDED
    if report.status is SignalStatus.RESOLVED:
        if known is None or known.incident_id is None:
            return Change.RESOLVED_UNSEEN
        return Change.RESOLVED if known.status is SignalStatus.FIRING else Change.RESOLVED_AGAIN
    if known is None or known.incident_id is None:
        return Change.FIRED
    if known.status is SignalStatus.FIRING and report.starts_at == known.starts_at:
        return Change.REPEATED
    return Change.REFIRED


def merge_report(
    known: Signal | None,
    report: NormalisedSignal,
    *,
    accepted_seq: int,
    received_at: datetime,
    incident_id: str | None,
) -> Signal:
    """Return the record of the fingerprint after ``report``, linked to ``incident_id``."""
    return Signal(
        fingerprint=report.fingerprint,
        source=report.source,
        incident_id=incident_id,
        status=report.status,
        severity=report.severity,
        name=report.name,
        title=report.title,
        description=report.description,
        labels=report.labels,
        annotations=report.annotations,
        service=report.service,
        entities=report.entities,
        link=report.link,
        starts_at=report.starts_at,
        ends_at=report.ends_at,
        accepted_seq=accepted_seq,
        count=1 if known is None else known.count + 1,
        first_seen_at=received_at if known is None else known.first_seen_at,
        last_seen_at=received_at if known is None else max(received_at, known.last_seen_at),
    )


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


def note_hints(hints: Hints, report: NormalisedSignal) -> Hints:
    """Return ``hints`` with what ``report`` names; the very same object if that is nothing new."""
    names = _with_name(hints.signal_names, report.name)
    entities = _with_entities(hints.entities, report.entities)
    if names is hints.signal_names and entities is hints.entities:
        return hints
    return Hints(incident_id=hints.incident_id, signal_names=names, entities=entities)


def _with_name(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    if name in names or len(names) >= MAX_SIGNAL_NAMES:
        return names
    return (*names, name)


def _with_entities(known: tuple[EntityHint, ...], named: tuple[EntityHint, ...]) -> tuple[EntityHint, ...]:
    if len(known) >= MAX_ENTITIES:
        return known
    fresh = tuple(entity for entity in named if entity not in known)
    return (known + fresh)[:MAX_ENTITIES] if fresh else known
