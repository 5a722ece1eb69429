"""The database of the demo cluster: a StatefulSet of one, with its claim and volume. It is well."""

from scripts.demo_objects import DAY, DemoCluster, Json, container, owner, template
from scripts.demo_workloads import Rollout, Workloads

_NAME, _NAMESPACE, _REVISION = "orders-db", "data", "orders-db-7d9c6b5f48"
_CLAIM: Json = {
    "accessModes": ["ReadWriteOnce"],
    "storageClassName": "standard",
    "volumeMode": "Filesystem",
    "resources": {"requests": {"storage": "20Gi"}},
}


def add_database(cluster: DemoCluster, workloads: Workloads) -> Json:
    """Add it, and return its pod."""
    cluster.add("Secret", _NAME, _NAMESPACE, 40 * DAY, type="Opaque", data={"password": "", "username": ""})
    made = template({"app": _NAME}, _container())
    stateful = cluster.add(
        "StatefulSet", _NAME, _NAMESPACE, 40 * DAY,
        meta={"labels": {"app": _NAME}, "generation": 1},
        spec={
            "replicas": 1,
            "serviceName": _NAME,
            "selector": {"matchLabels": {"app": _NAME}},
            "template": made,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": _CLAIM}],
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        },
        status={
            "observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "currentReplicas": 1, "updatedReplicas": 1,
            "availableReplicas": 1, "currentRevision": _REVISION, "updateRevision": _REVISION,
        },
    )  # fmt: skip
    pod = _add_pod(workloads, made, stateful)
    workloads.serve(_NAMESPACE, _NAME, 0, 5432, [pod], clusterIP="None", target="postgres")
    _add_volume(cluster)
    return pod


def _container() -> Json:
    box = container("postgres", "docker.io/library/postgres:17.2", 5432)
    box["ports"][0]["name"] = "postgres"
    box["readinessProbe"] = {"exec": {"command": ["pg_isready", "-U", "shop"]}, "periodSeconds": 10}
    box["volumeMounts"] = [{"name": "data", "mountPath": "/var/lib/postgresql/data"}]
    box["env"] = [{"name": "POSTGRES_PASSWORD", "valueFrom": {"secretKeyRef": {"name": _NAME, "key": "password"}}}]
    return box


def _add_pod(workloads: Workloads, made: Json, stateful: Json) -> Json:
    name = f"{_NAME}-0"
    labels = {"app": _NAME, "statefulset.kubernetes.io/pod-name": name, "controller-revision-hash": _REVISION}
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": f"data-{name}"}}
    spec = {**made["spec"], "volumes": [volume], "hostname": name, "subdomain": _NAME}
    owners = owner("StatefulSet", "apps/v1", stateful)
    return workloads.pod(
        _NAMESPACE, name, {"metadata": {"labels": labels}, "spec": spec}, owners, Rollout(made, 1, 6 * DAY)
    )


def _add_volume(cluster: DemoCluster) -> None:
    claim, volume = f"data-{_NAME}-0", f"pvc-{_NAME}-0"
    made = cluster.add(
        "PersistentVolumeClaim", claim, _NAMESPACE, 40 * DAY,
        meta={"labels": {"app": _NAME}},
        spec={**_CLAIM, "volumeName": volume},
        status={"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "20Gi"}},
    )  # fmt: skip
    bound = {"kind": "PersistentVolumeClaim", "namespace": _NAMESPACE, "name": claim, "uid": made["metadata"]["uid"]}
    disk = {"driver": "csi.disks.example", "volumeHandle": "disk-0017"}
    cluster.add(
        "PersistentVolume", volume, None, 40 * DAY,
        spec={"capacity": {"storage": "20Gi"}, "storageClassName": "standard", "claimRef": bound, "csi": disk},
        status={"phase": "Bound"},
    )  # fmt: skip
