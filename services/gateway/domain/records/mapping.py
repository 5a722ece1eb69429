"""The generic mapping as it is kept: where in a body of unknown shape each field is looked for."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record

CURRENT_MAPPING = "current"


class IntakeMapping(Record, frozen=True, kw_only=True):
    """Dotted paths by field (``title``, ``severity``, …); a field that is absent keeps its defaults.

    The mapping in force stands under the id ``current``; every version stands under its number too, and stays.
    """

    KIND: ClassVar[str] = "mapping"

    id: str = CURRENT_MAPPING
    version: int
    paths: dict[str, tuple[str, ...]]
    changed_by: str
    changed_at: datetime

    @property
    def record_id(self) -> str:
        """``current``, or the version."""
        return self.id

    def facets(self) -> Facets:
        """The history is listed newest first; the copy in force stands apart."""
        return Facets(state="current" if self.id == CURRENT_MAPPING else "past", at=self.changed_at)
