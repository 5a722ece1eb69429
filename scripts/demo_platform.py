"""What the demo cluster runs on: nodes, namespaces, accounts and rights, DNS, classes of volumes and ingresses."""

from scripts.demo_objects import DAY, DemoCluster, Json, ago, container, owner, template
from scripts.demo_workloads import NODES, Rollout, Workloads

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system", "shop", "payments", "data")
_ACCOUNTS = (("shop", "default"), ("shop", "checkout"), ("payments", "default"), ("payments", "payments-api"),
             ("data", "default"), ("kube-system", "coredns"))  # fmt: skip


def add_platform(cluster: DemoCluster) -> None:
    """Add everything that is not the shop's own."""
    for name in _NAMESPACES:
        cluster.add(
            "Namespace", name, None, 90 * DAY,
            meta={"labels": {"kubernetes.io/metadata.name": name}},
            spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"},
        )  # fmt: skip
    for name, address in NODES.items():
        _add_node(cluster, name, address)
    _add_classes(cluster)
    _add_rights(cluster)
    _add_dns(cluster)


def _add_node(cluster: DemoCluster, name: str, address: str) -> None:
    room = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    well = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ]
    node = cluster.add(
        "Node", name, None, 90 * DAY,
        meta={"labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}},
        spec={"podCIDR": f"10.244.{name[-1]}.0/24"},
        status={
            "capacity": room,
            "allocatable": room,
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "nodeInfo": {"kubeletVersion": "v1.34.2", "containerRuntimeVersion": "containerd://2.1.4"},
            "conditions": [
                {"type": kind, "status": status, "reason": reason, "message": "",
                 "lastHeartbeatTime": ago(1), "lastTransitionTime": ago(30 * DAY)}
                for kind, status, reason in well
            ],
        },
    )  # fmt: skip
    cluster.add(
        "Lease", name, "kube-node-lease", 90 * DAY,
        meta={"ownerReferences": owner("Node", "v1", node)},
        spec={"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": ago(0.1).replace("Z", ".000000Z")},
    )  # fmt: skip


def _add_classes(cluster: DemoCluster) -> None:
    cluster.add(
        "StorageClass", "standard", None, 90 * DAY,
        meta={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        provisioner="csi.disks.example", reclaimPolicy="Delete", volumeBindingMode="WaitForFirstConsumer",
    )  # fmt: skip
    cluster.add("CSIDriver", "csi.disks.example", None, 90 * DAY, spec={"attachRequired": False})
    cluster.add("IngressClass", "nginx", None, 90 * DAY, spec={"controller": "k8s.io/ingress-nginx"})
    for name, value in (("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)):
        cluster.add("PriorityClass", name, None, 90 * DAY, value=value)


def _add_rights(cluster: DemoCluster) -> None:
    for namespace, name in _ACCOUNTS:
        cluster.add("ServiceAccount", name, namespace, 40 * DAY)
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    cluster.add("Role", "config-reader", "shop", 40 * DAY, rules=[rule])
    cluster.add(
        "RoleBinding", "checkout-reads-config", "shop", 40 * DAY,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "config-reader"},
        subjects=[{"kind": "ServiceAccount", "namespace": "shop", "name": "checkout"}],
    )  # fmt: skip
    dns: Json = {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}
    cluster.add("ClusterRole", "system:coredns", None, 90 * DAY, rules=[dns])
    cluster.add(
        "ClusterRoleBinding", "system:coredns", None, 90 * DAY,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
        subjects=[{"kind": "ServiceAccount", "namespace": "kube-system", "name": "coredns"}],
    )  # fmt: skip


def _add_dns(cluster: DemoCluster) -> None:
    zone = (
        ".:53 {\n    errors\n    ready\n    kubernetes cluster.local in-addr.arpa\n    forward . /etc/resolv.conf\n}\n"
    )
    cluster.add("ConfigMap", "coredns", "kube-system", 90 * DAY, data={"Corefile": zone})
    box = container("coredns", "registry.k8s.io/coredns/coredns:v1.12.1", 53, args=["-conf", "/etc/coredns/Corefile"])
    box["ports"] = [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]
    box["readinessProbe"] = {"httpGet": {"path": "/ready", "port": 8181, "scheme": "HTTP"}, "periodSeconds": 10}
    box["volumeMounts"] = [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}]
    made = template({"k8s-app": "kube-dns"}, box, "coredns")
    made["spec"]["volumes"] = [{"name": "config", "configMap": {"name": "coredns"}}]
    made["spec"]["priorityClassName"] = "system-cluster-critical"
    workloads = Workloads(cluster, first_address=100)
    deployed = workloads.deploy("kube-system", "coredns", 2, 1, Rollout(made, 2, 30 * DAY))
    ports = [{"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"}]
    workloads.serve(
        "kube-system", "kube-dns", 0, 53, deployed.pods,
        clusterIP="10.96.0.10", selector={"k8s-app": "kube-dns"}, ports=ports,
    )  # fmt: skip
