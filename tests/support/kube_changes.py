"""A small cluster to be changed, and one change of it for each verb."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from services.graph.domain.reading.kinds import get_kind
from shared.contracts.action import KubernetesPayload, KubernetesVerb
from tests.support.kube_world import Item, KubeWorld, Place, a_world, place_of

V = KubernetesVerb
CONTEXT = "test"
SHOP = "shop"
REVISIONS = Place("apps", "v1", "controllerrevisions")
WIDGETS = Place("example.org", "v1", "widgets")
RESTARTED_AT = "2026-03-01T12:00:00Z"


def a_cluster() -> KubeWorld:
    """Return a cluster with workloads of each sort, a node with pods, and what else the changes are about."""
    world = a_world()
    world.lists |= {REVISIONS: [], WIDGETS: []}
    world.kinds[WIDGETS] = "Widget"
    _add_deployment(world)
    for kind, name in (("StatefulSet", "orders"), ("DaemonSet", "agent")):
        spec = {"selector": {"matchLabels": {"app": name}}, "template": a_template(name), "replicas": 2}
        item = world.add(kind, name, SHOP, spec=spec, metadata={"generation": 2, "labels": {"app": name}})
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
        item = world.add("Deployment", name, SHOP, spec=spec, metadata=meta, status={"replicas": 3})
        add_revision(world, "Deployment", item, 1, a_template(name, image=f"registry/{name}:0"))
        add_revision(world, "Deployment", item, 2, a_template(name))


def _add_node(world: KubeWorld) -> None:
    world.add("Node", "n1", spec={"podCIDR": "10.0.0.0/24"}, status={"conditions": []})
    world.add("Node", "n2", spec={"unschedulable": True})
    replica_set = {"kind": "ReplicaSet", "name": "checkout-h2", "uid": "uid-rs", "controller": True}
    daemon_set = {"kind": "DaemonSet", "name": "agent", "uid": "uid-ds", "controller": True}
    for number in (1, 2):
        add_pod(world, f"checkout-{number}", replica_set)
    add_pod(world, "agent-1", daemon_set)


def a_payload(verb: KubernetesVerb, kind: str, name: str, **parameters: Any) -> KubernetesPayload:
    """Return a change of an object of the small cluster."""
    namespace = None if kind == "Node" else SHOP
    return KubernetesPayload(
        verb=verb, context=CONTEXT, namespace=namespace, kind=kind, name=name, parameters=parameters
    )  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One change: what is asked, which field of the object must come out how, and a field that makes it stale.

    ``effect`` None means that the object is gone. ``drift`` changes a field that the change reads or writes.
    """

    payload: KubernetesPayload
    effect: Callable[[Item], object] | None
    value: object = None
    drift: Callable[[Item], None] = lambda item: None
    # How many requests it takes.
    writes: int = 1


def _container(item: Item, at: int = 0) -> Any:
    spec = item["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    return template["spec"]["containers"][at]


def _notes(item: Item) -> Any:
    return item["spec"]["template"]["metadata"].setdefault("annotations", {})


def _move_pod(item: Item) -> None:
    item["spec"]["nodeName"] = "n7"


_MANIFEST = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": SHOP},
    "data": {"mode": "slow"},
}
_KEY = "kubectl.kubernetes.io/restartedAt"


def _set(*path: str, value: object) -> Callable[[Item], None]:
    def drift(item: Item) -> None:
        for step in path[:-1]:
            item = item[step]
        item[path[-1]] = value

    return drift


def _rollback(kind: str, name: str) -> Change:
    return Change(
        a_payload(V.ROLLBACK, kind, name, revision=1),
        lambda item: _container(item)["image"],
        f"registry/{name}:0",
        lambda item: _container(item).update(image="registry/other:7"),
    )


CHANGES: dict[str, Change] = {
    "scale": Change(
        a_payload(V.SCALE, "Deployment", "checkout", replicas=6),
        lambda item: item["spec"]["replicas"],
        6,
        _set("spec", "replicas", value=5),
    ),
    "scale-to-0": Change(
        a_payload(V.SCALE, "StatefulSet", "orders", replicas=0),
        lambda item: item["spec"]["replicas"],
        0,
        _set("spec", "replicas", value=5),
    ),
    "restart": Change(
        a_payload(V.RESTART, "Deployment", "checkout", restartedAt=RESTARTED_AT),
        lambda item: _notes(item)[_KEY],
        RESTARTED_AT,
        lambda item: _notes(item).update({_KEY: "2026-02-28T00:00:00Z"}),
    ),
    "rollback-deployment": _rollback("Deployment", "checkout"),
    "rollback-statefulset": _rollback("StatefulSet", "orders"),
    "rollback-daemonset": _rollback("DaemonSet", "agent"),
    "pause": Change(
        a_payload(V.PAUSE, "Deployment", "checkout"),
        lambda item: item["spec"].get("paused"),
        True,
        _set("spec", "paused", value=True),
    ),
    "resume": Change(
        a_payload(V.RESUME, "Deployment", "paused"),
        lambda item: item["spec"].get("paused"),
        None,
        lambda item: _container(item).update(image="registry/other:7"),
    ),
    "delete-pod": Change(a_payload(V.DELETE_POD, "Pod", "checkout-1"), None, drift=_move_pod),
    "evict": Change(a_payload(V.EVICT, "Pod", "checkout-1", gracePeriodSeconds=5), None, drift=_move_pod),
    "cordon": Change(
        a_payload(V.CORDON, "Node", "n1"),
        lambda item: item["spec"].get("unschedulable"),
        True,
        _set("spec", "unschedulable", value=True),
    ),
    "uncordon": Change(
        a_payload(V.UNCORDON, "Node", "n2"),
        lambda item: item["spec"].get("unschedulable"),
        None,
        lambda item: item["spec"].pop("unschedulable"),
    ),
    "drain": Change(
        a_payload(V.DRAIN, "Node", "n1"),
        lambda item: item["spec"].get("unschedulable"),
        True,
        _set("spec", "unschedulable", value=True),
        writes=3,
    ),
    "suspend": Change(
        a_payload(V.SUSPEND, "CronJob", "report"),
        lambda item: item["spec"]["suspend"],
        True,
        _set("spec", "suspend", value=True),
    ),
    "unsuspend": Change(
        a_payload(V.UNSUSPEND, "CronJob", "held"),
        lambda item: item["spec"]["suspend"],
        False,
        _set("spec", "schedule", value="* * * * *"),
    ),
    "set-image": Change(
        a_payload(V.SET_IMAGE, "Deployment", "checkout", images={"app": "registry/checkout:2"}),
        lambda item: (_container(item)["image"], _container(item, 1)["image"], len(_container(item)["env"])),
        ("registry/checkout:2", "registry/proxy:3", 2),
        lambda item: _container(item).update(image="registry/other:7"),
    ),
    "set-image-of-cronjob": Change(
        a_payload(V.SET_IMAGE, "CronJob", "report", images={"app": "registry/report:2"}),
        lambda item: _container(item)["image"],
        "registry/report:2",
        lambda item: _container(item).update(image="registry/other:7"),
    ),
    "set-resources": Change(
        a_payload(V.SET_RESOURCES, "Deployment", "checkout", container="app", limits={"memory": "1Gi"}),
        lambda item: _container(item)["resources"],
        {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}},
        lambda item: _container(item).update(resources={}),
    ),
    "patch-strategic": Change(
        a_payload(
            V.PATCH,
            "Deployment",
            "checkout",
            patch={
                "spec": {
                    "template": {"spec": {"containers": [{"name": "app", "env": [{"name": "MODE", "value": "slow"}]}]}}
                }
            },
        ),
        lambda item: [one["value"] for one in _container(item)["env"]],
        ["slow", "hunter2hunter"],
        lambda item: _container(item).update(image="registry/other:7"),
    ),
    "patch-merge": Change(
        a_payload(V.PATCH, "ConfigMap", "settings", patch={"data": {"mode": "slow"}}, patchType="merge"),
        lambda item: item["data"],
        {"mode": "slow", "level": "info"},
        _set("data", "mode", value="other"),
    ),
    "patch-json": Change(
        a_payload(
            V.PATCH,
            "ConfigMap",
            "settings",
            patch=[{"op": "replace", "path": "/data/mode", "value": "slow"}, {"op": "remove", "path": "/data/level"}],
        ),
        lambda item: item["data"],
        {"mode": "slow"},
        _set("data", "level", value="debug"),
    ),
    "delete": Change(a_payload(V.DELETE, "ConfigMap", "settings"), None, drift=_set("data", "mode", value="other")),
    "apply": Change(
        a_payload(V.APPLY, "ConfigMap", "settings", manifest=_MANIFEST),
        lambda item: item["data"],
        {"mode": "slow", "level": "info"},
        _set("data", "mode", value="other"),
    ),
}
NEW = Change(
    a_payload(
        V.APPLY, "ConfigMap", "fresh", manifest={**_MANIFEST, "metadata": {"name": "fresh", "namespace": SHOP}}
    ),
    lambda item: item["data"],
    {"mode": "slow"},
)  # fmt: skip
