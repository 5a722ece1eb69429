"""The audit log: a chain of its own for each month, of what was changed in configuration and access, and by whom.

It is chained as timelines are, so a chain may be told by its id alone: that of an incident, or that of a month.
"""

from datetime import UTC, datetime
from typing import Final

AUDIT = "audit"
"""The state facet of every record of the audit log."""

_PREFIX: Final = "audit-"


def audit_chain(at: datetime) -> str:
    """Return the id of the chain of the month ``at`` is in, as UTC has it."""
    return f"{_PREFIX}{at.astimezone(UTC):%Y-%m}"


def is_audit_chain(chain_id: str) -> bool:
    """Answer whether the chain is of the audit log, and no incident's."""
    return chain_id.startswith(_PREFIX)


def month_of(chain_id: str) -> str:
    """Return the month of an audit chain, as ``2026-11``."""
    return chain_id.removeprefix(_PREFIX)


def end_of_month(month: str) -> datetime:
    """Return the moment from which nothing is added to the chain of ``month``."""
    year, number = (int(part) for part in month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
