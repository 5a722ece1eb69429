"""The short names of kinds of Kubernetes, as kubectl knows them: what people write in a shell, a chat or a rule."""

from collections.abc import Mapping

SHORT_NAMES: Mapping[str, str] = {
    "po": "Pod",
    "deploy": "Deployment",
    "rs": "ReplicaSet",
    "sts": "StatefulSet",
    "ds": "DaemonSet",
    "cj": "CronJob",
    "rc": "ReplicationController",
    "hpa": "HorizontalPodAutoscaler",
    "pdb": "PodDisruptionBudget",
    "svc": "Service",
    "ing": "Ingress",
    "netpol": "NetworkPolicy",
    "gc": "GatewayClass",
    "gtw": "Gateway",
    "cm": "ConfigMap",
    "sa": "ServiceAccount",
    "pvc": "PersistentVolumeClaim",
    "pv": "PersistentVolume",
    "sc": "StorageClass",
    "no": "Node",
    "ns": "Namespace",
    "quota": "ResourceQuota",
    "limits": "LimitRange",
    "pc": "PriorityClass",
    "ev": "Event",
    "cert": "Certificate",
}
