"""Weekly hours on the clocks of a time zone: which moments they hold, across midnight and changes of the clocks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from shared.contracts.base import Contract

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
# Hours repeat every week: what has not ended within two never does.
_BACK, _AHEAD, _ENDLESS = 8, 16, timedelta(days=15)


class Weekday(StrEnum):
    """A day of the week, in the order of the calendar."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Weekday)
DAY_BEGINS, DAY_ENDS = "00:00", "24:00"


@dataclass(frozen=True, slots=True)
class Span:
    """From ``starts_at`` until before ``ends_at``, both in UTC. ``ends_at`` None: no end is in sight."""

    starts_at: datetime
    ends_at: datetime | None


class Hours(Contract, frozen=True, kw_only=True):
    """From one wall-clock time (``HH:MM``, to ``24:00``) to another, on each of ``days``, in a zone of the IANA.

    Where ``to`` is not after ``from`` they run over midnight, and belong to the day they begin on. They hold from the
    first moment the clocks show ``from`` or later to the last one before they show ``to``: a time that the clocks skip
    comes when they skip it, and of one that comes twice the first counts as a beginning and the second as an end.
    """

    days: tuple[Weekday, ...] = WEEK
    from_time: str = msgspec.field(name="from", default=DAY_BEGINS)
    to_time: str = msgspec.field(name="to", default=DAY_ENDS)
    zone: str

    def contains(self, moment: datetime) -> bool:
        """Answer whether the hours hold at ``moment``."""
        return _hold(self, moment)

    def spans(self, moment: datetime, *, back: int, ahead: int) -> Iterator[tuple[datetime, datetime]]:
        """Yield, in UTC, what begins on the days from ``back`` before that of ``moment`` to ``ahead`` after it."""
        zone = ZoneInfo(self.zone)
        today = moment.astimezone(zone).date()
        for offset in range(-back, ahead + 1):
            day = today + timedelta(days=offset)
            if WEEK[day.weekday()] in self.days:
                begins, ends = self._on(day, zone)
                # Empty where the clocks skip all of it.
                if begins < ends:
                    yield begins, ends

    def _on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        begins = datetime.combine(day, time()) + minutes_of(self.from_time)
        ends = datetime.combine(day, time()) + minutes_of(self.to_time)
        if ends <= begins:
            ends += _DAY
        return _first_moment(begins, zone, fold=0), _first_moment(ends, zone, fold=1)

    def words(self) -> str:
        """Return the hours as people write them."""
        days = "every day" if set(self.days) == set(WEEK) else ", ".join(day for day in WEEK if day in self.days)
        return f"{days} {self.from_time}-{self.to_time} {self.zone}"


# A page of actions asks the same of one moment for each of them.
@lru_cache(maxsize=512)
def _hold(hours: Hours, moment: datetime) -> bool:
    # Clocks that are set back over midnight show yesterday within hours that began today.
    return any(begins <= moment < ends for begins, ends in hours.spans(moment, back=1, ahead=1))


def minutes_of(text: str) -> timedelta:
    """Return how long after midnight ``HH:MM`` is. The text was checked when it was read."""
    hour, _, minute = text.partition(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def span_at(hours: Iterable[Hours], moment: datetime) -> Span | None:
    """Return the span ``moment`` is in, with all that follows on it without a gap; None if it is in none."""
    return next((span for span in _joined(hours, moment) if _holds(span, moment)), None)


def span_after(hours: Iterable[Hours], moment: datetime) -> Span | None:
    """Return the first span that begins after ``moment``; None if it is in one without an end, or none ever begins."""
    return next((span for span in _joined(hours, moment) if span.starts_at > moment), None)


def _holds(span: Span, moment: datetime) -> bool:
    return span.starts_at <= moment and (span.ends_at is None or moment < span.ends_at)


def _joined(hours: Iterable[Hours], moment: datetime) -> list[Span]:
    """Return the spans around ``moment`` in their order, those joined that overlap or follow without a gap."""
    found = sorted(span for one in hours for span in one.spans(moment, back=_BACK, ahead=_AHEAD))
    joined: list[tuple[datetime, datetime]] = []
    for begins, ends in found:
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((begins, ends))
    return [Span(begins, ends if ends < moment + _ENDLESS else None) for begins, ends in joined]


def _first_moment(wall: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    """Return in UTC when the clocks show ``wall``: of two times the one ``fold`` says, of none when they skip it."""
    found = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if _shown(found, zone) == wall:
        return found
    # The two ways to read a time that is skipped lie on either side of the moment at which it is.
    low, high = sorted((found, wall.replace(tzinfo=zone, fold=1 - fold).astimezone(UTC)))
    low -= _SECOND
    while high - low > _SECOND:
        middle = low + ((high - low) // 2 // _SECOND) * _SECOND
        low, high = (low, middle) if _shown(middle, zone) >= wall else (middle, high)
    return high


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
