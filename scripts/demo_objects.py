"""Make Kubernetes objects as an API server serves them, for the demo cluster: same names, same uids, every time."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

# When the snapshot was taken; everything else is told in minutes before it.
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = 24 * 60
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_NAMESPACE = uuid.UUID("6f2f8f0e-6c1b-4b3f-9d5e-0d1f5c1e7a10")
_API_SERVERS_SET = {"enableServiceLinks": True, "schedulerName": "default-scheduler", "dnsPolicy": "ClusterFirst"}


def ago(minutes: float) -> str:
    """Return the time so many minutes before the snapshot, as Kubernetes writes it."""
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def suffix(*words: str, length: int = 5) -> str:
    """Return letters as Kubernetes appends them to names."""
    digest = hashlib.sha256("/".join(words).encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])


class DemoCluster:
    """The lists of a cluster, by kind."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Json]] = {}
        self._version = 481_000

    def add(self, kind: str, name: str, namespace: str | None, minutes: float, **fields: Any) -> Json:
        """Add an object that was made so many minutes ago; ``meta`` is merged into its metadata. Return it."""
        self._version += 7
        meta = {
            "name": name,
            "namespace": namespace,
            "uid": str(uuid.uuid5(_NAMESPACE, f"{kind}/{namespace}/{name}")),
            "resourceVersion": str(self._version),
            "creationTimestamp": ago(minutes),
            **fields.pop("meta", {}),
        }
        item = {"metadata": {key: value for key, value in meta.items() if value is not None}, **fields}
        self.lists.setdefault(kind, []).append(item)
        return item

    def event(self, about: Json, kind: str, text: tuple[str, str, str], count: int, last: float) -> None:
        """Add an Event: type, reason and message, how often, and how many minutes ago the last time."""
        meta = about["metadata"]
        namespace = meta.get("namespace", "default")
        first = last if count == 1 else last + count * 1.5
        of = {"kind": kind, "namespace": namespace, "name": meta["name"], "uid": meta["uid"]}
        name = f"{meta['name']}.18{suffix(meta['name'], *text, length=14)}"
        self.add(
            "Event", name, namespace, first,
            involvedObject={**of, "apiVersion": "v1" if kind in {"Pod", "Node"} else "apps/v1"},
            type=text[0], reason=text[1], message=text[2], count=count,
            firstTimestamp=ago(first), lastTimestamp=ago(last), eventTime=None,
            source={"component": "kubelet" if kind == "Pod" else "deployment-controller"},
            reportingComponent="kubelet" if kind == "Pod" else "deployment-controller", reportingInstance="",
        )  # fmt: skip


def managed(*changes: tuple[str, float, str]) -> list[Json]:
    """Return who changed an object: manager, minutes ago, subresource (empty for the object itself)."""
    return [
        {"manager": manager, "operation": "Update", "apiVersion": "v1", "time": ago(minutes), "fieldsType": "FieldsV1"}
        | ({"subresource": part} if part else {})
        for manager, minutes, part in changes
    ]


def owner(kind: str, api: str, item: Json) -> list[Json]:
    """Return a reference to the controller of an object."""
    meta = item["metadata"]
    return [
        {
            "apiVersion": api,
            "kind": kind,
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def container(name: str, image: str, port: int, **fields: Any) -> Json:
    """Return a container with a port, a readiness probe and resources, as most have."""
    probe = {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1}
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
        "readinessProbe": {**probe, "successThreshold": 1, "failureThreshold": 3},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        **fields,
    }


def env(**values: str) -> list[Json]:
    """Return environment variables."""
    return [{"name": name, "value": value} for name, value in values.items()]


def template(labels: Mapping[str, str], box: Json, account: str = "default", **meta: Any) -> Json:
    """Return a pod template with one container."""
    spec = {
        "containers": [box],
        "serviceAccountName": account,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        **_API_SERVERS_SET,
    }
    return {"metadata": {"labels": dict(labels), **meta}, "spec": spec}


def pod_status(box: Json, place: tuple[str, str], minutes: float, state: Json | None, before: Json | None) -> Json:
    """Return the status of a pod at (node's address, own address): ready, or with its container in ``state``."""
    is_ready = state is None
    restarts = (before or {}).get("restarts", 0)
    last = {"terminated": before["terminated"]} if before else {}
    started = {"running": {"startedAt": (before or {}).get("again", ago(minutes - 0.2))}}
    word = {True: "True", False: "False"}
    unready = (
        {}
        if is_ready
        else {"reason": "ContainersNotReady", "message": f"containers with unready status: [{box['name']}]"}
    )
    conditions = [
        {"type": "Initialized", "status": "True", "lastTransitionTime": ago(minutes)},
        {"type": "Ready", "status": word[is_ready], "lastTransitionTime": ago(minutes - 0.5), **unready},
        {"type": "ContainersReady", "status": word[is_ready], "lastTransitionTime": ago(minutes - 0.5), **unready},
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": ago(minutes)},
    ]
    status = {
        "name": box["name"],
        "image": box["image"],
        "imageID": "" if not is_ready and not before else f"{box['image'].split(':')[0]}@sha256:{'7c' * 32}",
        "ready": is_ready,
        "started": is_ready,
        "restartCount": restarts,
        "state": state or started,
        "lastState": last,
    }
    return {
        "phase": "Running" if is_ready or before else "Pending",
        "conditions": conditions,
        "containerStatuses": [status],
        "hostIP": place[0],
        "podIP": place[1],
        "podIPs": [{"ip": place[1]}],
        "startTime": ago(minutes),
        "qosClass": "Burstable",
    }


def conditions(*rows: Sequence[Any]) -> list[Json]:
    """Return conditions: type, status, reason, message, minutes since it changed."""
    return [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastUpdateTime": ago(minutes),
            "lastTransitionTime": ago(minutes),
        }
        for kind, status, reason, message, minutes in rows
    ]
