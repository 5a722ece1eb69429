"""A well shop over several namespaces with much that only looks odd, and the ways in which a test breaks it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from scripts.demo_database import add_database
from scripts.demo_objects import DAY, DemoCluster, Json, ago, conditions, container, env, owner, template
from scripts.demo_platform import add_platform
from scripts.demo_workloads import Deployed, Rollout, Workloads
from services.graph.domain.reading.decoding import decode_object
from services.graph.domain.reading.kinds import KINDS
from services.graph.ports import LogRead, LogState
from tests.support.memory_cluster import LogKey, MemoryCluster

IMAGES = "registry.shop.example"
SHOP = "shop"


class StrangerShop:
    """The lists of the cluster and the logs; the methods change them as controllers, kubelets and people would."""

    def __init__(self) -> None:
        self.cluster = DemoCluster()
        self.logs: dict[LogKey, LogRead] = {}
        add_platform(self.cluster)
        self.workloads = Workloads(self.cluster)
        add_database(self.cluster, self.workloads)
        self.made: dict[str, Deployed] = {}

    def source(self, *, events: bool = True) -> MemoryCluster:
        """Return what a server would show; without Events where nobody writes them or all are gone."""
        names = {name for name in self.cluster.lists if events or name != "Event"}
        objects = [
            decode_object(kind, msgspec.json.encode(item))
            for kind in KINDS
            if kind.name in names
            for item in self.cluster.lists[kind.name]
        ]
        return MemoryCluster(objects, self.logs, ("NodeMetrics", "PodMetrics"), "strange")

    def get(self, kind: str, name: str, namespace: str | None = SHOP) -> Json:
        """Return an object, to be changed in place."""
        wanted = (name, namespace)
        return next(
            one
            for one in self.cluster.lists[kind]
            if (one["metadata"]["name"], one["metadata"].get("namespace")) == wanted
        )

    def drop(self, kind: str, name: str, namespace: str | None = SHOP) -> None:
        """Delete an object."""
        self.cluster.lists[kind].remove(self.get(kind, name, namespace))

    def deploy(
        self, name: str, replicas: int = 2, *, namespace: str = SHOP, spec: Mapping[str, Any] | None = None, **box: Any
    ) -> Deployed:
        """Add a well Deployment with its Service."""
        made = template({"app": name}, container(name, f"{IMAGES}/{name}:1.4.2", 8080, **box))
        made["spec"].update(spec or {})
        deployed = self.workloads.deploy(namespace, name, replicas, 3, Rollout(made, replicas, 6 * DAY))
        number = 20 + len(self.made)
        self.workloads.serve(namespace, name, number, 8080, deployed.pods)
        self.made[name] = deployed
        return deployed

    def pods(self, name: str, namespace: str = SHOP) -> list[Json]:
        """Return the pods of an app."""
        return [
            one
            for one in self.cluster.lists["Pod"]
            if one["metadata"].get("labels", {}).get("app") == name and one["metadata"]["namespace"] == namespace
        ]

    def change(self, name: str, **box: Any) -> None:
        """Change the container of an app everywhere: template, replica set, pods."""
        for spec in self._specs(name):
            spec["containers"][0].update(box)

    def change_spec(self, name: str, **fields: Any) -> None:
        """Change the pod spec of an app everywhere."""
        for spec in self._specs(name):
            spec.update(fields)

    def _specs(self, name: str) -> list[Json]:
        made = self.made[name]
        tops = [made.deployment, *made.replica_sets]
        return [*(one["spec"]["template"]["spec"] for one in tops), *(pod["spec"] for pod in made.pods)]

    def fail(self, name: str, state: Json, *, last: Json | None = None, restarts: int = 0, **fields: Any) -> None:
        """Let the container of every pod be in a state that is not ready."""
        phase = "Running" if restarts or "running" in state else "Pending"
        for pod in self.made[name].pods:
            box = pod["status"]["containerStatuses"][0]
            box.update(ready=False, started=False, restartCount=restarts, state=state, lastState=last or {}, **fields)
            pod["status"]["phase"] = phase
            _set(pod, "Ready", "False", "ContainersNotReady", f"containers with unready status: [{name}]")
            _set(pod, "ContainersReady", "False", "ContainersNotReady", f"containers with unready status: [{name}]")
        self._none_ready(name)

    def crash(self, name: str, code: int, *lines: str, reason: str = "Error") -> None:
        """Let every pod crash-loop, with the last lines of its log."""
        ended = {"exitCode": code, "reason": reason, "startedAt": ago(3), "finishedAt": ago(2)}
        text = f"back-off 2m40s restarting failed container={name}"
        self.fail(name, {"waiting": {"reason": "CrashLoopBackOff", "message": text}}, last={"terminated": ended},
                  restarts=6)  # fmt: skip
        self.tell(name, "BackOff", f"Back-off restarting failed container {name}")
        self.log(name, *lines)

    def log(self, name: str, *lines: str) -> None:
        """Let the pods of an app have written these lines, in this life and the one before."""
        for pod in self.pods(name, self.made[name].deployment["metadata"]["namespace"]):
            for previous in (False, True):
                key = (pod["metadata"]["namespace"], pod["metadata"]["name"], name, previous)
                self.logs[key] = LogRead(LogState.OK, lines)

    def tell(self, name: str, reason: str, message: str) -> None:
        """Add a warning about each pod."""
        for pod in self.made[name].pods:
            self.cluster.event(pod, "Pod", ("Warning", reason, message), 8, 1)

    def strand(self, name: str, message: str) -> None:
        """Let no pod find a node."""
        for pod in self.made[name].pods:
            pod["spec"].pop("nodeName", None)
            rows = conditions(("PodScheduled", "False", "Unschedulable", message, 15))
            pod["status"] = {"phase": "Pending", "conditions": rows, "qosClass": "Burstable"}
            self.cluster.event(pod, "Pod", ("Warning", "FailedScheduling", message), 4, 1)
        self._none_ready(name, address=False)

    def refuse(self, name: str, message: str) -> None:
        """Let the API server refuse every pod."""
        made = self.made[name]
        for pod in made.pods:
            self.cluster.lists["Pod"].remove(pod)
        made.pods.clear()
        self._none_ready(name, address=False)
        for one in (made.deployment, made.replica_sets[-1]):
            one["status"].update(replicas=0, unavailableReplicas=2)
            one["status"].setdefault("conditions", []).extend(
                conditions(("ReplicaFailure", "True", "FailedCreate", message, 15))
            )
        self.cluster.event(
            made.replica_sets[-1], "ReplicaSet", ("Warning", "FailedCreate", f"Error creating: {message}"), 9, 1
        )

    def _none_ready(self, name: str, *, address: bool = True) -> None:
        made = self.made[name]
        namespace = made.deployment["metadata"]["namespace"]
        for one in (made.deployment, *made.replica_sets):
            one["status"].update(readyReplicas=0, availableReplicas=0)
        made.deployment["status"].update(
            unavailableReplicas=made.deployment["spec"]["replicas"],
            conditions=conditions(
                ("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.",
                 15),
                ("Progressing", "False", "ProgressDeadlineExceeded", "ReplicaSet has timed out progressing.", 5),
            ),
        )  # fmt: skip
        for one in self.slices(name, namespace):
            for end in one["endpoints"] or ():
                end["conditions"] = {"ready": False, "serving": False, "terminating": False}
            if not address:
                one["endpoints"] = None

    def slices(self, service: str, namespace: str = SHOP) -> list[Json]:
        """Return the slices of a Service."""
        return [
            one
            for one in self.cluster.lists["EndpointSlice"]
            if one["metadata"]["labels"]["kubernetes.io/service-name"] == service
            and one["metadata"]["namespace"] == namespace
        ]


def _set(pod: Json, kind: str, status: str, reason: str, message: str) -> None:
    for row in pod["status"]["conditions"]:
        if row["type"] == kind:
            row.update(status=status, reason=reason, message=message, lastTransitionTime=ago(15))


def a_well_shop() -> StrangerShop:
    """Return the shop with nothing broken, and everything that careless rules blame."""
    shop = StrangerShop()
    shop.cluster.add("ConfigMap", "cart-config", SHOP, 40 * DAY, data={"LOG_LEVEL": "info", "PAGE": "20"})
    shop.cluster.add("Secret", "cart-secret", SHOP, 40 * DAY, type="Opaque", data={"token": ""})
    shop.deploy("catalog")
    shop.deploy(
        "cart",
        env=[
            {"name": "LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": "cart-config", "key": "LOG_LEVEL"}}},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "cart-secret", "key": "token"}}},
        ],
    )
    shop.deploy("frontend", env=env(CART_URL="http://cart:8080", CATALOG_URL="http://catalog:8080"))
    shop.deploy("checkout", env=env(PAYMENTS_URL="http://payments-api.payments.svc.cluster.local:8080",
                                    DB_HOST="orders-db.data.svc.cluster.local", DB_PORT="5432"))  # fmt: skip
    shop.deploy("payments-api", namespace="payments")
    _add_edge(shop)
    _add_agents(shop)
    _add_oddities(shop)
    return shop


def _add_edge(shop: StrangerShop) -> None:
    shop.cluster.add(
        "Secret", "shop-tls", SHOP, 40 * DAY, type="kubernetes.io/tls", data={"tls.crt": "", "tls.key": ""}
    )
    backend = {"service": {"name": "frontend", "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    shop.cluster.add(
        "Ingress", "shop", SHOP, 40 * DAY,
        spec={"ingressClassName": "nginx", "tls": [{"hosts": ["shop.example"], "secretName": "shop-tls"}],
              "rules": [{"host": "shop.example", "http": {"paths": paths}}]},
        status={"loadBalancer": {"ingress": [{"ip": "203.0.113.20"}]}},
    )  # fmt: skip


def _add_agents(shop: StrangerShop) -> None:
    made = template({"app": "log-agent"}, container("log-agent", f"{IMAGES}/log-agent:2.0.0", 2020))
    agent = shop.cluster.add(
        "DaemonSet", "log-agent", "kube-system", 40 * DAY,
        meta={"generation": 1},
        spec={"selector": {"matchLabels": {"app": "log-agent"}}, "template": made},
        status={"observedGeneration": 1, "currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberReady": 3,
                "numberAvailable": 3, "updatedNumberScheduled": 3, "numberMisscheduled": 0},
    )  # fmt: skip
    for letter in "abc":
        shop.workloads.pod("kube-system", f"log-agent-x{letter}z9q", made, owner("DaemonSet", "apps/v1", agent),
                           Rollout(made, 1, 6 * DAY))  # fmt: skip


def _add_oddities(shop: StrangerShop) -> None:
    shop.cluster.add("ConfigMap", "nobody-reads-this", SHOP, 40 * DAY, data={"OLD": "1"})
    resting = template({"app": "resting"}, container("resting", f"{IMAGES}/resting:1.0.0", 8080))
    shop.workloads.deploy(SHOP, "resting", 0, 2, Rollout(resting, 0, 9 * DAY))
    old = template({"app": "search"}, container("search", f"{IMAGES}/search:1.0.0", 8080))
    new = template({"app": "search"}, container("search", f"{IMAGES}/search:1.1.0", 8080))
    starting = {"waiting": {"reason": "ContainerCreating"}}
    rolled = shop.workloads.deploy(SHOP, "search", 2, 2, Rollout(old, 2, 9 * DAY), Rollout(new, 1, 0.5, starting))
    rolled.deployment["status"]["conditions"][-1].update(
        status="True", reason="ReplicaSetUpdated", lastTransitionTime=ago(0.5), lastUpdateTime=ago(0.5)
    )
    shop.workloads.serve(SHOP, "search", 90, 8080, rolled.pods[:2])
    leaving = shop.made["catalog"].replica_sets[-1]
    gone = shop.workloads.pod(SHOP, "catalog-old-going", leaving["spec"]["template"],
                              owner("ReplicaSet", "apps/v1", leaving), Rollout(resting, 1, DAY))  # fmt: skip
    gone["metadata"].update(deletionTimestamp=ago(-0.3), deletionGracePeriodSeconds=30)
    _add_jobs(shop)


def _add_jobs(shop: StrangerShop) -> None:
    box = container("report", f"{IMAGES}/report:1.0.0", 8080)
    box.pop("readinessProbe")
    made = template({"app": "report"}, box)
    made["spec"]["restartPolicy"] = "Never"
    for name, is_suspended in (("report", False), ("cleanup", True)):
        shop.cluster.add(
            "CronJob", name, SHOP, 40 * DAY,
            spec={"schedule": "0 3 * * *", "suspend": is_suspended, "jobTemplate": {"spec": {"template": made}}},
            status={"lastScheduleTime": ago(9 * 60), "lastSuccessfulTime": ago(9 * 60 - 1)},
        )  # fmt: skip
    add_job(shop, "report-29923525", made, "report", minutes=9 * 60)


def add_job(
    shop: StrangerShop, name: str, made: Json, cron: str = "", *, minutes: float = 30, failed: str = "", pods: int = 1
) -> Json:
    """Add a Job that is complete, or has failed for a reason, with its pods."""
    owners = owner("CronJob", "batch/v1", shop.get("CronJob", cron)) if cron else []
    word = (
        ("Failed", "True", failed, "Job has failed", minutes - 5) if failed else ("Complete", "True", "", "", minutes)
    )
    job = shop.cluster.add(
        "Job", name, SHOP, minutes,
        meta={"ownerReferences": owners},
        spec={"backoffLimit": pods - 1, "completions": 1, "parallelism": 1, "template": made},
        status={"conditions": conditions(word), "startTime": ago(minutes), "failed": pods if failed else 0,
                "succeeded": 0 if failed else 1},
    )  # fmt: skip
    for number in range(pods):
        pod = shop.workloads.pod(SHOP, f"{name}-x{number}k2p", made, owner("Job", "batch/v1", job),
                                 Rollout(made, 1, minutes))  # fmt: skip
        ended = {"exitCode": 1 if failed else 0, "reason": "Error" if failed else "Completed",
                 "startedAt": ago(minutes), "finishedAt": ago(minutes - 1)}  # fmt: skip
        pod["status"]["phase"] = "Failed" if failed else "Succeeded"
        pod["status"]["containerStatuses"][0].update(ready=False, started=False, state={"terminated": ended})
        for row in pod["status"]["conditions"]:
            if row["type"] in {"Ready", "ContainersReady"}:
                row.update(status="False", reason="PodFailed" if failed else "PodCompleted")
    return job
