"""Read the times sources write: RFC 3339 mostly, seconds or milliseconds since 1970 now and then."""

from datetime import UTC, datetime

import msgspec

# Go writes the year 1 for "no time".
_FIRST_YEAR = 1971
_LAST_YEAR = 9000
_MILLISECONDS_FROM = 100_000_000_000
_LAST_SECOND = 4_000_000_000


def in_utc(moment: datetime | None) -> datetime | None:
    """Return the moment in UTC (a time without a zone is taken as UTC), or None where it means "no time"."""
    if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_time(value: object) -> datetime | None:
    """Return the moment ``value`` says, in UTC, or None if it says none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.replace(".", "", 1).isdigit():
            return _from_epoch(float(text))
        try:
            return in_utc(msgspec.convert(text.replace(" ", "T", 1), datetime, strict=False))
        except msgspec.ValidationError:
            return None
    return _from_epoch(float(value)) if isinstance(value, float | int) and abs(value) < 1e18 else None  # noqa: PLR2004 - beyond any time.


def _from_epoch(seconds: float) -> datetime | None:
    if seconds >= _MILLISECONDS_FROM:
        seconds /= 1000
    if not 0 < seconds < _LAST_SECOND:
        return None
    return in_utc(datetime.fromtimestamp(seconds, UTC))
