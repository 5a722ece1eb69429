"""A generated cluster of any number of pods, served over HTTP as an API server does: discovery, lists by pages.

Run by itself it is the server: `python -m tests.bench.cluster_data 5000` prints its address and serves until its
standard input ends.
"""

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PODS_A_WORKLOAD = 5
_MADE = "2026-11-23T04:48:15Z"
Json = dict[str, Any]


class BenchCluster:
    """Lists of JSON texts, each made when it is asked for: the whole cluster would be larger than what reads it."""

    def __init__(self, pods: int) -> None:
        self.pods = pods
        self.workloads = pods // PODS_A_WORKLOAD
        self.spaces = max(2, self.workloads // 20)
        self.nodes = max(3, pods // 40)
        self._pod_texts: dict[int, str] = {}
        self.lists: dict[str, tuple[int, Callable[[int], str]]] = {
            "/api/v1/namespaces": (self.spaces, lambda n: _dump(_meta("Namespace", self.space(n), None), _ACTIVE)),
            "/api/v1/nodes": (self.nodes, lambda n: _dump(_meta("Node", f"node-{n}", None), _node(n))),
            "/api/v1/pods": (pods, self._pod),
            "/api/v1/services": (self.workloads, lambda n: self._of("Service", n, _service(n))),
            "/api/v1/configmaps": (self.workloads, lambda n: self._of("ConfigMap", n, _config(n, self.space(n + 1)))),
            "/api/v1/secrets": (self.workloads // 2, lambda n: self._of("Secret", n, {"data": {"password": "c2Vj"}})),
            "/api/v1/serviceaccounts": (self.workloads, lambda n: self._of("ServiceAccount", n, {})),
            "/api/v1/events": (pods // 4, self._event),
            "/apis/apps/v1/deployments": (self.workloads, lambda n: self._of("Deployment", n, _deployment(n))),
            "/apis/apps/v1/replicasets": (self.workloads * 2, self._replica_set),
            "/apis/discovery.k8s.io/v1/endpointslices": (self.workloads, self._slice),
            "/apis/networking.k8s.io/v1/networkpolicies": (
                self.workloads // 10, lambda n: self._of("NetworkPolicy", n * 10, _policy(n * 10))),
            "/apis/networking.k8s.io/v1/ingresses": (
                self.workloads // 10, lambda n: self._of("Ingress", n * 10, _ingress(n * 10))),
            "/apis/autoscaling/v2/horizontalpodautoscalers": (
                self.workloads // 5, lambda n: self._of("HorizontalPodAutoscaler", n * 5, _scaler(n * 5))),
            "/apis/policy/v1/poddisruptionbudgets": (
                self.workloads // 10, lambda n: self._of("PodDisruptionBudget", n * 10, {"spec": _selects(n * 10)})),
        }  # fmt: skip

    def space(self, workload: int) -> str:
        """Return the namespace of a workload."""
        return f"team-{workload % self.spaces}"

    def page(self, path: str, start: int, limit: int) -> bytes | None:
        """Return one page of a list as JSON."""
        if path not in self.lists:
            return None
        count, make = self.lists[path]
        end = min(count, start + limit)
        meta = f'"resourceVersion":"99","continue":"{end}","remainingItemCount":{count - end}' if end < count else ""
        items = ",".join(map(make, range(start, end)))
        return f'{{"kind":"List","apiVersion":"v1","metadata":{{{meta}}},"items":[{items}]}}'.encode()

    def discovery(self, root: str) -> bytes:
        """Return the aggregated discovery of `/api` or `/apis`."""
        groups: dict[str, list[Json]] = {}
        for path in self.lists:
            *before, version, plural = path.split("/")[1:]
            if before[0] == root.strip("/"):
                one = {"resource": plural, "verbs": ["get", "list"], "scope": "Namespaced", "responseKind": {}}
                groups.setdefault("/".join([*before[1:], version]), []).append(one)
        items = [
            {
                "metadata": {"name": name.rpartition("/")[0]},
                "versions": [{"version": name.rpartition("/")[2], "resources": found, "freshness": "Current"}],
            }
            for name, found in groups.items()
        ]
        head = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}}
        return json.dumps({**head, "items": items}).encode()

    def _of(self, kind: str, workload: int, fields: Json, name: str = "", **meta: Any) -> str:
        return _dump(_meta(kind, name or f"app-{workload}", self.space(workload), **meta), fields)

    def _pod(self, n: int) -> str:
        workload = n // PODS_A_WORKLOAD
        text = self._pod_texts.get(workload)
        if text is None:
            if len(self._pod_texts) > 200:
                self._pod_texts.clear()
            text = self._pod_texts[workload] = self._pod_text(workload)
        letters = f"{n:05x}"
        address = f"10.{128 + n // 65_536}.{n // 256 % 256}.{n % 256}"
        # Made one after the other, and ready some seconds later: times are seldom the same.
        text = text.replace("T04:48:15Z", f"T{n // 3_600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z")
        return text.replace("@@@@@", letters).replace("@ip@", address).replace("@node@", f"node-{n % self.nodes}")

    def _pod_text(self, workload: int) -> str:
        labels = {"app": f"app-{workload}", "pod-template-hash": _hash(workload), "team": self.space(workload)}
        owners = [_owner("ReplicaSet", f"app-{workload}-{_hash(workload)}")]
        name = f"app-{workload}-{_hash(workload)}-@@@@@"
        meta = _meta("Pod", name, self.space(workload), labels=labels, ownerReferences=owners)
        meta["managedFields"] = _MANAGED_OF_POD
        spec = {**_pod_spec(workload), "nodeName": "@node@"}
        return _dump(meta, {"spec": spec, "status": _pod_status(workload)})

    def _replica_set(self, n: int) -> str:
        workload, is_old = divmod(n, 2)
        hashed = _hash(workload + is_old * 1_000_000)
        labels = {"app": f"app-{workload}", "pod-template-hash": hashed}
        template = {"metadata": {"labels": labels}, "spec": _pod_spec(workload)}
        replicas = 0 if is_old else PODS_A_WORKLOAD
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        annotations = {"deployment.kubernetes.io/revision": str(2 - is_old)}
        owners = [_owner("Deployment", f"app-{workload}")]
        fields = {"spec": spec, "status": {"replicas": replicas, "readyReplicas": replicas}}
        name = f"app-{workload}-{hashed}"
        return self._of("ReplicaSet", workload, fields, name, ownerReferences=owners, annotations=annotations)

    def _slice(self, n: int) -> str:
        endpoints = [
            {
                "addresses": [f"10.{128 + pod // 65_536}.{pod // 256 % 256}.{pod % 256}"],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "nodeName": f"node-{pod % self.nodes}",
                "targetRef": {"kind": "Pod", "namespace": self.space(n), **_named("Pod", self._pod_name(pod))},
            }
            for pod in range(n * PODS_A_WORKLOAD, (n + 1) * PODS_A_WORKLOAD)
        ]
        fields = {
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        }
        owners = [_owner("Service", f"app-{n}")]
        labels = {"kubernetes.io/service-name": f"app-{n}"}
        return self._of("EndpointSlice", n, fields, f"app-{n}-xk2p9", labels=labels, ownerReferences=owners)

    def _event(self, n: int) -> str:
        pod = n * 4
        workload = pod // PODS_A_WORKLOAD
        about = {"kind": "Pod", "namespace": self.space(workload), **_named("Pod", self._pod_name(pod))}
        fields = {
            "involvedObject": about, "reason": "Pulled", "type": "Normal", "count": 1, "firstTimestamp": _MADE,
            "message": f"Container image registry.example/app-{workload}:1.4.2 already present on machine",
            "lastTimestamp": _MADE, "source": {"component": "kubelet", "host": f"node-{pod % self.nodes}"},
        }  # fmt: skip
        return self._of("Event", workload, fields, f"{self._pod_name(pod)}.{n:x}")

    def _pod_name(self, n: int) -> str:
        workload = n // PODS_A_WORKLOAD
        return f"app-{workload}-{_hash(workload)}-{n:05x}"


def _hash(n: int) -> str:
    return f"{(n * 2_654_435_761) % 2**40:010x}"


def _uid(kind: str, name: str) -> str:
    return f"{kind.lower()}-{name}"


def _named(kind: str, name: str) -> Json:
    return {"name": name, "uid": _uid(kind, name)}


def _owner(kind: str, name: str) -> Json:
    api = "v1" if kind == "Service" else "apps/v1"
    return {"apiVersion": api, "kind": kind, **_named(kind, name), "controller": True, "blockOwnerDeletion": True}


def _meta(kind: str, name: str, namespace: str | None, **more: Any) -> Json:
    meta = {**_named(kind, name), "resourceVersion": "1125", "creationTimestamp": _MADE, **more}
    if namespace:
        meta["namespace"] = namespace
    meta.setdefault("managedFields", [{"manager": "kubectl", "operation": "Update", "time": _MADE, "fieldsV1": _SOME}])
    return meta


def _dump(meta: Json, fields: Json) -> str:
    return json.dumps({"metadata": meta, **fields}, separators=(",", ":"))


def _selects(n: int) -> Json:
    return {"selector": {"matchLabels": {"app": f"app-{n}"}}}


def _service(n: int) -> Json:
    ports = [{"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"}]
    spec = {"type": "ClusterIP", "clusterIP": "10.96.0.7", "selector": {"app": f"app-{n}"}, "ports": ports}
    return {"spec": spec, "status": {"loadBalancer": {}}}


def _config(n: int, space: str) -> Json:
    return {"data": {"UPSTREAM": f"http://app-{n + 1}.{space}.svc.cluster.local:8080", "LEVEL": "info", "N": str(n)}}


def _deployment(n: int) -> Json:
    template = {"metadata": {"labels": {"app": f"app-{n}"}}, "spec": _pod_spec(n)}
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), PODS_A_WORKLOAD)
    conditions = [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "ok"}]
    spec = {"replicas": PODS_A_WORKLOAD, **_selects(n), "template": template}
    return {"spec": spec, "status": {**counts, "observedGeneration": 1, "conditions": conditions}}


def _policy(n: int) -> Json:
    peers = [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": f"app-{n + 1}"}}}]
    rules = [{"from": peers, "ports": [{"port": 8080, "protocol": "TCP"}]}]
    select = {"podSelector": {"matchLabels": {"app": f"app-{n}"}}}
    return {"spec": {**select, "policyTypes": ["Ingress"], "ingress": rules}}


def _ingress(n: int) -> Json:
    backend = {"service": {"name": f"app-{n}", "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {"spec": {"rules": [{"host": f"app-{n}.example", "http": {"paths": paths}}]}, "status": {}}


def _scaler(n: int) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"app-{n}"}
    return {"spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 9}, "status": {"currentReplicas": 5}}


def _node(n: int) -> Json:
    room = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    addresses = [{"type": "InternalIP", "address": f"192.168.{n // 256}.{n % 256}"}]
    return {
        "spec": {},
        "status": {"capacity": room, "allocatable": room, "conditions": [ready], "addresses": addresses},
    }


def _pod_spec(n: int) -> Json:
    probe = {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1}
    box = {
        "name": "server",
        "image": f"registry.example/shop/app-{n}:1.4.2",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "PORT", "value": "8080"}, {"name": "NEXT_URL", "value": f"http://app-{n + 20}:8080"}],
        "envFrom": [{"configMapRef": {"name": f"app-{n}"}}],
        "resources": {"limits": {"memory": "300Mi"}, "requests": {"cpu": "200m", "memory": "180Mi"}},
        "volumeMounts": [
            {
                "name": "kube-api-access-@@@@@",
                "readOnly": True,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            }
        ],
        "livenessProbe": {**probe, "failureThreshold": 3, "successThreshold": 1},
        "readinessProbe": {**probe, "failureThreshold": 3, "successThreshold": 1},
        "terminationMessagePath": "/dev/termination-log",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"capabilities": {"drop": ["ALL"]}, "privileged": False, "readOnlyRootFilesystem": True},
    }
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    gone = [
        {"key": f"node.kubernetes.io/{word}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for word in ("not-ready", "unreachable")
    ]
    return {
        "containers": [box],
        "volumes": [{"name": "kube-api-access-@@@@@", "projected": {"sources": sources, "defaultMode": 420}}],
        "serviceAccountName": f"app-{n}",
        "serviceAccount": f"app-{n}",
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "securityContext": {"runAsUser": 1000, "runAsNonRoot": True, "fsGroup": 1000},
        "schedulerName": "default-scheduler",
        "tolerations": gone,
        "terminationGracePeriodSeconds": 30,
    }


def _pod_status(n: int) -> Json:
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    image = f"registry.example/shop/app-{n}"
    box = {
        "name": "server",
        "state": {"running": {"startedAt": _MADE}},
        "lastState": {},
        "ready": True,
        "started": True,
        "restartCount": 0,
        "image": f"{image}:1.4.2",
        "imageID": f"{image}@sha256:{'5d' * 32}",
        "containerID": f"containerd://{'73' * 29}@@@@@",
        "resources": {"limits": {"memory": "300Mi"}, "requests": {"cpu": "200m", "memory": "180Mi"}},
    }
    return {
        "phase": "Running",
        "conditions": [
            {
                "type": kind,
                "observedGeneration": 1,
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": _MADE,
            }
            for kind in types
        ],
        "hostIP": "127.0.0.11",
        "podIP": "@ip@",
        "podIPs": [{"ip": "@ip@"}],
        "startTime": _MADE,
        "containerStatuses": [box],
        "qosClass": "Burstable",
    }


_ACTIVE: Json = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
_FIELDS = {".": {}, "f:failureThreshold": {}, "f:httpGet": {".": {}, "f:path": {}, "f:port": {}}, "f:periodSeconds": {}}
_SOME: Json = {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:selector": {}, "f:ports": _FIELDS}}
_MANY: Json = {
    "f:metadata": {"f:generateName": {}, "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}}},
    "f:spec": {'f:containers k:{"name":"server"}': {f"f:part{n}": _FIELDS for n in range(16)}},
}
_MANAGED_OF_POD = [
    {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": _MADE, "fieldsV1": _MANY},
    {"manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": _MADE, "subresource": "status",
     "fieldsV1": {f"f:condition{n}": _FIELDS for n in range(14)}},
]  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: BenchCluster

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        kind = "application/json"
        if url.path in {"/api", "/apis"}:
            body: bytes | None = self.cluster.discovery(url.path)
            kind += ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        else:
            limit = int(query.get("limit", ["1000000"])[0])
            body = self.cluster.page(url.path, int(query.get("continue", ["0"])[0]), limit)
        status = 200 if body is not None else 404
        body = body or b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}'
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


def main() -> None:
    """Serve until standard input ends."""
    _Handler.cluster = BenchCluster(int(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
