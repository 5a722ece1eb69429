"""A preview: past deliveries read again to show what they would do now, before anything is done."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record


class Preview(Record, frozen=True, kw_only=True):
    """Which deliveries are read again (``delivery_ids``), each as the delivery at the same place of ``readings``."""

    KIND: ClassVar[str] = "preview"

    id: str
    delivery_ids: tuple[str, ...]
    readings: tuple[str, ...]
    mapping: dict[str, tuple[str, ...]] | None = None
    created_by: str
    created_at: datetime

    @property
    def record_id(self) -> str:
        """The id."""
        return self.id

    def facets(self) -> Facets:
        """Dropped with age."""
        return Facets(at=self.created_at)
