"""When a silence holds: its one span, or the spans a maintenance window recurs in."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from services.gateway.domain.records import Silence


class Span(NamedTuple):
    """From ``starts_at`` until before ``ends_at``, in UTC."""

    starts_at: datetime
    ends_at: datetime


def current_span(silence: Silence, now: datetime) -> Span | None:
    """Return the span ``now`` lies in; None between two, before the first and after the last."""
    if silence.repeat is None:
        span = Span(silence.starts_at, silence.ends_at)
    else:
        began = recurrence(silence).before(_local(now, silence), inc=True)
        if began is None:
            return None
        span = _span(silence, began)
    return span if span.starts_at <= now < span.ends_at else None


def next_span(silence: Silence, now: datetime) -> Span | None:
    """Return the first span that begins after ``now``, or None if there is none."""
    if silence.repeat is None:
        return Span(silence.starts_at, silence.ends_at) if silence.starts_at > now else None
    begins = recurrence(silence).after(_local(now, silence))
    return _span(silence, begins) if begins is not None else None


def recurrence(silence: Silence) -> rrule:
    """Return the recurrence on the wall clock of the silence's timezone; raise ``ValueError`` if it is none."""
    # Wall-clock times without a zone: 02:00 stays 02:00 when summer time begins or ends.
    made = rrulestr(silence.repeat or "", dtstart=_local(silence.starts_at, silence), ignoretz=True)
    if not isinstance(made, rrule):
        raise ValueError("one recurrence rule is needed")  # noqa: TRY004 - it is the text that is wrong.
    return made


def _local(moment: datetime, silence: Silence) -> datetime:
    return moment.astimezone(ZoneInfo(silence.timezone)).replace(tzinfo=None)


def _span(silence: Silence, begins: datetime) -> Span:
    # A time that a clock set forward skips means the moment it is set; one that comes twice, the first.
    starts_at = begins.replace(tzinfo=ZoneInfo(silence.timezone)).astimezone(UTC)
    length: timedelta = silence.ends_at - silence.starts_at
    return Span(starts_at, starts_at + length)
