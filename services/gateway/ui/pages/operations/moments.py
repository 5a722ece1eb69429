"""Moments as people put them into forms: a day, or a time on the clocks of a zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.gateway.ui.pages.operations.frame import unreadable


def begin_of_day(day: str | None) -> str | None:
    """Return when the day (UTC) begins, as the API takes it; what is no day is passed on for it to refuse."""
    return _midnight(day, timedelta())


def end_of_day(day: str | None) -> str | None:
    """Return when the day (UTC) is over."""
    return _midnight(day, timedelta(days=1))


def _midnight(day: str | None, later: timedelta) -> str | None:
    if day is None:
        return None
    try:
        found = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        return (found + later).isoformat()
    except (ValueError, OverflowError):
        return day


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of this name; raises ``ApiRefused``."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        raise unreadable(
            "There is no such time zone.", {"timezone": ["is no time zone, such as Europe/Berlin"]}
        ) from None


def local_moment(text: str, zone: ZoneInfo, field: str) -> str | None:
    """Return the moment a form says on the clocks of ``zone``, in UTC; None for an empty field."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise unreadable("A time cannot be read.", {field: ["write it like 2026-11-30T22:00"]}) from None
