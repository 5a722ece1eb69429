"""What a merge took from an incident, kept so that a split can give it back."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from services.gateway.domain.records.incident import IncidentStatus, Milestones


class Merge(Record, frozen=True, kw_only=True):
    """How a merged incident was before, and which signals and groups went with it to ``into``."""

    KIND: ClassVar[str] = "merge"

    incident_id: str
    into: str
    status: IncidentStatus
    milestones: Milestones
    fingerprints: tuple[str, ...] = ()
    dedup_keys: tuple[str, ...] = ()
    merged_by: str
    merged_at: datetime

    @property
    def record_id(self) -> str:
        """The id of the merged incident: it is merged into one other at a time."""
        return self.incident_id

    def facets(self) -> Facets:
        """Found with its incident."""
        return Facets(parent=self.incident_id, at=self.merged_at)
