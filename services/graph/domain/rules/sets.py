"""Rules for StatefulSets, and for ReplicaSets that nothing controls, whose pods are not all there."""

from collections.abc import Iterator

from services.graph.domain.evidence.blame import blame_workload, unread_step
from services.graph.domain.evidence.missing_replicas import is_settling, workload_hit
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.storage import PersistentVolumeClaim, StorageClass
from services.graph.domain.k8s.workloads import ReplicaSet, ReplicationController, StatefulSet
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import pods_of, top_owner
from shared.contracts.severity import Severity


def _stateful(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, StatefulSet):
        return
    wanted, ready = 1 if thing.spec.replicas is None else thing.spec.replicas, thing.status.ready_replicas or 0
    if ready < wanted and not is_settling(view, thing):
        yield workload_hit(view, thing, f"Only {ready} of {wanted} replicas are ready.", "status.readyReplicas")


def _half_rolled(_view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, StatefulSet) or not thing.status.update_revision:
        return
    strategy, status = thing.spec.update_strategy, thing.status
    partition = (strategy.rolling_update.partition if strategy and strategy.rolling_update else None) or 0
    by_hand = strategy is not None and strategy.type == "OnDelete"
    if status.current_revision == status.update_revision or not (partition or by_hand):
        return
    why = f"partition {partition}" if partition else "OnDelete"
    summary = f"Its pods are of two revisions, and {why} keeps it so."
    yield Hit(thing.ref, summary, (seen(thing, "status.updateRevision", summary),))


def _absent_service(view: View, thing: KubeObject) -> str | None:
    if not isinstance(thing, StatefulSet) or not thing.spec.service_name:
        return None
    name, namespace = thing.spec.service_name, thing.metadata.namespace
    absent = view.inventory.presence(Service, namespace, name) is Presence.ABSENT
    return name if absent else None


def _is_whole(thing: StatefulSet) -> bool:
    return (thing.status.ready_replicas or 0) >= (1 if thing.spec.replicas is None else thing.spec.replicas)


def _no_service(view: View, thing: KubeObject) -> Iterator[Hit]:
    name = _absent_service(view, thing)
    if name and isinstance(thing, StatefulSet) and not _is_whole(thing):
        summary = f"Its Service {name} does not exist, so its pods have no names of their own."
        found = blame_workload(view, thing)
        steps = unread_step(view, thing) if found.culprit == thing.ref else ()
        yield Hit(thing.ref, summary, (seen(thing, "spec.serviceName", summary), *found.seen), found.culprit, steps)


def _no_service_yet_well(view: View, thing: KubeObject) -> Iterator[Hit]:
    name = _absent_service(view, thing)
    if name and isinstance(thing, StatefulSet) and _is_whole(thing):
        summary = f"Its Service {name} does not exist, so its pods have no names of their own."
        yield Hit(thing.ref, summary, (seen(thing, "spec.serviceName", summary),))


def _no_class(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, StatefulSet) or _is_whole(thing):
        return
    namespace = thing.metadata.namespace
    for index, template in enumerate(thing.spec.volume_claim_templates or ()):
        wanted = template.spec.storage_class_name
        if not wanted or view.inventory.presence(StorageClass, None, wanted) is not Presence.ABSENT:
            continue
        prefix = f"{template.metadata.name}-{thing.metadata.name}-"
        pending = [
            claim
            for claim in view.inventory.in_namespace(PersistentVolumeClaim, namespace)
            if claim.metadata.name.removeprefix(prefix).isdigit() and claim.status.phase != "Bound"
        ]
        claims = sorted((claim.ref for claim in pending), key=lambda ref: (len(ref.name), ref.name))
        path = f"spec.volumeClaimTemplates[{index}].spec.storageClassName"
        summary = f"Its claims ask for StorageClass {wanted}, which does not exist."
        culprit: Ref = claims[0] if claims else thing.ref
        mark = seen(thing, path, summary)
        remedy = Remedy(f"Create StorageClass {wanted}, or make the StatefulSet anew with one that exists.")
        yield Hit(thing.ref, summary, (mark,), culprit, explains=(thing.ref,), remedies=(remedy,))


def _bare_set(view: View, thing: KubeObject) -> Iterator[Hit]:
    """A ReplicaSet or ReplicationController that no Deployment controls."""
    if not isinstance(thing, ReplicaSet | ReplicationController) or top_owner(view.inventory, thing) != thing.ref:
        return
    wanted, ready = 1 if thing.spec.replicas is None else thing.spec.replicas, thing.status.ready_replicas or 0
    if (
        ready < wanted
        and not is_settling(view, thing)
        and (pods_of(view.inventory, thing) or not thing.status.replicas)
    ):
        yield workload_hit(view, thing, f"Only {ready} of {wanted} replicas are ready.", "status.readyReplicas")


RULES: tuple[Rule, ...] = (
    Rule(
        id="statefulset-replicas-missing",
        shows_only=True,
        title="Replicas are missing",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(StatefulSet,),
        condition="fewer replicas are ready than wanted for more than two minutes",
        explanation="A StatefulSet makes its pods in order: the first that is not ready holds up the rest.",
        remediation="Look at the first ordinal that is not ready.",
        base=0.8,
        check=_stateful,
        conditions=(33,),
    ),
    Rule(
        id="statefulset-half-rolled",
        title="Of two revisions",
        layer=Layer.APP,
        severity=Severity.LOW,
        kinds=(StatefulSet,),
        condition="currentRevision is not updateRevision, and a partition or OnDelete keeps it so",
        explanation="Pods of two versions run beside each other, perhaps on purpose.",
        remediation="Lower the partition, or delete the old pods one by one.",
        base=0.7,
        check=_half_rolled,
        conditions=(33,),
        is_advice=True,
    ),
    Rule(
        id="statefulset-service-absent",
        title="Its Service does not exist, and it is not whole",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(StatefulSet,),
        condition="spec.serviceName is proven absent, and replicas are missing",
        explanation="Its pods find each other by names under that Service.",
        remediation="Create the headless Service.",
        base=0.75,
        check=_no_service,
        conditions=(32,),
    ),
    Rule(
        id="statefulset-without-service",
        title="Its Service does not exist",
        layer=Layer.APP,
        severity=Severity.LOW,
        kinds=(StatefulSet,),
        condition="spec.serviceName is proven absent, and all replicas are ready",
        explanation="Its pods have no names of their own.",
        remediation="Create the headless Service.",
        base=0.8,
        check=_no_service_yet_well,
        conditions=(32,),
        is_advice=True,
    ),
    Rule(
        id="statefulset-class-absent",
        title="Its claims ask for a class that does not exist",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(StatefulSet,),
        condition="a volumeClaimTemplate names a StorageClass that is proven absent, and replicas are missing",
        explanation="Its claims are never bound.",
        remediation="Create the class, or name one that exists.",
        base=0.88,
        check=_no_class,
        conditions=(32,),
    ),
    Rule(
        id="replicaset-replicas-missing",
        shows_only=True,
        title="Replicas are missing",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(
            ReplicaSet,
            ReplicationController,
        ),
        condition="nothing controls it, and fewer replicas are ready than wanted for more than two minutes",
        explanation="Its pods are not ready.",
        remediation="Look at its pods.",
        base=0.8,
        check=_bare_set,
        conditions=(
            27,
            36,
        ),
    ),
)
