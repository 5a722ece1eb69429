"""Compare two inventories of a cluster: what a person would call a change, and none of what moves by itself."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from services.graph.domain.changes.change import Change, ChangeKind, ChangeSource
from services.graph.domain.changes.fields import FIELDS, Field
from services.graph.domain.changes.templates import TEMPLATES, template_changes
from services.graph.domain.k8s.config import ConfigMap
from services.graph.domain.k8s.network import EndpointSlice, Service
from services.graph.domain.k8s.shape import FieldsManager, KubeObject, ManagedMeta
from services.graph.domain.reading.inventory import Inventory, Presence

_MOST_SHOWN = 200
_encode = msgspec.json.Encoder(order="sorted").encode


def compare_inventories(before: Inventory, after: Inventory) -> list[Change]:
    """Return the changes between two moments, in the order of kinds and names.

    That an object came or went is said only where both moments prove it: what could not be read is no change.
    """
    found: list[Change] = []
    for kind in FIELDS:
        found += _compare_kind(kind, before, after)
    found += _compare_endpoints(before, after)
    return found


def _compare_kind(kind: type[KubeObject], before: Inventory, after: Inventory) -> Iterator[Change]:
    for now in sorted(after.all(kind), key=_by_name):
        was = before.find_ref(now.ref)
        if was is None:
            if before.presence(kind, now.metadata.namespace, now.metadata.name) is Presence.ABSENT:
                yield _came(kind, now)
        elif was.metadata.uid != now.metadata.uid:
            yield _came(kind, now)
        elif was.metadata.resource_version != now.metadata.resource_version:
            yield from _compare_objects(kind, was, now, after)
    for was in sorted(before.all(kind), key=_by_name):
        if after.presence(kind, was.metadata.namespace, was.metadata.name) is Presence.ABSENT:
            yield Change(
                ref=was.ref,
                kind=FIELDS[kind][0].kind,
                source=ChangeSource.COMPARED,
                field_path="",
                before="there",
                after="gone",
                at=after.observed_at,
                is_latest=True,
            )


def _came(kind: type[KubeObject], now: KubeObject) -> Change:
    return Change(
        ref=now.ref,
        kind=FIELDS[kind][0].kind,
        source=ChangeSource.CREATED,
        field_path="metadata.creationTimestamp",
        at=now.metadata.creation_timestamp,
    )


def _compare_objects(kind: type[KubeObject], was: KubeObject, now: KubeObject, after: Inventory) -> Iterator[Change]:
    at, by = changed_at(now), changed_by(now)
    for change in _differences(kind, was, now):
        yield msgspec.structs.replace(change, at=at or after.observed_at, is_latest=at is None, by=by)


def _differences(kind: type[KubeObject], was: KubeObject, now: KubeObject) -> Iterator[Change]:
    for field in FIELDS[kind]:
        old, new = field.read(was), field.read(now)
        if old != new:
            yield _compared(now, field.kind, field.path, *_shown(field, old, new))
    if isinstance(was, ConfigMap) and isinstance(now, ConfigMap):
        for key in sorted(was.keys | now.keys):
            if was.digests.get(key) != now.digests.get(key):
                yield _compared(now, ChangeKind.CONFIG, f"data.{key}", _value(was, key), _value(now, key))
    if kind in TEMPLATES:
        for change in template_changes(TEMPLATES[kind](was), TEMPLATES[kind](now), now.ref):
            yield msgspec.structs.replace(change, source=ChangeSource.COMPARED)


def _compared(now: KubeObject, kind: ChangeKind, path: str, before: str, after: str) -> Change:
    return Change(ref=now.ref, kind=kind, source=ChangeSource.COMPARED, field_path=path, before=before, after=after)


def _compare_endpoints(before: Inventory, after: Inventory) -> Iterator[Change]:
    """Yield Services whose number of ready endpoints changed; single endpoints come and go with their pods.

    A Service that came or went is a change of its own, and so is told of once.
    """
    for now in sorted(after.all(Service), key=_by_name):
        namespace, name = now.metadata.namespace, now.metadata.name
        is_known = all(one.coverage.proves_absence(EndpointSlice.KIND, namespace) for one in (before, after))
        if not is_known or before.find_ref(now.ref) is None:
            continue
        was_ready, is_ready = _ready(before, namespace, name), _ready(after, namespace, name)
        if was_ready != is_ready:
            yield Change(
                ref=now.ref,
                kind=ChangeKind.ENDPOINTS,
                source=ChangeSource.COMPARED,
                field_path="endpoints[].conditions.ready",
                before=f"{was_ready} ready",
                after=f"{is_ready} ready",
                at=after.observed_at,
                is_latest=True,
            )


def _ready(inventory: Inventory, namespace: str | None, service: str) -> int:
    """Count the addresses traffic goes to; a Service of two address families has each pod in two slices."""
    ready = {
        (end.target_ref.uid or end.target_ref.name) if end.target_ref else tuple(end.addresses or ())
        for one in inventory.slices_of(namespace, service)
        for end in one.endpoints or ()
        if end.is_ready
    }
    return len(ready)


def changed_at(thing: KubeObject) -> datetime | None:
    """Return when a person or a controller set fields of the spec last, as the server notes it; None if it does not."""
    return max((at for at, _ in _settings(thing)), default=None)


def changed_by(thing: KubeObject) -> str:
    """Return what set fields of the spec last: ``kubectl-edit``, ``helm``, ``argocd-controller``."""
    last = max(_settings(thing), key=lambda one: one[0], default=None)
    return last[1].manager if last else ""


def _settings(thing: KubeObject) -> list[tuple[datetime, FieldsManager]]:
    meta = thing.metadata
    managers = meta.managed_fields or () if isinstance(meta, ManagedMeta) else ()
    # Writing a status is what controllers do all the time, and is no change.
    return [(one.time, one) for one in managers if one.time is not None and not one.subresource]


def _shown(field: Field, old: object, new: object) -> tuple[str, str]:
    if field.is_shown:
        return _text(old), _text(new)
    return "", ""


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _encode(value).decode()[:_MOST_SHOWN]


def _value(config: ConfigMap, key: str) -> str:
    value = config.values.get(key)
    if value is None:
        return "(long or binary)" if key in config.keys else ""
    return value[:_MOST_SHOWN]


def _by_name(thing: KubeObject) -> tuple[str, str]:
    return thing.metadata.namespace or "", thing.metadata.name
