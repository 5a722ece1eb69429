"""Compare two inventories of a cluster: what a person would call a change, and none of what moves by itself."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from services.graph.domain.changes.change import Change, ChangeKind, ChangeSource
from services.graph.domain.changes.fields import FIELDS, Field
from services.graph.domain.changes.templates import TEMPLATES, template_changes
from services.graph.domain.inventory import Inventory, Presence
from services.graph.domain.k8s.config import ConfigMap
from services.graph.domain.k8s.network import EndpointSlice, Service
from services.graph.domain.k8s.shape import FieldsManager, KubeObject, ManagedMeta, Ref

_SERVICE_NAME = "kubernetes.io/service-name"
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
    for field in FIELDS[kind]:
        old, new = field.read(was), field.read(now)
        if old != new:
            before, later = _shown(field, old, new)
            yield Change(
                ref=now.ref,
                kind=field.kind,
                source=ChangeSource.COMPARED,
                field_path=field.path,
                before=before,
                after=later,
                at=at or after.observed_at,
                by=by,
            )
    if isinstance(was, ConfigMap) and isinstance(now, ConfigMap):
        yield from _compare_config(was, now, at or after.observed_at)
    if kind in TEMPLATES:
        for change in template_changes(TEMPLATES[kind](was), TEMPLATES[kind](now), now.ref):
            yield msgspec.structs.replace(change, at=at or after.observed_at, by=by)


def _compare_config(was: ConfigMap, now: ConfigMap, at: datetime) -> Iterator[Change]:
    for key in sorted(was.keys | now.keys):
        if was.digests.get(key) != now.digests.get(key):
            yield Change(
                ref=now.ref,
                kind=ChangeKind.CONFIG,
                source=ChangeSource.COMPARED,
                field_path=f"data.{key}",
                before=_short(was.values.get(key), is_there=key in was.keys),
                after=_short(now.values.get(key), is_there=key in now.keys),
                at=at,
                by=changed_by(now),
            )


def _compare_endpoints(before: Inventory, after: Inventory) -> Iterator[Change]:
    """Yield Services whose number of ready endpoints changed; single endpoints come and go with their pods."""
    if not _knows(before, EndpointSlice) or not _knows(after, EndpointSlice):
        return
    was, now = _ready(before), _ready(after)
    for ref in sorted(was.keys() | now.keys(), key=str):
        if was.get(ref, 0) != now.get(ref, 0):
            yield Change(
                ref=ref,
                kind=ChangeKind.ENDPOINTS,
                source=ChangeSource.COMPARED,
                field_path="endpoints[].conditions.ready",
                before=f"{was.get(ref, 0)} ready",
                after=f"{now.get(ref, 0)} ready",
                at=after.observed_at,
            )


def _ready(inventory: Inventory) -> dict[Ref, int]:
    ready: dict[Ref, int] = {}
    for one in inventory.all(EndpointSlice):
        name = one.labels.get(_SERVICE_NAME)
        if name:
            ref = Ref(Service.KIND, one.metadata.namespace, name)
            ready[ref] = ready.get(ref, 0) + sum(endpoint.is_ready for endpoint in one.endpoints or ())
    return ready


def _knows(inventory: Inventory, kind: type[KubeObject]) -> bool:
    return inventory.coverage.proves_absence(kind.KIND, None)


def changed_at(thing: KubeObject) -> datetime | None:
    """Return when a person or a controller set fields of the spec last, as the server notes it; None if it does not."""
    times = [one.time for one in _managers(thing) if one.time and not one.subresource]
    return max(times, default=None)


def changed_by(thing: KubeObject) -> str:
    """Return what set fields of the spec last: ``kubectl-edit``, ``helm``, ``argocd-controller``."""
    timed = [(one.time, one.manager) for one in _managers(thing) if one.time and not one.subresource]
    return max(timed, default=(None, ""))[1]


def _managers(thing: KubeObject) -> list[FieldsManager]:
    meta = thing.metadata
    return list(meta.managed_fields or ()) if isinstance(meta, ManagedMeta) else []


def _shown(field: Field, old: object, new: object) -> tuple[str, str]:
    if field.is_shown:
        return _text(old), _text(new)
    return "", ""


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _encode(value).decode()[:_MOST_SHOWN]


def _short(value: str | None, *, is_there: bool) -> str:
    if value is None:
        return "(long or binary)" if is_there else ""
    return value[:_MOST_SHOWN]


def _by_name(thing: KubeObject) -> tuple[str, str]:
    return thing.metadata.namespace or "", thing.metadata.name


_MOST_SHOWN = 200
