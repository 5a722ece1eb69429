"""Deployments of the demo cluster with all that their controllers make of them: replica sets, pods, endpoints."""

from dataclasses import dataclass, field
from typing import Any

from scripts.demo_objects import DAY, DemoCluster, Json, ago, conditions, managed, owner, pod_status, suffix

NODES = {"worker-1": "192.168.60.11", "worker-2": "192.168.60.12", "worker-3": "192.168.60.13"}


@dataclass(frozen=True)
class Rollout:
    """One revision of a Deployment: its template, and how many pods it has now. ``state`` None: they are ready."""

    template: Json
    pods: int
    minutes: float
    state: Json | None = None
    before: Json | None = None


@dataclass
class Deployed:
    """What came of a Deployment."""

    deployment: Json
    replica_sets: list[Json] = field(default_factory=list)
    pods: list[Json] = field(default_factory=list)


class Workloads:
    """Adds workloads to a cluster and gives their pods nodes and addresses."""

    def __init__(self, cluster: DemoCluster, first_address: int = 10) -> None:
        self._cluster = cluster
        self._address = first_address

    def deploy(self, namespace: str, name: str, replicas: int, first_revision: int, *rollouts: Rollout) -> Deployed:
        """Add a Deployment; the last rollout is the current one."""
        labels = rollouts[-1].template["metadata"]["labels"]
        is_well = rollouts[-1].state is None
        ready = sum(one.pods for one in rollouts if one.state is None)
        began = rollouts[-1].minutes
        revision = first_revision + len(rollouts) - 1
        newest = f"{name}-{suffix(namespace, name, str(revision), length=10)}"
        deployment = self._cluster.add(
            "Deployment", name, namespace, 40 * DAY,
            meta={
                "labels": {"app": name},
                "generation": revision,
                "annotations": {"deployment.kubernetes.io/revision": str(revision)},
                "managedFields": managed(
                    ("kubectl-client-side-apply", began, ""), ("kube-controller-manager", began - 1, "status")
                ),
            },
            spec={
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": rollouts[-1].template,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600,
            },
            status=_status_of(replicas, revision, rollouts, ready, _progress(newest, rollouts, is_well=is_well)),
        )  # fmt: skip
        made = Deployed(deployment)
        for number, rollout in enumerate(rollouts):
            self._roll_out(made, rollout, first_revision + number, labels)
        return made

    def _roll_out(self, made: Deployed, rollout: Rollout, revision: int, labels: dict[str, str]) -> None:
        meta = made.deployment["metadata"]
        name, namespace = meta["name"], meta["namespace"]
        hashed = suffix(namespace, name, str(revision), length=10)
        marked = {**labels, "pod-template-hash": hashed}
        template = {**rollout.template, "metadata": {**rollout.template["metadata"], "labels": marked}}
        ready = rollout.pods if rollout.state is None else 0
        replica_set = self._cluster.add(
            "ReplicaSet", f"{name}-{hashed}", namespace, rollout.minutes,
            meta={
                "labels": marked,
                "generation": 1,
                "annotations": {"deployment.kubernetes.io/revision": str(revision)},
                "ownerReferences": owner("Deployment", "apps/v1", made.deployment),
            },
            spec={"replicas": rollout.pods, "selector": {"matchLabels": marked}, "template": template},
            status={
                "replicas": rollout.pods,
                "fullyLabeledReplicas": rollout.pods,
                "observedGeneration": 1,
                "readyReplicas": ready,
                "availableReplicas": ready,
            },
        )  # fmt: skip
        made.replica_sets.append(replica_set)
        for number in range(rollout.pods):
            full = f"{name}-{hashed}-{suffix(name, hashed, str(number))}"
            owners = owner("ReplicaSet", "apps/v1", replica_set)
            made.pods.append(self.pod(namespace, full, template, owners, rollout))

    def pod(self, namespace: str, name: str, template: Json, owners: list[Json], rollout: Rollout) -> Json:
        """Add a pod on the next node."""
        self._address += 1
        node = list(NODES)[self._address % len(NODES)]
        place = (NODES[node], f"10.244.{self._address % len(NODES) + 1}.{self._address}")
        box = template["spec"]["containers"][0]
        return self._cluster.add(
            "Pod", name, namespace, rollout.minutes,
            meta={**template["metadata"], "ownerReferences": owners},
            spec={**template["spec"], "nodeName": node},
            status=pod_status(box, place, rollout.minutes, rollout.state, rollout.before),
        )  # fmt: skip

    def serve(self, namespace: str, name: str, number: int, port: int, pods: list[Json], **spec: Any) -> Json:
        """Add a Service, and the EndpointSlice that its controller keeps for the pods."""
        address = spec.pop("clusterIP", f"10.96.40.{number}")
        # A port is called as the port of the container that it leads to.
        target = spec.pop("target", "http")
        service = self._cluster.add(
            "Service", name, namespace, 40 * DAY,
            meta={"labels": {"app": name}},
            spec={
                "type": "ClusterIP",
                "clusterIP": address,
                "clusterIPs": [address],
                "selector": {"app": name},
                "ports": [{"name": target, "port": port, "targetPort": target, "protocol": "TCP"}],
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                **spec,
            },
            status={"loadBalancer": {}},
        )  # fmt: skip
        # As the controller does: the ports of the Service by name, with the numbers of the containers.
        boxes = [pod["spec"]["containers"][0] for pod in pods[:1]]
        numbers = [one["containerPort"] for box in boxes for one in box["ports"]]
        named = {key: service["spec"]["ports"][0][key] for key in ("name", "protocol")}
        self._cluster.add(
            "EndpointSlice", f"{name}-{suffix(namespace, name, 'slice')}", namespace, 40 * DAY,
            meta={
                "labels": {
                    "kubernetes.io/service-name": name,
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                },
                "ownerReferences": owner("Service", "v1", service),
            },
            addressType="IPv4",
            endpoints=[_endpoint(pod) for pod in pods] or None,
            ports=[{**named, "port": number} for number in numbers] or None,
        )  # fmt: skip
        return service


def _status_of(replicas: int, revision: int, rollouts: tuple[Rollout, ...], ready: int, progress: Json) -> Json:
    total = sum(one.pods for one in rollouts)
    available = ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", 6 * DAY)
    status = {
        "observedGeneration": revision,
        "replicas": total,
        "updatedReplicas": rollouts[-1].pods,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": total - ready,
        "conditions": [*conditions(available), progress],
    }
    return {key: value for key, value in status.items() if value or key == "replicas" or replicas == 0}


def _progress(name: str, rollouts: tuple[Rollout, ...], *, is_well: bool) -> Json:
    minutes = rollouts[-1].minutes
    if is_well:
        text = f'ReplicaSet "{name}" has successfully progressed.'
        return conditions(("Progressing", "True", "NewReplicaSetAvailable", text, minutes - 1))[0]
    text = f'ReplicaSet "{name}" has timed out progressing.'
    return conditions(("Progressing", "False", "ProgressDeadlineExceeded", text, minutes - 10))[0]


def _endpoint(pod: Json) -> Json:
    is_ready = pod["status"]["containerStatuses"][0]["ready"]
    meta = pod["metadata"]
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": is_ready, "serving": is_ready, "terminating": False},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
    }


def crash_loop(text: str, restarts: int, last: float) -> tuple[Json, Json]:
    """Return the state of a container that ends with 1 again and again, and its instance before."""
    back_off = f"back-off 5m0s restarting failed container={text}"
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": back_off}}
    ended = {"exitCode": 1, "reason": "Error", "startedAt": ago(last + 0.1), "finishedAt": ago(last)}
    return state, {"restarts": restarts, "terminated": ended}
