"""How often a maintenance window recurs: the part of RFC 5545's rules that Faultline understands."""

import re
from datetime import UTC, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday, weekdays

_FREQUENCIES: dict[str, Literal[0, 1, 2, 3, 4, 5, 6]] = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY}
_KNOWN = ("FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL")
_DAYS = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), weekdays, strict=True))
_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_MAX_LENGTH = 200
_MAX_INTERVAL = 366
_MAX_COUNT = 10_000


class RepeatInvalid(ValueError):
    """This text is no rule of recurrence that is understood; the message says why."""


def read_repeat(text: str, starts_at: datetime, zone: ZoneInfo) -> rrule:
    """Return the wall-clock times in ``zone``, without a zone of their own, at which the span begins."""
    parts = _parts(text)
    if parts.get("FREQ") not in _FREQUENCIES:
        raise RepeatInvalid("FREQ must be DAILY, WEEKLY or MONTHLY")
    if "COUNT" in parts and "UNTIL" in parts:
        raise RepeatInvalid("COUNT and UNTIL exclude each other")
    return rrule(
        _FREQUENCIES[parts["FREQ"]],
        dtstart=starts_at.astimezone(zone).replace(tzinfo=None),
        interval=_number("INTERVAL", parts.get("INTERVAL", "1"), _MAX_INTERVAL),
        count=_number("COUNT", parts["COUNT"], _MAX_COUNT) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"], zone) if "UNTIL" in parts else None,
        byweekday=[_day(day, parts["FREQ"]) for day in parts["BYDAY"].split(",")] if "BYDAY" in parts else None,
    )


def _parts(text: str) -> dict[str, str]:
    if len(text) > _MAX_LENGTH:
        raise RepeatInvalid(f"at most {_MAX_LENGTH} characters")
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise RepeatInvalid(f'"{part}" is not NAME=VALUE; an example is FREQ=WEEKLY;BYDAY=SU')
        if name not in _KNOWN:
            raise RepeatInvalid(f"{name} is not understood; understood are {', '.join(_KNOWN)}")
        if name in parts:
            raise RepeatInvalid(f"{name} stands there twice")
        parts[name] = value
    return parts


def _number(name: str, text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise RepeatInvalid(f"{name} must be 1 to {most:,}")
    return int(text)


def _day(text: str, frequency: str) -> weekday:
    found = _DAY.fullmatch(text)
    if found is None:
        raise RepeatInvalid(f"BYDAY: {text} is not one of {', '.join(_DAYS)}")
    if found[1] and frequency != "MONTHLY":
        raise RepeatInvalid(f"BYDAY: {text} has a number, which only FREQ=MONTHLY understands")
    return _DAYS[found[2]](int(found[1])) if found[1] else _DAYS[found[2]]


def _until(text: str, zone: ZoneInfo) -> datetime:
    """Return the last moment a span may begin: of a date, the whole day counts."""
    try:
        if re.fullmatch(r"\d{8}", text, re.ASCII):
            day = datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
            return datetime.combine(day, time.max.replace(microsecond=0))
        if text.endswith("Z"):
            moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return moment.astimezone(zone).replace(tzinfo=None)
        return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise RepeatInvalid("UNTIL must be a date (20270131) or a time (20270131T220000Z)") from None
