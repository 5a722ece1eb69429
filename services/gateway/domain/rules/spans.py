"""When a silence holds: the span it is in now, and the one that comes next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from services.gateway.domain.records import Silence, SilenceState
from services.gateway.domain.rules.recurrence import read_repeat

# No change of clocks moves a wall-clock time by more.
_CLOCKS_CHANGE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From ``starts_at`` until before ``ends_at``, both in UTC."""

    starts_at: datetime
    ends_at: datetime

    def contains(self, moment: datetime) -> bool:
        return self.starts_at <= moment < self.ends_at


def current_span(silence: Silence, now: datetime) -> Span | None:
    """Return the span ``now`` is in; None between spans, before, after, and once the silence was ended."""
    begun = takewhile(lambda span: span.starts_at <= now, _spans(silence, now))
    return next((span for span in begun if span.contains(now)), None)


def next_span(silence: Silence, now: datetime) -> Span | None:
    """Return the first span that begins after ``now``; None when none does, or once the silence was ended."""
    return next((span for span in _spans(silence, now) if span.starts_at > now), None)


def _spans(silence: Silence, now: datetime) -> Iterator[Span]:
    """Yield in order every span that has not long ended by ``now``."""
    if silence.state is SilenceState.ENDED:
        return
    if silence.repeat is None:
        yield Span(silence.starts_at.astimezone(UTC), silence.ends_at.astimezone(UTC))
        return
    zone = ZoneInfo(silence.timezone)
    length = wall_length(silence, zone)
    since = now.astimezone(zone).replace(tzinfo=None) - length - _CLOCKS_CHANGE
    for begins in read_repeat(silence.repeat, silence.starts_at, zone).xafter(since, inc=True):
        yield _span(begins, length, silence.ends_at - silence.starts_at, zone)


def wall_length(silence: Silence, zone: ZoneInfo) -> timedelta:
    """Return how long one span is by the clocks of ``zone``."""
    begins, ends = silence.starts_at.astimezone(zone), silence.ends_at.astimezone(zone)
    return ends.replace(tzinfo=None) - begins.replace(tzinfo=None)


def _span(begins: datetime, length: timedelta, lasted: timedelta, zone: ZoneInfo) -> Span:
    """Return the span from one wall-clock time to the other, in UTC.

    A time that the clocks skip is as much later as they skip; one that comes twice is the first of the two.
    """
    starts_at = begins.replace(tzinfo=zone).astimezone(UTC)
    ends_at = (begins + length).replace(tzinfo=zone).astimezone(UTC)
    # Where the clocks skip the beginning, the end by the clocks may come first: the length counts then.
    return Span(starts_at, ends_at if ends_at > starts_at else starts_at + lasted)
