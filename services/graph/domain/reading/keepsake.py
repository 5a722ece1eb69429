"""What was looked at, kept as bytes: the objects that mattered with what was read, without secrets, bounded.

Only a part of a cluster is kept, so what is not in it is not proven absent, but where all of a kind was kept.
"""

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from services.graph.domain.changes.fields import FIELDS
from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.network import EndpointSlice
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS, get_kind
from services.graph.domain.reading.redaction import redact_object
from services.graph.domain.reading.secret_shapes import MASK

VERSION = 1
MOST_OBJECTS, MOST_BYTES, _MOST_EVENTS = 5_000, 8 << 20, 1_000
# Read back, nothing larger is unpacked, whatever it claims to be.
_MOST_UNPACKED = 2 * MOST_BYTES
# Kept whole where the seeds are: what came or went can be told only of them.
_WHOLE: tuple[type[KubeObject], ...] = (*FIELDS, EndpointSlice)


class UnreadableKeepsake(ValueError):
    """The bytes are no keepsake, damaged, or of a later version."""


class _Document(msgspec.Struct, rename="camel", kw_only=True):
    version: int
    cluster: str
    observed_at: datetime
    coverage: list[CoverageEntry]
    objects: dict[str, list[msgspec.Raw]]


def keep(inventory: Inventory, refs: Iterable[Ref], namespaces: Collection[str]) -> bytes:
    """Return the objects of ``refs``, the first first, then all of ``namespaces`` that people change, as bytes.

    The same objects give the same bytes.
    """
    kept: dict[str, list[msgspec.Raw]] = {}
    counts: Counter[tuple[str, str | None]] = Counter()
    number = size = 0
    for thing in _chosen(inventory, refs, namespaces):
        body = _encode(_redacted(thing))
        if number >= MOST_OBJECTS or size + len(body) > MOST_BYTES:
            break
        number, size = number + 1, size + len(body)
        kept.setdefault(thing.KIND, []).append(msgspec.Raw(body))
        counts[thing.KIND, thing.metadata.namespace] += 1
    document = _Document(
        version=VERSION,
        cluster=inventory.cluster,
        observed_at=inventory.observed_at,
        coverage=list(_coverage(inventory, counts, sorted(namespaces))),
        objects=kept,
    )
    return zlib.compress(_encode(document), 6)


def recall(body: bytes) -> Inventory:
    """Return what was kept. Raises ``UnreadableKeepsake``."""
    try:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(body, _MOST_UNPACKED)
        if not unpacker.eof:
            raise UnreadableKeepsake("it is cut, or larger than any that is kept")
        document = _decode(plain)
        if document.version != VERSION:
            raise UnreadableKeepsake(f"version {document.version} is not known")
        objects = [
            msgspec.json.decode(raw, type=get_kind(kind).kept)
            for kind, raws in document.objects.items()
            for raw in raws
        ]
    except (zlib.error, msgspec.MsgspecError, KeyError) as error:
        raise UnreadableKeepsake(f"it cannot be read: {type(error).__name__}") from error
    return Inventory(document.cluster, document.observed_at, objects, Coverage(tuple(document.coverage)))


def _chosen(inventory: Inventory, refs: Iterable[Ref], namespaces: Collection[str]) -> Iterator[KubeObject]:
    """Yield each object once; the Events of those that were looked at last, because they are many."""
    near: dict[Ref, KubeObject] = {}
    for ref in refs:
        thing = inventory.find_ref(ref)
        if thing is not None and ref not in near:
            near[ref] = thing
            yield thing
    for kind in _WHOLE:
        spaces = sorted(namespaces) if get_kind(kind.KIND).is_namespaced else [None]
        for space in spaces:
            for thing in sorted(inventory.in_namespace(kind, space), key=lambda one: one.metadata.name):
                if thing.ref not in near:
                    yield thing
    events = (event for thing in near.values() for event in inventory.events_of(thing))
    for number, event in enumerate(events):
        if number < _MOST_EVENTS:
            yield event


def _coverage(
    inventory: Inventory, counts: Counter[tuple[str, str | None]], namespaces: Collection[str]
) -> Iterator[CoverageEntry]:
    """Yield what was read, and where all that was read was kept too: else nothing is proven absent."""
    for entry in inventory.coverage.entries:
        is_kept_whole = entry.state is not CoverageState.OK or _is_whole(inventory, counts, entry.kind, entry.namespace)
        if entry.verb != "list" or is_kept_whole:
            yield entry
        else:
            reason = "only what was looked at was kept"
            yield msgspec.structs.replace(entry, state=CoverageState.TRUNCATED, reason=reason)
    for kind in KINDS:
        if not kind.is_namespaced or inventory.coverage.state(kind.name, None) is not CoverageState.OK:
            continue
        for space in namespaces:
            if kind.name != Event.KIND and _is_whole(inventory, counts, kind.name, space):
                yield CoverageEntry(kind=kind.name, verb="list", state=CoverageState.OK, namespace=space)


def _is_whole(inventory: Inventory, counts: Counter[tuple[str, str | None]], kind: str, namespace: str | None) -> bool:
    found = inventory.all(get_kind(kind).kept)
    if namespace is None:
        return len(found) == sum(count for (name, _), count in counts.items() if name == kind)
    if kind == Event.KIND:
        return False
    return len(inventory.in_namespace(get_kind(kind).kept, namespace)) == counts[kind, namespace]


def _redacted(thing: KubeObject) -> dict[str, Any]:
    item: dict[str, Any] = msgspec.to_builtins(thing)
    if thing.KIND == "Secret":
        # The names of its keys are all there is of it, and its redaction knows only how a server sends one.
        secret = redact_object("ConfigMap", {"metadata": item.get("metadata", {})})
        return {**secret, **{key: item[key] for key in ("type", "keyNames") if key in item}}
    if thing.KIND == "ConfigMap":
        values = redact_object("ConfigMap", {"data": item.get("values", {})})["data"]
        # A digest of a short secret can be guessed, so it is none where its value is masked.
        digests = {key: MASK if MASK in values.get(key, "") else one for key, one in item.get("digests", {}).items()}
        rest = {key: one for key, one in item.items() if key not in {"values", "digests"}}
        return {**redact_object("ConfigMap", rest), "values": values, "digests": digests}
    return redact_object(thing.KIND, item)


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(_Document).decode
