"""Turn waiting deliveries into the message intake reads, with bodies kept at hand since their commit if possible."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import msgspec

from services.gateway.domain.records import CURRENT_MAPPING, Delivery, DeliveryBody, IntakeMapping, Job
from services.gateway.ports import Store
from services.gateway.relay.backlog import Entry
from shared.contracts.messages import DeliveryToNormalise, NormaliseDeliveries, encode
from shared.contracts.queues import NORMALISE_DELIVERIES
from shared.contracts.trail import Trail

# A message that is much larger keeps the broker busy with one client; larger bodies travel as blobs anyway.
MESSAGE_BYTES = 256 << 10
_FRESH_BYTES = 16 << 20
# The sources whose bodies have no shape of their own.
MAPPED_SOURCES = frozenset({"webhook", "cloudevents"})
# What a delivery weighs in a message beside its body: ids, times, keys, its trail.
_ENVELOPE_BYTES = 450


@dataclass(slots=True)
class Packed:
    """A message and the jobs in it; ``left`` did not fit, ``finished`` need no work, ``broken`` cannot be done."""

    entries: list[Entry] = field(default_factory=list)
    deliveries: list[DeliveryToNormalise] = field(default_factory=list)
    left: list[Entry] = field(default_factory=list)
    finished: list[Entry] = field(default_factory=list)
    broken: list[Entry] = field(default_factory=list)
    task: str = NORMALISE_DELIVERIES

    @property
    def trails(self) -> dict[str, Trail | None]:
        """What each job was put for, by job id."""
        return {delivery.job_id: delivery.trail for delivery in self.deliveries}

    def encode(self, message_id: str, trails: Mapping[str, Trail]) -> bytes:
        """Return the message as JSON. Work that was lost before is to be claimed."""
        claim = any(entry.suspect for entry in self.entries)
        deliveries = tuple(
            msgspec.structs.replace(one, trail=trails[one.job_id]) if one.job_id in trails else one
            for one in self.deliveries
        )
        return encode(NormaliseDeliveries(message_id=message_id, deliveries=deliveries, claim=claim))


class Packing:
    """Reads what a message needs. Safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._fresh: OrderedDict[str, DeliveryToNormalise] = OrderedDict()
        self._fresh_bytes = 0

    def keep(self, job: Job, delivery: Delivery, body: DeliveryBody) -> None:
        """Keep what was just committed, so that handing it soon reads nothing."""
        if (item := _item(job, delivery, body)) is None:
            return
        with self._lock:
            self._forget(job.id)
            self._fresh[job.id] = item
            self._fresh_bytes += _weight(item)
            while self._fresh_bytes > _FRESH_BYTES:
                self._forget(next(iter(self._fresh)))

    def drop(self, job_id: str) -> None:
        """Forget a job that is finished."""
        with self._lock:
            self._forget(job_id)

    def pack(self, entries: Sequence[Entry]) -> Packed:
        """Return the message for as many of ``entries`` as fit, in order."""
        packed, weight = Packed(), 0
        mapping = self._store.find(IntakeMapping, CURRENT_MAPPING)
        for index, entry in enumerate(entries):
            item = self._take(entry.job_id) if entry.attempt == 0 else None
            if item is None:
                item = self._read(entry, packed)
            if item is None:
                continue
            weight += _weight(item)
            if weight > MESSAGE_BYTES and packed.entries:
                packed.left.extend(entries[index:])
                break
            packed.entries.append(entry)
            packed.deliveries.append(_stamp(item, entry, mapping))
        return packed

    def _read(self, entry: Entry, packed: Packed) -> DeliveryToNormalise | None:
        job = self._store.find(Job, entry.job_id)
        if job is None or job.state.is_final:
            packed.finished.append(entry)
            return None
        delivery = self._store.find(Delivery, job.delivery_id or "")
        body = self._store.find(DeliveryBody, job.delivery_id or "")
        item = _item(job, delivery, body) if delivery is not None and body is not None else None
        if item is None:
            packed.broken.append(entry)
        return item

    def _take(self, job_id: str) -> DeliveryToNormalise | None:
        with self._lock:
            return self._forget(job_id)

    def _forget(self, job_id: str) -> DeliveryToNormalise | None:
        item = self._fresh.pop(job_id, None)
        if item is not None:
            self._fresh_bytes -= _weight(item)
        return item


def _item(job: Job, delivery: Delivery, body: DeliveryBody) -> DeliveryToNormalise | None:
    if body.text is None and body.blob is None:
        return None
    return DeliveryToNormalise(
        job_id=job.id,
        attempt=job.attempt + 1,
        delivery_id=delivery.id,
        source=delivery.source,
        received_at=delivery.received_at,
        body=body.text,
        blob=body.blob,
        context=delivery.context,
        mapping=delivery.mapping,
        trail=job.trail,
    )


def _stamp(item: DeliveryToNormalise, entry: Entry, mapping: IntakeMapping | None) -> DeliveryToNormalise:
    """Return the item with its attempt and, unless it brings a mapping of its own, the one in force."""
    paths = item.mapping
    if paths is None and mapping is not None and item.source in MAPPED_SOURCES:
        paths = mapping.paths
    return msgspec.structs.replace(item, attempt=entry.attempt + 1, mapping=paths)


def _weight(item: DeliveryToNormalise) -> int:
    context = sum(len(name) + len(value) for name, value in item.context.items())
    return _ENVELOPE_BYTES + context + (len(item.body) if item.body is not None else 0)
