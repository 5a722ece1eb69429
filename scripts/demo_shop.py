"""Write the demo cluster: a shop with four things broken, and one that only looks so.

    python -m scripts.demo_shop data/demo/shop

1. `shop/checkout` crash-loops since its ConfigMap was changed: the host of the database has its namespace misspelt
   (`orders-db.dta…`). The pods of before still serve.
2. The Service `shop/recommendations` selects no pod: it says `app: recommender`.
3. `shop/cart` cannot pull its new image: no such tag.
4. The NetworkPolicy `payments/default-deny` lets nobody reach `payments-api`.
5. `shop/catalog` is well; its probe failed for a while, and its pods restarted days ago.
"""

import sys
from pathlib import Path

import msgspec

from scripts.demo_database import add_database
from scripts.demo_objects import DAY, NOW, DemoCluster, Json, ago, container, env, managed, template
from scripts.demo_platform import add_platform
from scripts.demo_workloads import Deployed, Rollout, Workloads, crash_loop
from services.graph.adapters.snapshot_files import (
    FORMAT_VERSION,
    LOGS,
    Manifest,
    list_body,
    list_file,
    write_file,
    write_manifest,
)
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState
from services.graph.domain.reading.kinds import KINDS

_LOGS = Path("logs")
# This cluster has neither of these; discovery says so.
_NOT_SERVED = frozenset({"gateway.networking.k8s.io", "cert-manager.io", "metrics.k8s.io"})
_IMAGES = "registry.shop.example"
_DB_HOST = "orders-db.data.svc.cluster.local:5432"
_WRONG_HOST = "orders-db.dta.svc.cluster.local:5432"
_NO_HOST = 'could not translate host name "orders-db.dta.svc.cluster.local" to address: Name or service not known'

Logs = dict[str, list[str]]


def build() -> tuple[DemoCluster, Logs]:
    """Return the objects and the logs, by the path of their file."""
    cluster, logs = DemoCluster(), Logs()
    add_platform(cluster)
    workloads = Workloads(cluster)
    database = add_database(cluster, workloads)
    _log(logs, database, [f"{ago(6 * DAY)} LOG:  database system is ready to accept connections"])
    _add_checkout(cluster, workloads, logs)
    _add_cart(cluster, workloads, logs)
    _add_catalog(cluster, workloads, logs)
    _add_frontend(cluster, workloads)
    _add_recommendations(workloads, logs)
    _add_payments(cluster, workloads, logs)
    return cluster, logs


def write(folder: Path) -> None:
    """Write the snapshot."""
    cluster, logs = build()
    kinds = [kind for kind in KINDS if kind.group not in _NOT_SERVED]
    entries = []
    for kind in kinds:
        items = cluster.lists.get(kind.name, [])
        body = list_body(kind, kind.versions[0], [msgspec.json.encode(item) for item in items])
        write_file(folder, list_file(kind, kind.versions[0]), body)
        entries.append(CoverageEntry(kind=kind.name, verb="list", state=CoverageState.OK, count=len(items), pages=1))
    for name, lines in logs.items():
        write_file(folder, str(_LOGS / name), "".join(f"{line}\n" for line in lines).encode())
    write_file(folder, LOGS, b"[]\n")
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        cluster="demo-shop",
        taken_at=NOW,
        tool_version="demo",
        versions={kind.name: kind.versions[0] for kind in kinds},
        coverage=tuple(entries),
    )
    write_manifest(folder, manifest)


def _log(logs: Logs, pod: Json, lines: list[str], *, previous: bool = False) -> None:
    meta, box = pod["metadata"], pod["spec"]["containers"][0]["name"]
    logs[f"{meta['namespace']}/{meta['name']}/{box}{'.previous' if previous else ''}.log"] = lines


def _add_checkout(cluster: DemoCluster, workloads: Workloads, logs: Logs) -> None:
    cluster.add(
        "ConfigMap", "checkout-config", "shop", 40 * DAY,
        meta={"managedFields": managed(("kubectl-edit", 20, ""))},
        data={"ORDERS_DB_HOST": _WRONG_HOST, "ORDERS_DB_NAME": "orders", "CART_URL": "http://cart:8080",
              "PAYMENTS_URL": "http://payments-api.payments.svc.cluster.local:8080", "LOG_LEVEL": "info"},
    )  # fmt: skip
    cluster.add("Secret", "orders-db", "shop", 40 * DAY, type="Opaque", data={"password": "", "username": ""})
    box = container("checkout", f"{_IMAGES}/checkout:2.14.0", 8080)
    box["envFrom"] = [{"configMapRef": {"name": "checkout-config"}}]
    box["env"] = [
        {"name": "ORDERS_DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "orders-db", "key": "password"}}}
    ]
    before = template({"app": "checkout"}, box, "checkout")
    again = {"kubectl.kubernetes.io/restartedAt": ago(18)}
    after = template({"app": "checkout"}, box, "checkout", annotations=again)
    state, last = crash_loop("checkout pod=checkout_shop", 8, 2)
    made = workloads.deploy("shop", "checkout", 2, 11, Rollout(before, 2, 6 * DAY), Rollout(after, 1, 18, state, last))
    *old, broken = made.pods
    workloads.serve("shop", "checkout", 11, 8080, made.pods)
    cluster.event(broken, "Pod", ("Normal", "Pulled", f'Container image "{box["image"]}" already present'), 8, 2)
    back_off = "Back-off restarting failed container checkout in pod " + broken["metadata"]["name"]
    cluster.event(broken, "Pod", ("Warning", "BackOff", back_off), 10, 0.5)
    _tell_rollout(cluster, made, 18)
    crash = [
        f"{ago(2.1)} INFO  checkout 2.14.0 starts",
        f"{ago(2.1)} INFO  connecting to {_WRONG_HOST.partition(':')[0]} port 5432 database orders",
        f"{ago(2)} FATAL {_NO_HOST}",
    ]
    _log(logs, broken, crash)
    _log(logs, broken, [line.replace(ago(2.1), ago(7.3)).replace(ago(2), ago(7.2)) for line in crash], previous=True)
    for pod in old:
        _log(logs, pod, [f"{ago(6 * DAY)} INFO  connected to {_DB_HOST}", f"{ago(1)} INFO  order placed in 41 ms"])


def _add_cart(cluster: DemoCluster, workloads: Workloads, logs: Logs) -> None:
    good = template({"app": "cart"}, container("cart", f"{_IMAGES}/cart:3.8.0", 8080))
    image = f"{_IMAGES}/cart:3.8.1-hotfx"
    wrong = template({"app": "cart"}, container("cart", image, 8080))
    text = (
        f'Back-off pulling image "{image}": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack '
    )
    text += f'image "{image}": failed to resolve reference "{image}": {image}: not found'
    state = {"waiting": {"reason": "ImagePullBackOff", "message": text}}
    made = workloads.deploy("shop", "cart", 2, 7, Rollout(good, 2, 12 * DAY), Rollout(wrong, 1, 95, state))
    workloads.serve("shop", "cart", 12, 8080, made.pods)
    broken = made.pods[-1]
    cluster.event(broken, "Pod", ("Warning", "Failed", text.partition(": ")[2]), 22, 3)
    cluster.event(broken, "Pod", ("Normal", "BackOff", f'Back-off pulling image "{image}"'), 60, 1)
    _tell_rollout(cluster, made, 95)
    _log(logs, made.pods[0], [f"{ago(1)} INFO  12 carts written"])


def _add_catalog(cluster: DemoCluster, workloads: Workloads, logs: Logs) -> None:
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": ago(9 * DAY), "finishedAt": ago(4 * DAY)}
    before = {"restarts": 2, "terminated": ended, "again": ago(4 * DAY - 1)}
    box = container("catalog", f"{_IMAGES}/catalog:1.30.2", 8080)
    made = workloads.deploy(
        "shop", "catalog", 2, 4, Rollout(template({"app": "catalog"}, box), 2, 9 * DAY, None, before)
    )
    workloads.serve("shop", "catalog", 13, 8080, made.pods)
    text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    cluster.event(made.pods[0], "Pod", ("Warning", "Unhealthy", text), 14, 41)
    _log(logs, made.pods[0], [f"{ago(40)} INFO  index built anew, ready", f"{ago(1)} INFO  GET /items 200 in 8 ms"])
    _scale(cluster, "catalog", 2)


def _add_frontend(cluster: DemoCluster, workloads: Workloads) -> None:
    box = container("frontend", f"{_IMAGES}/frontend:5.2.0", 8080)
    box["env"] = env(
        CHECKOUT_URL="http://checkout:8080", CART_URL="http://cart:8080", CATALOG_URL="http://catalog:8080"
    )
    made = workloads.deploy("shop", "frontend", 2, 21, Rollout(template({"app": "frontend"}, box), 2, 3 * DAY))
    workloads.serve("shop", "frontend", 14, 80, made.pods)
    _scale(cluster, "frontend", 2)
    cluster.add(
        "PodDisruptionBudget", "frontend", "shop", 40 * DAY,
        meta={"generation": 1},
        spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "frontend"}}},
        status={
            "observedGeneration": 1, "currentHealthy": 2, "desiredHealthy": 1, "disruptionsAllowed": 1,
            "expectedPods": 2,
        },
    )  # fmt: skip
    backend = {"service": {"name": "frontend", "port": {"name": "http"}}}
    cluster.add("Secret", "shop-tls", "shop", 40 * DAY, type="kubernetes.io/tls", data={"tls.crt": "", "tls.key": ""})
    cluster.add(
        "Ingress", "shop", "shop", 40 * DAY,
        meta={"generation": 1},
        spec={
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["shop.example"], "secretName": "shop-tls"}],
            "rules": [
                {"host": "shop.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
            ],
        },
        status={"loadBalancer": {"ingress": [{"ip": "203.0.113.20"}]}},
    )  # fmt: skip


def _add_recommendations(workloads: Workloads, logs: Logs) -> None:
    box = container("recommendations", f"{_IMAGES}/recommendations:0.9.4", 8080)
    labels = {"app": "recommendations"}
    made = workloads.deploy("shop", "recommendations", 1, 2, Rollout(template(labels, box), 1, 5 * DAY))
    workloads.serve("shop", "recommendations", 15, 8080, [], selector={"app": "recommender"})
    _log(logs, made.pods[0], [f"{ago(5 * DAY)} INFO  model loaded, listening on 8080"])


def _add_payments(cluster: DemoCluster, workloads: Workloads, logs: Logs) -> None:
    box = container("payments-api", f"{_IMAGES}/payments-api:4.1.3", 8080)
    made = workloads.deploy(
        "payments", "payments-api", 2, 9, Rollout(template({"app": "payments-api"}, box, "payments-api"), 2, 8 * DAY)
    )
    workloads.serve("payments", "payments-api", 16, 8080, made.pods)
    cluster.add(
        "NetworkPolicy", "default-deny", "payments", 65,
        meta={"generation": 1, "managedFields": managed(("kubectl-client-side-apply", 65, ""))},
        spec={"podSelector": {}, "policyTypes": ["Ingress"]},
    )  # fmt: skip
    _log(logs, made.pods[0], [f"{ago(66)} INFO  POST /charge 200 in 120 ms", f"{ago(5)} INFO  GET /ready 200"])


def _tell_rollout(cluster: DemoCluster, made: Deployed, minutes: float) -> None:
    new = made.replica_sets[-1]["metadata"]["name"]
    cluster.event(
        made.deployment,
        "Deployment",
        ("Normal", "ScalingReplicaSet", f"Scaled up replica set {new} from 0 to 1"),
        1,
        minutes,
    )


def _scale(cluster: DemoCluster, name: str, replicas: int) -> None:
    target = {"type": "Utilization", "averageUtilization": 70}
    cluster.add(
        "HorizontalPodAutoscaler", name, "shop", 40 * DAY,
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 2,
            "maxReplicas": 8,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
        status={
            "currentReplicas": replicas,
            "desiredReplicas": replicas,
            "conditions": [
                {"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale", "message": "",
                 "lastTransitionTime": ago(3 * DAY)},
                {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound", "message": "",
                 "lastTransitionTime": ago(3 * DAY)},
                {"type": "ScalingLimited", "status": "False", "reason": "DesiredWithinRange", "message": "",
                 "lastTransitionTime": ago(3 * DAY)},
            ],
        },
    )  # fmt: skip


if __name__ == "__main__":
    write(Path(sys.argv[1]))
