"""Records that exist to make something happen once: open groups, idempotency keys, known deliveries, counters."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record


class Group(Record, frozen=True, kw_only=True):
    """Which incident a dedup key leads to: the newest one opened for it."""

    KIND: ClassVar[str] = "group"

    dedup_key: str
    incident_id: str
    opened_at: datetime

    @property
    def record_id(self) -> str:
        """The dedup key."""
        return self.dedup_key

    def facets(self) -> Facets:
        """Found by its incident, and dropped with age."""
        return Facets(parent=self.incident_id, at=self.opened_at)


class IdempotencyKey(Record, frozen=True, kw_only=True):
    """The answer a request got, kept so that the same request again gets the same answer.

    ``key`` holds the subject that sent it, so two people never share one. ``request_digest`` tells a repeat
    from a different request under the same key, which is refused.
    """

    KIND: ClassVar[str] = "idempotency"

    key: str
    request_digest: str
    status: int
    location: str | None = None
    etag: str | None = None
    body: str
    created_at: datetime

    @property
    def record_id(self) -> str:
        """Subject and key."""
        return self.key

    def facets(self) -> Facets:
        """Dropped with age."""
        return Facets(at=self.created_at)


class DeliveryKey(Record, frozen=True, kw_only=True):
    """An idempotency key a sender put on a delivery, and the delivery it became."""

    KIND: ClassVar[str] = "delivery_key"

    key: str
    delivery_id: str
    created_at: datetime

    @property
    def record_id(self) -> str:
        """Sender and key."""
        return self.key

    def facets(self) -> Facets:
        """Dropped with age."""
        return Facets(at=self.created_at)


class Counter(Record, frozen=True, kw_only=True):
    """The last number given out under a name; kept apart so that a number is never given twice."""

    KIND: ClassVar[str] = "counter"

    name: str
    value: int

    @property
    def record_id(self) -> str:
        """What it counts."""
        return self.name
