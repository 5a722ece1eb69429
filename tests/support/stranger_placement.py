"""Faults of nodes, scheduling, volumes, quotas, admission and scaling."""

from typing import Any

from scripts.demo_objects import DAY, ago, conditions
from tests.support.stranger_faults import FaultTable
from tests.support.stranger_shop import SHOP, StrangerShop

PLACEMENT = FaultTable()
_of = PLACEMENT.of
_TAIL = "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."


@_of("PersistentVolumeClaim/catalog-data", "fast-ssd", asked="Deployment/catalog")
def claim_of_an_absent_class(shop: StrangerShop) -> None:
    _claim(shop, "fast-ssd")
    shop.strand("catalog", f"0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. {_TAIL}")


def _claim(shop: StrangerShop, storage_class: str) -> None:
    shop.change_spec("catalog", volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "catalog-data"}}])
    shop.cluster.add(
        "PersistentVolumeClaim", "catalog-data", SHOP, 20,
        spec={"storageClassName": storage_class, "accessModes": ["ReadWriteOnce"],
              "resources": {"requests": {"storage": "5Gi"}}},
        status={"phase": "Pending"},
    )  # fmt: skip


@_of("Deployment/catalog", "catalog-data")
def claim_absent(shop: StrangerShop) -> None:
    shop.change_spec("catalog", volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "catalog-data"}}])
    shop.strand("catalog", f'0/3 nodes are available: persistentvolumeclaim "catalog-data" not found. {_TAIL}')


@_of("PersistentVolumeClaim/catalog-data", "pv-far", asked="Deployment/catalog")
def volume_in_another_zone(shop: StrangerShop) -> None:
    _claim(shop, "standard")
    shop.get("PersistentVolumeClaim", "catalog-data")["spec"]["volumeName"] = "pv-far"
    shop.get("PersistentVolumeClaim", "catalog-data")["status"]["phase"] = "Bound"
    terms = [{"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["b"]}]}]
    shop.cluster.add(
        "PersistentVolume", "pv-far", None, 20,
        spec={"storageClassName": "standard", "claimRef": {"namespace": SHOP, "name": "catalog-data"},
              "nodeAffinity": {"required": {"nodeSelectorTerms": terms}}},
        status={"phase": "Bound"},
    )  # fmt: skip
    for node in shop.cluster.lists["Node"]:
        node["metadata"]["labels"]["topology.kubernetes.io/zone"] = "a"
    shop.strand("catalog", f"0/3 nodes are available: 3 node(s) had volume node affinity conflict. {_TAIL}")


@_of("Deployment/catalog", "Insufficient cpu")
def asks_for_more_cpu_than_a_node_has(shop: StrangerShop) -> None:
    shop.change("catalog", resources={"requests": {"cpu": "64"}})
    shop.strand("catalog", f"0/3 nodes are available: 3 Insufficient cpu. {_TAIL}")


@_of("Deployment/catalog")
def asks_for_more_cpu_and_no_scheduler_says_so(shop: StrangerShop) -> None:
    shop.change("catalog", resources={"requests": {"cpu": "64"}})
    shop.strand("catalog", "")
    for pod in shop.made["catalog"].pods:
        pod["status"] = {"phase": "Pending"}
    shop.cluster.lists.pop("Event", None)
    shop.cluster.lists["Event"] = []


@_of("Deployment/catalog", "gpu")
def node_selector_of_nobody(shop: StrangerShop) -> None:
    shop.change_spec("catalog", nodeSelector={"pool": "gpu"})
    shop.strand("catalog", f"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. {_TAIL}")


@_of("Deployment/catalog", "taint", also=("Node//worker-1", "Node//worker-2", "Node//worker-3"))
def taint_without_toleration(shop: StrangerShop) -> None:
    for node in shop.cluster.lists["Node"]:
        node["spec"]["taints"] = [{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}]
    shop.strand("catalog", f"0/3 nodes are available: 3 node(s) had untolerated taint {{dedicated: batch}}. {_TAIL}")


@_of("Deployment/catalog", "topology spread")
def topology_spread_that_no_node_meets(shop: StrangerShop) -> None:
    spread = {"maxSkew": 1, "topologyKey": "example.com/rack", "whenUnsatisfiable": "DoNotSchedule",
              "labelSelector": {"matchLabels": {"app": "catalog"}}}  # fmt: skip
    shop.change_spec("catalog", topologySpreadConstraints=[spread])
    text = "3 node(s) didn't match pod topology spread constraints (missing required label)"
    shop.strand("catalog", f"0/3 nodes are available: {text}. {_TAIL}")


@_of("Node//worker-1", asked="Deployment/catalog")
def node_not_ready(shop: StrangerShop) -> None:
    node = shop.get("Node", "worker-1", None)
    for row in node["status"]["conditions"]:
        row.update(status="Unknown", reason="NodeStatusUnknown", message="Kubelet stopped posting node status.",
                   lastTransitionTime=ago(15))  # fmt: skip
    node["spec"]["taints"] = [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]
    shop.get("Lease", "worker-1", "kube-node-lease")["spec"]["renewTime"] = ago(16).replace("Z", ".000000Z")
    for pod in shop.cluster.lists["Pod"]:
        if pod["spec"].get("nodeName") == "worker-1":
            for row in pod["status"]["conditions"]:
                if row["type"] == "Ready":
                    row.update(status="False", lastTransitionTime=ago(15))
    for name in ("catalog", "cart", "frontend", "checkout"):
        for slices in shop.slices(name):
            for end in slices["endpoints"]:
                if end.get("nodeName") == "worker-1":
                    end["conditions"]["ready"] = False


@_of("Node//worker-1", "DiskPressure")
def node_under_disk_pressure(shop: StrangerShop) -> None:
    for row in shop.get("Node", "worker-1", None)["status"]["conditions"]:
        if row["type"] == "DiskPressure":
            row.update(status="True", reason="KubeletHasDiskPressure", lastTransitionTime=ago(15))


@_of("ResourceQuota/small", "exceeded quota", asked="Deployment/catalog")
def quota_exhausted(shop: StrangerShop) -> None:
    shop.cluster.add("ResourceQuota", "small", SHOP, DAY, spec={"hard": {"pods": "9"}},
                     status={"hard": {"pods": "9"}, "used": {"pods": "9"}})  # fmt: skip
    text = "exceeded quota: small, requested: pods=1, used: pods=9, limited: pods=9"
    shop.refuse("catalog", f'pods "catalog-rnsfphjv5b-abcde" is forbidden: {text}')


@_of("LimitRange/bounds", "maximum memory", asked="Deployment/catalog")
def limit_range_refuses(shop: StrangerShop) -> None:
    shop.cluster.add("LimitRange", "bounds", SHOP, DAY,
                     spec={"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]})  # fmt: skip
    text = "maximum memory usage per Container is 64Mi, but limit is 256Mi"
    shop.refuse("catalog", f'pods "catalog-rnsfphjv5b-abcde" is forbidden: {text}')


@_of("Deployment/catalog", "PodSecurity")
def pod_security_refuses(shop: StrangerShop) -> None:
    shop.get("Namespace", SHOP, None)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
    text = 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    shop.refuse("catalog", f'pods "catalog-rnsfphjv5b-abcde" is forbidden: {text}')


@_of("Deployment/catalog", "ghost")
def service_account_absent(shop: StrangerShop) -> None:
    shop.change_spec("catalog", serviceAccountName="ghost")
    shop.refuse("catalog", 'pods "catalog-rnsfphjv5b-" is forbidden: error looking up service account shop/ghost: '
                'serviceaccount "ghost" not found')  # fmt: skip


@_of("Deployment/catalog", "vital")
def priority_class_absent(shop: StrangerShop) -> None:
    shop.change_spec("catalog", priorityClassName="vital")
    shop.refuse("catalog", 'pods "catalog-rnsfphjv5b-" is forbidden: no PriorityClass with name vital was found')


@_of("ValidatingWebhookConfiguration//guard", "guard", asked="Deployment/catalog")
def webhook_without_a_server(shop: StrangerShop) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    client = {"service": {"namespace": "kube-system", "name": "guard", "path": "/validate", "port": 443}}
    webhook = {"name": "pods.guard.example", "failurePolicy": "Fail", "clientConfig": client, "rules": [rule]}
    shop.cluster.add("ValidatingWebhookConfiguration", "guard", None, DAY, webhooks=[webhook])
    where = "https://guard.kube-system.svc:443/validate"
    text = f'failed calling webhook "pods.guard.example": failed to call webhook: Post "{where}"'
    shop.refuse("catalog", f'Internal error occurred: {text}: service "guard" not found')


@_of("ValidatingWebhookConfiguration//guard", "x509", asked="Deployment/catalog")
def webhook_with_a_wrong_authority(shop: StrangerShop) -> None:
    webhook_without_a_server(shop)
    shop.deploy("guard", namespace="kube-system")
    shop.get("ValidatingWebhookConfiguration", "guard", None)["webhooks"][0]["clientConfig"]["service"]["port"] = 8080
    text = (
        'failed calling webhook "pods.guard.example": failed to call webhook: Post "https://guard.kube-system.svc:8080'
    )
    for one in shop.cluster.lists["ReplicaSet"]:
        for row in one["status"].get("conditions", ()):
            row["message"] = (
                f'{text}/": tls: failed to verify certificate: x509: certificate signed by unknown authority'
            )
    for event in shop.cluster.lists["Event"]:
        event["message"] = f'{text}/": tls: failed to verify certificate: x509: certificate signed by unknown authority'


@_of("HorizontalPodAutoscaler/cart", "cartt")
def autoscaler_of_nobody(shop: StrangerShop) -> None:
    _scaler(shop, "cartt", ("AbleToScale", "False", "FailedGetScale", 'deployments.apps "cartt" not found', 30))


def _scaler(shop: StrangerShop, target: str, *rows: tuple[Any, ...]) -> None:
    shop.cluster.add(
        "HorizontalPodAutoscaler", "cart", SHOP, DAY,
        spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}, "minReplicas": 2,
              "maxReplicas": 4, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {
                  "type": "Utilization", "averageUtilization": 70}}}]},
        status={"currentReplicas": 2, "desiredReplicas": 2, "conditions": conditions(*rows)},
    )  # fmt: skip


@_of("HorizontalPodAutoscaler/cart", "metrics")
def autoscaler_without_metrics(shop: StrangerShop) -> None:
    text = (
        "the HPA was unable to compute the replica count: unable to get metrics for resource cpu: no metrics returned"
    )
    _scaler(shop, "cart", ("AbleToScale", "True", "SucceededGetScale", "", 30),
            ("ScalingActive", "False", "FailedGetResourceMetric", text, 30))  # fmt: skip


@_of("PodDisruptionBudget/frontend")
def budget_that_lets_no_node_drain(shop: StrangerShop) -> None:
    shop.cluster.add(
        "PodDisruptionBudget", "frontend", SHOP, DAY,
        meta={"generation": 1},
        spec={"minAvailable": 2, "selector": {"matchLabels": {"app": "frontend"}}},
        status={"observedGeneration": 1, "currentHealthy": 2, "desiredHealthy": 2, "disruptionsAllowed": 0,
                "expectedPods": 2},
    )  # fmt: skip


@_of("DaemonSet/kube-system/log-agent", "taint")
def daemon_pod_finds_no_room(shop: StrangerShop) -> None:
    agent = shop.get("DaemonSet", "log-agent", "kube-system")
    agent["status"].update(numberReady=2, numberAvailable=2, numberUnavailable=1)
    pod = shop.pods("log-agent", "kube-system")[0]
    del pod["spec"]["nodeName"]
    text = f"0/3 nodes are available: 1 node(s) had untolerated taint {{dedicated: batch}}. {_TAIL}"
    shop.get("Node", "worker-1", None)["spec"]["taints"] = [
        {"key": "dedicated", "value": "batch", "effect": "NoSchedule"}
    ]
    pod["status"] = {"phase": "Pending", "conditions": conditions(("PodScheduled", "False", "Unschedulable", text, 15))}


@_of("Deployment/catalog", "paused")
def deployment_paused_in_a_rollout(shop: StrangerShop) -> None:
    one = shop.made["catalog"].deployment
    one["spec"]["paused"] = True
    one["spec"]["template"]["spec"]["containers"] = [
        {**one["spec"]["template"]["spec"]["containers"][0], "image": "registry.shop.example/catalog:2.0.0"}
    ]
    one["status"].pop("updatedReplicas", None)
    one["status"]["conditions"][-1].update(status="Unknown", reason="DeploymentPaused", lastTransitionTime=ago(60))


@_of("Deployment/catalog")
def only_the_deployment_has_a_status(shop: StrangerShop) -> None:
    shop.fail("catalog", {"running": {"startedAt": ago(60)}})
    for pod in shop.made["catalog"].pods:
        shop.cluster.lists["Pod"].remove(pod)


@_of("PersistentVolumeClaim/catalog-data", "Multi-Attach", asked="Deployment/catalog", needs_events=True)
def volume_attached_elsewhere(shop: StrangerShop) -> None:
    _claim(shop, "standard")
    shop.get("PersistentVolumeClaim", "catalog-data")["spec"]["volumeName"] = "pv-one"
    shop.get("PersistentVolumeClaim", "catalog-data")["status"]["phase"] = "Bound"
    shop.cluster.add("PersistentVolume", "pv-one", None, DAY,
                     spec={"storageClassName": "standard", "claimRef": {"namespace": SHOP, "name": "catalog-data"}},
                     status={"phase": "Bound"})  # fmt: skip
    shop.fail("catalog", {"waiting": {"reason": "ContainerCreating"}})
    shop.tell("catalog", "FailedAttachVolume", 'Multi-Attach error for volume "pv-one" Volume is already exclusively '
              "attached to one node and can't be attached to another")  # fmt: skip
