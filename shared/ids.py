"""Opaque ids: a prefix that says what it is, and a ULID, so ids sort by the time they were made."""

from ulid import ULID


def new_id(prefix: str) -> str:
    """Return a new id such as ``inc_01J…``; unique without coordination."""
    return f"{prefix}_{ULID()}"
