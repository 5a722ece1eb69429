"""Small broken worlds for rules: a workload with its pods, as a controller manager and a kubelet leave them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules.base import Hit, Rule, View
from tests.support.cluster import NOW, an_inventory, an_object

Fields = dict[str, Any]


def ago(minutes: float) -> str:
    """Return a time so many minutes before the observation, as servers write it."""
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class World:
    """Objects, the logs of containers by pod and container, and what could not be read."""

    objects: list[KubeObject]
    logs: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[str, CoverageState] = field(default_factory=dict)

    def lines(self, pod: Ref, container: str, *, previous: bool) -> tuple[str, ...]:
        """Return the lines of the instance before; the world keeps no others."""
        return self.logs.get((pod.name, container), ()) if previous else ()

    def view(self) -> View:
        """Return what a rule sees of it."""
        return View(an_inventory(*self.objects, unread=self.unread), NOW, self)


@dataclass(frozen=True, slots=True)
class Case:
    """A rule with a world where its condition is met and whom it blames, and one where it is not."""

    rule_id: str
    met: Callable[[], World]
    culprit: Ref
    unmet: Callable[[], World]


def run_rule(rule: Rule, world: World) -> list[Hit]:
    """Return what the rule says of every object of its kinds."""
    view = world.view()
    return [hit for kind in rule.kinds for thing in view.inventory.all(kind) for hit in rule.check(view, thing)]


def ref(kind: str, name: str, namespace: str | None = "shop") -> Ref:
    """Return a reference into the namespace of the worlds."""
    return Ref(kind, namespace, name)


def owned(owner: KubeObject) -> Fields:
    """Return the owner reference of what ``owner`` controls."""
    one = {"kind": owner.KIND, "name": owner.metadata.name, "uid": owner.metadata.uid, "controller": True}
    return {"ownerReferences": [one]}


def a_container(name: str = "web", **fields: Any) -> Fields:
    """Return a container with an image."""
    return {"name": name, "image": f"registry.example/{name}:1.2.3", **fields}


def condition(kind: str, status: str, reason: str = "", message: str = "", minutes: float = 30) -> Fields:
    """Return a condition that changed so many minutes ago."""
    found = {"type": kind, "status": status, "reason": reason, "message": message}
    return {**{key: value for key, value in found.items() if value}, "lastTransitionTime": ago(minutes)}


def waiting(reason: str, message: str = "", name: str = "web", **fields: Any) -> Fields:
    """Return the status of a container that waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": name, "ready": False, "restartCount": 0, "state": state, **fields}


def running(name: str = "web", *, ready: bool = True, **fields: Any) -> Fields:
    """Return the status of a container that runs."""
    return {"name": name, "ready": ready, "restartCount": 0, "state": {"running": {"startedAt": ago(30)}}, **fields}


def ended(code: int, reason: str = "Error", minutes: float = 3) -> Fields:
    """Return how an instance ended."""
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": ago(minutes)}}


def a_pod(name: str = "web-1", owner: KubeObject | None = None, **fields: Any) -> KubeObject:
    """Return a pod: ``spec`` and ``status`` as given, made half an hour ago, on a node unless the spec says another."""
    meta = {"creationTimestamp": ago(30), **fields.pop("metadata", {}), **(owned(owner) if owner else {})}
    spec = {"nodeName": "node-1", "containers": [a_container()], **fields.pop("spec", {})}
    status = {"phase": "Running", **fields.pop("status", {})}
    return an_object("Pod", name, metadata=meta, spec=spec, status=status, **fields)


def ready(*, yes: bool = True, minutes: float = 30) -> Fields:
    """Return the condition Ready."""
    return condition("Ready", "True" if yes else "False", "" if yes else "ContainersNotReady", minutes=minutes)


def a_deployment(name: str = "web", **fields: Any) -> KubeObject:
    """Return a Deployment of one replica."""
    meta = {"generation": 1, "creationTimestamp": ago(600), **fields.pop("metadata", {})}
    labels = {"app": name}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [a_container(name)]}},
        **fields.pop("spec", {}),
    }
    status = {"observedGeneration": meta["generation"], "replicas": 1, "updatedReplicas": 1, **fields.pop("status", {})}
    return an_object("Deployment", name, metadata=meta, spec=spec, status=status)


def a_replica_set(deployment: KubeObject, revision: int = 1, **fields: Any) -> KubeObject:
    """Return the ReplicaSet of a revision."""
    name = f"{deployment.metadata.name}-{revision}"
    notes = {"deployment.kubernetes.io/revision": str(revision)}
    meta = {"annotations": notes, "creationTimestamp": ago(60 - revision), **owned(deployment)}
    spec = {"replicas": 1, **fields.pop("spec", {})}
    status = {"replicas": 1, "observedGeneration": 1, **fields.pop("status", {})}
    return an_object("ReplicaSet", name, metadata=meta, spec=spec, status=status)


def deployed(status: Fields, spec: Fields | None = None, *more: KubeObject, **fields: Any) -> World:
    """Return a Deployment ``web`` with one pod ``web-1`` of this status and spec, and what else there is."""
    logs = {("web-1", container): lines for container, lines in fields.pop("logs", {}).items()}
    unread = fields.pop("unread", {})
    deployment = a_deployment(**fields.pop("deployment", {}))
    replica_set = a_replica_set(deployment)
    labels = {"app": "web", "pod-template-hash": "1"}
    meta = {"labels": labels, **fields.pop("metadata", {})}
    pod = a_pod("web-1", replica_set, metadata=meta, status=status, spec=spec or {})
    return World([deployment, replica_set, pod, *more], logs, unread)


def well() -> World:
    """Return the same Deployment in health."""
    return deployed({"conditions": [ready()], "containerStatuses": [running()]})


def an_event(about: Ref, reason: str, message: str = "", minutes: float = 1, **fields: Any) -> KubeObject:
    """Return a warning about an object; ``kind`` Normal makes it none. No uid: it may be of any object of the name."""
    involved = {"kind": about.kind, "namespace": about.namespace, "name": about.name}
    involved["fieldPath"] = fields.pop("field_path", None)
    name = f"{about.name}.{reason.lower()}.{minutes}"
    return an_object(
        "Event",
        name,
        type=fields.pop("kind", "Warning"),
        reason=reason,
        message=message,
        involvedObject=involved,
        lastTimestamp=ago(minutes),
        **fields,
    )


def a_node(name: str = "node-1", *, is_ready: bool = True, **fields: Any) -> KubeObject:
    """Return a node of four cores."""
    meta = {"labels": {"kubernetes.io/os": "linux", **fields.pop("labels", {})}}
    status = {
        "conditions": [condition("Ready", "True" if is_ready else "Unknown")],
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
    }
    return an_object("Node", name, None, metadata=meta, spec=fields.pop("spec", {}), status=status)


def waits(reason: str, message: str = "", spec: Fields | None = None, *more: KubeObject, **fields: Any) -> World:
    """Return the Deployment ``web`` whose container waits."""
    status = {"phase": "Pending", "conditions": [ready(yes=False)], "containerStatuses": [waiting(reason, message)]}
    return deployed(status, spec or {}, *more, **fields)
