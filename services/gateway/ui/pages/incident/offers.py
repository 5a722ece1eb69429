"""Which moves of status the header offers: those the API allows now, in the words of whoever makes one."""

from dataclasses import dataclass
from typing import Any

# The usual way on from each status; the others are offered beside it.
_ONWARD = {
    "new": "triage",
    "triage": "investigating",
    "investigating": "mitigated",
    "mitigated": "monitoring",
    "monitoring": "resolved",
    "resolved": "postmortem",
    "postmortem": "closed",
}
_TEXTS = {
    "triage": "Acknowledge",
    "investigating": "Investigate",
    "mitigated": "Mark mitigated",
    "monitoring": "Monitor",
    "resolved": "Resolve",
    "postmortem": "Start postmortem",
    "closed": "Close",
    "cancelled": "Cancel incident",
    "merged": "Merge",
}
_ENDED = frozenset({"resolved", "postmortem", "closed"})
# What the API asks a reason for, as docs/api.md says; it refuses where this is wrong.
_REASONED_FROM = frozenset({"postmortem", "closed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Offer:
    """A move: where to, what its button says, and what has to be said before it can be made."""

    status: str
    text: str
    is_onward: bool = False
    needs_reason: bool = False
    firing: int = 0

    @property
    def asks(self) -> bool:
        """Answer whether it opens a dialog first."""
        return self.needs_reason or self.firing > 0 or self.is_merge

    @property
    def is_merge(self) -> bool:
        """Answer whether it goes by the call that merges, which wants a target."""
        return self.status == "merged"

    @property
    def is_aside(self) -> bool:
        """Answer whether it takes the incident out of the way of work: less often meant, so less prominent."""
        return self.status in {"cancelled", "merged"}


def offers_of(incident: dict[str, Any]) -> tuple[Offer, ...]:
    """Return the moves of ``allowedTransitions``, the usual way on first."""
    now = incident["status"]
    found = [_offer(now, to, incident["firingCount"]) for to in incident["allowedTransitions"]]
    return tuple(sorted(found, key=lambda one: (not one.is_onward, one.is_aside)))


def _offer(now: str, to: str, firing: int) -> Offer:
    is_back = to == "investigating" and now in _ENDED
    text = "Reopen" if is_back or now == "cancelled" else _TEXTS.get(to, to.capitalize())
    if to == "triage" and now != "new":
        text = "Reopen" if now == "cancelled" else "Back to triage"
    return Offer(
        status=to,
        text=text,
        is_onward=_ONWARD.get(now) == to,
        needs_reason=to in {"cancelled", "merged"} or (now in _REASONED_FROM and to != "closed"),
        firing=firing if to == "resolved" else 0,
    )
