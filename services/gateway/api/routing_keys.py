"""Read what the edge must know of an event in PagerDuty's format, and take the routing key out of what is kept."""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

# Nothing shorter can be a token, and words as short may well stand elsewhere in an event.
_LEAST_LENGTH = 16
_ABSENT = msgspec.Raw(b"null")
# A key in plain spelling, anywhere in the body: also one that JSON would read over, such as the first of two.
_PLAIN = re.compile(rb'("routing_key"\s*:\s*")((?:[^"\\]|\\.)*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class EventHead:
    """The routing key, for authentication only, and what the answer repeats. Values of a wrong type are None."""

    routing_key: str | None = field(repr=False)
    # The routing key as it stands in the body, quotes included.
    spelling: bytes = field(repr=False)
    action: str | None
    dedup_key: str | None
    has_dedup_key: bool


class _Event(msgspec.Struct):
    routing_key: msgspec.Raw = _ABSENT
    event_action: Any = None
    dedup_key: Any = None


_decode = msgspec.json.Decoder(_Event).decode


def read_event(body: bytes) -> EventHead | None:
    """Return the head of the event; None if the body is no JSON object."""
    try:
        event = _decode(body)
        key = msgspec.json.decode(event.routing_key)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return EventHead(
        routing_key=key if isinstance(key, str) else None,
        spelling=bytes(event.routing_key),
        action=_text(event.event_action),
        dedup_key=_text(event.dedup_key),
        has_dedup_key=event.dedup_key is not None and event.dedup_key != "",
    )


def mask_routing_key(body: bytes, event: EventHead | None) -> bytes:
    """Return the body with every routing key overwritten, each byte by one ``*``; all else as it came."""
    body = _PLAIN.sub(lambda found: found[1] + b"*" * len(found[2]), body)
    if event is None or not event.routing_key or len(event.routing_key) < _LEAST_LENGTH:
        return body
    # Spelled with escapes, or under an escaped name, or repeated elsewhere in the event.
    for secret in (event.spelling[1:-1], event.routing_key.encode("utf-8", "replace")):
        body = body.replace(secret, b"*" * len(secret))
    return body


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
