"""One change of the small cluster for each verb, and what it must come to."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from shared.contracts.action import KubernetesPayload, KubernetesVerb
from tests.support.kube_small_cluster import SHOP, item_of
from tests.support.kube_world import Item, KubeWorld

V = KubernetesVerb
CONTEXT = "test"
RESTARTED_AT = "2026-03-01T12:00:00Z"


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


def copy_of(world: KubeWorld, change: Change) -> Item | None:
    """Return the object of a change as it is now."""
    return deepcopy(item_of(world, change.payload.kind, change.payload.name))
