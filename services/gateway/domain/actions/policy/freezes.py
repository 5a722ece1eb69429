"""A freeze: a time in which nothing it matches is executed, though it may be approved."""

from datetime import datetime

import msgspec

from services.gateway.domain.actions.policy.hours import Hours, Span, span_after, span_at
from services.gateway.domain.actions.policy.matching import ActionMatch
from services.gateway.domain.records import Role


class Freeze(ActionMatch, frozen=True, kw_only=True):
    """Holds from one moment until before another, or in its weekly ``hours``: exactly one of the two is given.

    ``break_glass_role``: the least role that may execute all the same, with a reason. None: nobody may.
    """

    name: str
    reason: str
    from_at: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = None
    hours: tuple[Hours, ...] = ()
    break_glass_role: Role | None = None

    def span_at(self, now: datetime) -> Span | None:
        """Return the span in which it holds at ``now``; None if it does not."""
        if self.from_at is None or self.until is None:
            return span_at(self.hours, now)
        return Span(self.from_at, self.until) if self.from_at <= now < self.until else None

    def span_after(self, now: datetime) -> Span | None:
        """Return the first span that begins after ``now``; None if none does."""
        if self.from_at is None or self.until is None:
            return span_after(self.hours, now)
        return Span(self.from_at, self.until) if self.from_at > now else None
