"""Severity: how bad the impact is, in the five words every source is translated to."""

from enum import StrEnum


class Severity(StrEnum):
    """Impact, from worst to least. The order of declaration is the order of badness."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the least bad, rising with badness; comparable across severities."""
        return _RANK[self]

    def is_worse_than(self, other: "Severity") -> bool:
        """Answer whether this severity is strictly worse than ``other``."""
        return self.rank > other.rank


_RANK = {severity: rank for rank, severity in enumerate(reversed(Severity))}
