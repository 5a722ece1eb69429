"""Decide whether a signal flaps: whether it changed between firing and resolved too often in a short time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.gateway.domain.records import FlapControl


def note_flip(flips: tuple[datetime, ...], at: datetime, control: FlapControl) -> tuple[datetime, ...]:
    """Return ``flips``, oldest first, with a change at ``at``; no more than the control counts are kept."""
    return tuple(sorted((*_recent(flips, at, control), at)))[-control.changes :]


def is_flapping(flips: tuple[datetime, ...], now: datetime, control: FlapControl) -> bool:
    """Answer whether so many changes lie within the control's time before ``now`` that the signal flaps."""
    return sum(1 for _ in _recent(flips, now, control)) >= control.changes


def _recent(flips: tuple[datetime, ...], now: datetime, control: FlapControl) -> Iterable[datetime]:
    since = now - timedelta(seconds=control.within_seconds)
    return (flip for flip in flips if flip > since)
