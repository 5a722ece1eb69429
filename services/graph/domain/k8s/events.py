"""Kubernetes Events, of core/v1 and of events.k8s.io, in one form."""

from datetime import datetime
from typing import ClassVar

from services.graph.domain.k8s.shape import KubeObject, Ref, Shape


class EventObject(Shape, frozen=True, kw_only=True, gc=False):
    kind: str = ""
    namespace: str | None = None
    name: str = ""
    uid: str = ""
    field_path: str | None = None


class EventSeries(Shape, frozen=True, kw_only=True, gc=False):
    count: int | None = None
    last_observed_time: datetime | None = None


class EventSource(Shape, frozen=True, kw_only=True, gc=False):
    component: str | None = None
    host: str | None = None


class RawEvent(KubeObject, frozen=True, kw_only=True, gc=False):
    """Of either API; each has fields the other calls differently."""

    KIND: ClassVar[str] = "Event"

    type: str | None = None
    reason: str | None = None
    message: str | None = None
    note: str | None = None
    involved_object: EventObject | None = None
    regarding: EventObject | None = None
    count: int | None = None
    deprecated_count: int | None = None
    series: EventSeries | None = None
    event_time: datetime | None = None
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    deprecated_first_timestamp: datetime | None = None
    deprecated_last_timestamp: datetime | None = None
    source: EventSource | None = None
    reporting_component: str | None = None
    reporting_controller: str | None = None


class Event(KubeObject, frozen=True, kw_only=True, gc=False):
    """What a component reported about ``about``; ``last_at`` is when it did so last, and ``count`` how often."""

    KIND: ClassVar[str] = "Event"

    type: str = "Normal"
    reason: str = ""
    message: str = ""
    about: EventObject = EventObject()
    count: int = 1
    first_at: datetime | None = None
    last_at: datetime | None = None
    component: str = ""

    @property
    def is_warning(self) -> bool:
        """Whether it tells of trouble."""
        return self.type == "Warning"

    @property
    def about_ref(self) -> Ref:
        """Which object it is about."""
        return Ref(self.about.kind, self.about.namespace or None, self.about.name)


def is_about(event: Event, thing: KubeObject) -> bool:
    """Answer whether an Event is about this very object, not about an earlier one of its name.

    The kubelet gives the name of its node as the node's uid, and of a static pod the hash of its file.
    """
    uid, meta = event.about.uid, thing.metadata
    if not uid or not meta.uid or uid == meta.uid:
        return True
    if thing.KIND == "Node":
        return uid == meta.name
    return uid == thing.annotations.get("kubernetes.io/config.hash")


def project_event(raw: RawEvent) -> Event:
    """Return an Event in one form.

    The time rule: last observation of the series, then ``eventTime``, ``lastTimestamp``, ``firstTimestamp``, creation.
    Components of today leave the timestamps null, those of yesterday the ``eventTime`` (kubernetes#90482).
    """
    series, made = raw.series, raw.metadata.creation_timestamp
    first = raw.first_timestamp or raw.deprecated_first_timestamp
    last = raw.last_timestamp or raw.deprecated_last_timestamp
    observed = series.last_observed_time if series else None
    count = (series.count if series else None) or raw.count or raw.deprecated_count or 1
    return Event(
        metadata=raw.metadata,
        type=raw.type or "Normal",
        reason=raw.reason or "",
        message=raw.message or raw.note or "",
        about=raw.involved_object or raw.regarding or EventObject(),
        count=count,
        first_at=first or raw.event_time or made,
        last_at=observed or raw.event_time or last or first or made,
        component=raw.reporting_component
        or raw.reporting_controller
        or (raw.source.component if raw.source else None)
        or "",
    )
