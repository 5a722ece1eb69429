"""Silences and maintenance windows: what holds signals back, from when to when, and why."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from services.gateway.domain.records.rules import Match

BOARD = "current"


class SilenceKind(StrEnum):
    """A silence is set by someone in the middle of something; a maintenance window is planned and may recur."""

    SILENCE = "silence"
    MAINTENANCE_WINDOW = "maintenance_window"


class SilenceState(StrEnum):
    """``live`` until its last moment has passed or someone ended it; then ``ended``, for good."""

    LIVE = "live"
    ENDED = "ended"


class Silence(Record, frozen=True, kw_only=True):
    """Holds matching signals back from ``starts_at`` until before ``ends_at``; resolves always pass.

    With ``repeat`` (an RFC 5545 rule: FREQ of DAILY, WEEKLY or MONTHLY) that span recurs, at the same wall-clock
    time of ``timezone``. ``version`` rises with every change of it.
    """

    KIND: ClassVar[str] = "silence"

    id: str
    kind: SilenceKind
    comment: str
    match: Match = Match()
    when: str = ""
    starts_at: datetime
    ends_at: datetime
    repeat: str | None = None
    timezone: str = "UTC"
    state: SilenceState = SilenceState.LIVE
    created_by: str
    created_at: datetime
    updated_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None
    version: int = 1
    # The timer that looks again at what it held, when its span (or the next of them) is over.
    end_job_id: str | None = None

    @property
    def record_id(self) -> str:
        """The id."""
        return self.id

    def facets(self) -> Facets:
        """Listed by kind and state, newest first."""
        return Facets(parent=self.kind, state=self.state, at=self.created_at)


class SilenceBoard(Record, frozen=True, kw_only=True):
    """Which silences are live. Every decision about a signal reads it, so a change of it and a decision never cross."""

    KIND: ClassVar[str] = "silence_board"

    id: str = BOARD
    version: int = 0
    live: tuple[str, ...] = ()

    @property
    def record_id(self) -> str:
        """There is one board."""
        return self.id
