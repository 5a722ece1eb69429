"""The report of an incident as people edited it."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record


class EditedReport(Record, frozen=True, kw_only=True):
    """What people made of the draft, in Markdown. ``version`` counts how often it was kept; only the newest is."""

    KIND: ClassVar[str] = "edited_report"

    incident_id: str
    text: str
    version: int = 1
    edited_by: str
    edited_at: datetime

    @property
    def record_id(self) -> str:
        """The incident id: an incident has one."""
        return self.incident_id

    def facets(self) -> Facets:
        """Found with its incident."""
        return Facets(parent=self.incident_id)
