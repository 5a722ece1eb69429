"""Decide whether a body was signed by the source that holds the secret."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

# How far a signed time may lie from ours, in the past and in the future.
REPLAY_WINDOW_SECONDS = 300
_PREFIX = "sha256="
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How one source signs: the hexadecimal HMAC-SHA256 of its body under ``secret``, in the header ``header``.

    With ``timestamp_header`` the time of signing, in seconds since 1970, must lie within the replay window. Where
    ``signs_timestamp`` holds, what is signed is the time, a colon and the body, and the time must be there.
    """

    secret: str = field(repr=False)
    header: str
    timestamp_header: str | None = None
    signs_timestamp: bool = True

    @property
    def signs_a_time(self) -> bool:
        """Whether two requests with equal bodies have different signatures."""
        return self.timestamp_header is not None and self.signs_timestamp


def find_signature(signing: Signing, header: Callable[[str], str], body: bytes, now: float) -> str | None:
    """Return the signature the request came with, in lower case; None if it is missing, wrong or too old.

    ``header`` returns the value of a header, empty if there is none. The comparison takes the same time wherever
    the two differ.
    """
    given = header(signing.header).strip().lower().removeprefix(_PREFIX)
    time = header(signing.timestamp_header).strip() if signing.timestamp_header else ""
    if not _is_recent(signing, time, now):
        return None
    signs_time = signing.timestamp_header is not None and signing.signs_timestamp
    signed = time.encode() + b":" + body if signs_time else body
    expected = hmac.new(signing.secret.encode(), signed, hashlib.sha256).hexdigest()
    return expected if hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()) else None


def _is_recent(signing: Signing, time: str, now: float) -> bool:
    if signing.timestamp_header is None:
        return True
    if not time:
        return not signing.signs_timestamp
    is_number = time.isascii() and time.isdigit() and len(time) <= _MOST_DIGITS
    return is_number and abs(now - int(time)) <= REPLAY_WINDOW_SECONDS
