"""A small cluster to be changed: workloads of each sort with their revisions, nodes with pods, and configuration."""

from copy import deepcopy
from typing import Any

from services.graph.domain.reading.kinds import get_kind
from tests.support.kube_world import Item, KubeWorld, Place, a_world, place_of

SHOP = "shop"
REVISIONS = Place("apps", "v1", "controllerrevisions")
WIDGETS = Place("example.org", "v1", "widgets")


def a_cluster() -> KubeWorld:
    """Return a cluster with workloads of each sort, a node with pods, and what else the changes are about."""
    world = a_world()
    world.lists |= {REVISIONS: [], WIDGETS: []}
    world.kinds[WIDGETS] = "Widget"
    _add_deployment(world)
    for kind, name in (("StatefulSet", "orders"), ("DaemonSet", "agent")):
        spec = {"selector": {"matchLabels": {"app": name}}, "template": a_template(name), "replicas": 2}
        item = world.add(
            kind, name, SHOP, spec=spec, metadata={"generation": 2, "labels": {"app": name}}, status=_rolled_out(2, 2)
        )
        add_revision(world, kind, item, 1, a_template(name, image=f"registry/{name}:0"))
        add_revision(world, kind, item, 2, a_template(name))
    _add_node(world)
    job = {"schedule": "*/5 * * * *", "suspend": False, "jobTemplate": {"spec": {"template": a_template("report")}}}
    world.add("CronJob", "report", SHOP, spec=job)
    world.add("CronJob", "held", SHOP, spec=deepcopy(job) | {"suspend": True})
    world.add("ConfigMap", "settings", SHOP, data={"mode": "fast", "level": "info"})
    world.add("Service", "checkout", SHOP, spec={"selector": {"app": "checkout"}, "ports": [{"port": 80}]})
    world.add("Secret", "keys", SHOP, data={"key": "aHVudGVyMg=="}, type="Opaque")
    return world


def a_template(name: str, image: str | None = None) -> Item:
    """Return a pod template with two containers, one of which has a secret in its environment."""
    app = {
        "name": "app",
        "image": image or f"registry/{name}:1",
        "env": [{"name": "MODE", "value": "fast"}, {"name": "DB_PASSWORD", "value": "hunter2hunter"}],
        "resources": {"requests": {"cpu": "100m"}},
    }
    spec = {"containers": [app, {"name": "sidecar", "image": "registry/proxy:3"}]}
    return {"metadata": {"labels": {"app": name}}, "spec": spec}


def add_revision(world: KubeWorld, kind: str, owner: Item, number: int, template: Item) -> None:
    """Keep a template as a revision of a workload, as its controller does."""
    name, refs = owner["metadata"]["name"], [owned_by(kind, owner)]
    labels = {"app": name}
    if kind == "Deployment":
        template = deepcopy(template)
        template["metadata"]["labels"]["pod-template-hash"] = f"h{number}"
        meta = {"ownerReferences": refs, "labels": labels}
        meta["annotations"] = {"deployment.kubernetes.io/revision": str(number)}
        world.add("ReplicaSet", f"{name}-h{number}", SHOP, metadata=meta, spec={"template": template})
        return
    world.version += 1
    meta = {"name": f"{name}-r{number}", "namespace": SHOP, "uid": f"uid-{world.version}", "labels": labels}
    meta |= {"resourceVersion": str(world.version), "ownerReferences": refs}
    data = {"spec": {"template": {"$patch": "replace", **template}}}
    world.lists[REVISIONS].append({"metadata": meta, "revision": number, "data": data})


def owned_by(kind: str, owner: Item) -> dict[str, Any]:
    """Return the reference to a controller."""
    meta = owner["metadata"]
    return {"kind": kind, "name": meta["name"], "uid": meta["uid"], "controller": True, "apiVersion": "apps/v1"}


def add_pod(world: KubeWorld, name: str, owner: dict[str, Any] | None, **fields: Any) -> Item:
    """Add a pod on the node ``n1``; ``fields`` are merged into its spec."""
    meta: dict[str, Any] = {"labels": {"app": name.partition("-")[0]}}
    if owner:
        meta["ownerReferences"] = [owner]
    spec = {"nodeName": "n1", "containers": [{"name": "app", "image": "registry/app:1"}], **fields}
    return world.add("Pod", name, SHOP, metadata=meta, spec=spec, status={"phase": "Running"})


def item_of(world: KubeWorld, kind: str, name: str) -> Item | None:
    """Return an object of the namespace ``shop`` or, for a node, of the cluster."""
    found = get_kind(kind)
    return world.find(place_of(found), SHOP if found.is_namespaced else None, name)


def _add_deployment(world: KubeWorld) -> None:
    for name, paused in (("checkout", None), ("paused", True)):
        spec = {
            "replicas": 3,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate"},
            "template": a_template(name),
        } | ({"paused": paused} if paused else {})
        meta = {"generation": 4, "labels": {"app": name}, "annotations": {"deployment.kubernetes.io/revision": "2"}}
        meta["managedFields"] = [{"manager": "kubectl"}]
        item = world.add("Deployment", name, SHOP, spec=spec, metadata=meta, status=_rolled_out(4, 3))
        add_revision(world, "Deployment", item, 1, a_template(name, image=f"registry/{name}:0"))
        add_revision(world, "Deployment", item, 2, a_template(name))


def _rolled_out(generation: int, pods: int) -> Item:
    """Return the status of a workload whose pods are all new and ready, as each sort counts them."""
    names = ("replicas", "updatedReplicas", "availableReplicas", "readyReplicas", "desiredNumberScheduled")
    counted = dict.fromkeys((*names, "updatedNumberScheduled", "numberAvailable"), pods)
    return {"observedGeneration": generation, **counted}


def _add_node(world: KubeWorld) -> None:
    world.add("Node", "n1", spec={"podCIDR": "10.0.0.0/24"}, status={"conditions": []})
    world.add("Node", "n2", spec={"unschedulable": True})
    replica_set = {"kind": "ReplicaSet", "name": "checkout-h2", "uid": "uid-rs", "controller": True}
    daemon_set = {"kind": "DaemonSet", "name": "agent", "uid": "uid-ds", "controller": True}
    for number in (1, 2):
        add_pod(world, f"checkout-{number}", replica_set)
    add_pod(world, "agent-1", daemon_set)
