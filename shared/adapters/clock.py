"""The real clock."""

from datetime import UTC, datetime


class SystemClock:
    """Says what the machine's clock says."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)
