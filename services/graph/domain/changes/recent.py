"""Changes one moment tells of by itself: revisions, when fields were set, taints, objects made lately."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from services.graph.domain.changes.change import Change, ChangeKind, ChangeSource
from services.graph.domain.changes.compare import changed_at, changed_by
from services.graph.domain.changes.fields import FIELDS
from services.graph.domain.changes.templates import template_changes
from services.graph.domain.evidence.revisions import last_change
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.workloads import Deployment
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.walking.ownership import replica_sets_of

# What writes to objects all the time without anybody having decided anything.
_CONTROLLERS = ("kube-controller-manager", "kubelet", "kube-scheduler", "cloud-controller-manager")


def find_recent_changes(inventory: Inventory, since: datetime) -> list[Change]:
    """Return what was changed at or after ``since``, the latest first."""
    found: list[Change] = []
    for kind in FIELDS:
        for thing in inventory.all(kind):
            found += _changes_of(inventory, thing, since)
    return sorted(found, key=lambda change: (change.at or since, str(change.ref)), reverse=True)


def _changes_of(inventory: Inventory, thing: KubeObject, since: datetime) -> Iterator[Change]:
    if isinstance(thing, Deployment):
        yield from _rollout(inventory, thing, since)
        return
    if isinstance(thing, Node):
        yield from _taints(thing, since)
        return
    made = thing.metadata.creation_timestamp
    kind = FIELDS[type(thing)][0].kind
    if made is not None and made >= since:
        yield Change(
            ref=thing.ref, kind=kind, source=ChangeSource.CREATED, field_path="metadata.creationTimestamp", at=made
        )
        return
    at, by = changed_at(thing), changed_by(thing)
    if at is not None and at >= since and not by.startswith(_CONTROLLERS):
        yield Change(
            ref=thing.ref,
            kind=kind,
            source=ChangeSource.MANAGED_FIELDS,
            field_path="metadata.managedFields",
            at=at,
            by=by,
        )


def _rollout(inventory: Inventory, deployment: Deployment, since: datetime) -> Iterator[Change]:
    last = last_change(inventory, deployment)
    if last is None or last.at is None or last.at < since:
        return
    older = replica_sets_of(inventory, deployment)[1]
    for change in template_changes(older.spec.template, last.replica_set.spec.template, deployment.ref):
        yield msgspec.structs.replace(change, at=last.at, by=changed_by(deployment))


def _taints(node: Node, since: datetime) -> Iterator[Change]:
    for taint in node.spec.taints or ():
        if taint.time_added is not None and taint.time_added >= since:
            yield Change(
                ref=node.ref,
                kind=ChangeKind.NODE,
                source=ChangeSource.TAINT,
                field_path=f"spec.taints[{taint.key}]",
                after=taint.effect or "",
                at=taint.time_added,
            )
