"""Interfaces two or more services call."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from, so that tests can set it."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...
