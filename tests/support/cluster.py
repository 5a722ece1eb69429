"""Clusters for tests: objects written as Kubernetes writes them, read as a server's answer would be."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState
from services.graph.domain.reading.decoding import decode_object
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS, get_kind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_uids = count(1)


def an_object(kind: str, name: str, namespace: str | None = "shop", **fields: Any) -> KubeObject:
    """Return an object of a kind from its fields in camelCase; ``metadata`` is merged with name, namespace, uid."""
    wanted = get_kind(kind)
    given = dict(fields.pop("metadata", {}))
    meta = {"name": name, "uid": f"uid-{next(_uids)}", "resourceVersion": "1", **given}
    if wanted.is_namespaced:
        meta.setdefault("namespace", namespace)
    return decode_object(wanted, msgspec.json.encode({"metadata": meta, **fields}))


def an_inventory(
    *objects: KubeObject, unread: Mapping[str, CoverageState] | None = None, cluster: str = "test"
) -> Inventory:
    """Return an inventory of these objects; every kind was read whole, but for those ``unread`` names."""
    unread = unread or {}
    entries = [
        CoverageEntry(kind=kind.name, verb="list", state=unread.get(kind.name, CoverageState.OK)) for kind in KINDS
    ]
    return Inventory(cluster, NOW, _without(objects, unread), Coverage(tuple(entries)))


def _without(objects: Iterable[KubeObject], unread: Mapping[str, CoverageState]) -> list[KubeObject]:
    gone = {name for name, state in unread.items() if state not in {CoverageState.PARTIAL, CoverageState.TRUNCATED}}
    return [thing for thing in objects if thing.KIND not in gone]
