"""Cursors: where the next page begins, opaque to callers, bound to the list and sort they came from."""

import base64
import binascii
from datetime import UTC, datetime, timedelta

import msgspec

from services.gateway.errors import BadCursor

_MAX_LENGTH = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(when: datetime | None) -> int:
    """Return whole microseconds since 1970, which sort as times do; 0 for no time."""
    return 0 if when is None else (when - EPOCH) // _MICROSECOND


class _Position(msgspec.Struct, frozen=True, array_like=True):
    order: str
    value: int
    tie: str | int


def write_cursor(order: str, value: int, tie: str | int) -> str:
    """Return the cursor of the record at (``value``, ``tie``) in a list ordered by ``order``."""
    return base64.urlsafe_b64encode(msgspec.json.encode(_Position(order, value, tie))).decode().rstrip("=")


def read_cursor(cursor: str, order: str) -> tuple[int, str | int]:
    """Return the position a cursor names; raise ``BadCursor`` if it is not one of this list in this order."""
    if len(cursor) > _MAX_LENGTH:
        raise BadCursor("a cursor is shorter than that")
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = msgspec.json.decode(raw, type=_Position)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise BadCursor("take the cursor from nextCursor of the page before, unchanged") from error
    if position.order != order:
        raise BadCursor(f"this cursor belongs to a list ordered by {position.order!r}, not {order!r}")
    return position.value, position.tie
