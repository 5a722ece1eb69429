"""Opaque ids: a prefix that says what it is, and a ULID, so ids sort by the time they were made."""

from itertools import count

from ulid import ULID

_requests = count(int(ULID()))


def new_id(prefix: str) -> str:
    """Return a new id such as ``inc_01J…``; unique without coordination."""
    return f"{prefix}_{ULID()}"


def new_request_id() -> str:
    """Return the id of a request nobody named: the ULID of the process, counted up.

    One of its own each would ask the kernel for chance at every request, and let every other thread go first.
    """
    return f"req_{ULID.from_int(next(_requests))}"
