"""A change event as it is kept: a deploy or the like, context for the incidents around it."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record


class Change(Record, frozen=True, kw_only=True):
    """Something that was changed on purpose. ``id`` follows from the event's key, so a repeat is the same change."""

    KIND: ClassVar[str] = "change"

    id: str
    source: str
    summary: str
    occurred_at: datetime
    service: str | None = None
    namespace: str | None = None
    cluster: str | None = None
    labels: dict[str, str] = {}
    link: str | None = None
    delivery_id: str
    received_at: datetime

    @property
    def record_id(self) -> str:
        """The id."""
        return self.id

    def facets(self) -> Facets:
        """Listed by service and source, newest first."""
        return Facets(parent=self.service, tag=self.source, at=self.occurred_at)
