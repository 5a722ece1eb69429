"""Whom a log line means by a host: the Service behind a name or address, and what is wrong with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from services.graph.domain.evidence.blame import blame_pod, blame_workload
from services.graph.domain.evidence.config_refs import needed_config
from services.graph.domain.evidence.pod_state import all_containers, is_ready
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.config import ConfigMap
from services.graph.domain.k8s.network import NetworkPolicy, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref, selects
from services.graph.domain.k8s.workloads import Deployment, StatefulSet
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.rules.base import Seen, View

_LOCAL = {"localhost", "127.0.0.1", "0.0.0.0", "::1"}  # noqa: S104 - names in logs.
_LEAST_LIKENESS = 0.6
_SERVICE_NAMES = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of a host a pod speaks of. ``culprit`` is set where something other than the pod is at fault."""

    seen: tuple[Seen, ...] = ()
    steps: tuple[tuple[float, str], ...] = ()
    culprit: Ref | None = None
    note: str = ""

    @property
    def steps_up(self) -> bool:
        """Whether something of the cluster explains the complaint."""
        return any(step > 0 for step, _ in self.steps)


def look_at_host(view: View, pod: Pod, host: str, port: str, *, complaint: str) -> Target:
    """Return what the cluster knows of a host that a pod's log complains of."""
    if not host or host.lower() in _LOCAL:
        return Target()
    service = _by_address(view, host)
    name, namespace = _service_name(view, pod, host)
    if service is None and name:
        service = view.inventory.find(Service, namespace, name)
    marks = tuple(_configured(pod, host))
    if service is None:
        return _absent(view, pod, host, (name, namespace), marks)
    return _present(view, pod, service, port, marks, complaint=complaint)


def _by_address(view: View, host: str) -> Service | None:
    if not host.replace(".", "").isdigit():
        return None
    return next((one for one in view.inventory.all(Service) if one.spec.cluster_ip == host), None)


def _service_name(view: View, pod: Pod, host: str) -> tuple[str, str | None]:
    """Return which Service a name means by the search list of pods; empty for a name outside the cluster."""
    labels = host.rstrip(".").split(".")
    inside = host.endswith((".svc", ".cluster.local")) or ".svc." in host
    if len(labels) == 1:
        return labels[0], pod.metadata.namespace
    if inside:
        # A pod of a StatefulSet stands before its Service: orders-db-0.orders-db.shop.svc.
        at = labels.index("svc") if "svc" in labels else len(labels)
        return (labels[at - 2], labels[at - 1]) if at >= _SERVICE_NAMES[1] else ("", None)
    if len(labels) == _SERVICE_NAMES[1] and _is_namespace(view, labels[1]):
        return labels[0], labels[1]
    if len(labels) == _SERVICE_NAMES[1] and view.inventory.find(Service, pod.metadata.namespace, labels[1]):
        return labels[1], pod.metadata.namespace
    return "", None


def _is_namespace(view: View, name: str) -> bool:
    return any(one.metadata.namespace == name for one in view.inventory.all(Service))


def _configured(pod: Pod, host: str) -> Iterator[Seen]:
    for container in all_containers(pod.spec):
        for env in container.env or ():
            if env.value and host in env.value:
                path = f"spec.containers[name={container.name}].env[name={env.name}]"
                yield seen(pod, path, f"{env.name} points at {env.value}.")


def _absent(view: View, pod: Pod, host: str, named: tuple[str, str | None], marks: tuple[Seen, ...]) -> Target:
    name, namespace = named
    if not name or view.inventory.presence(Service, namespace, name) is not Presence.ABSENT:
        return Target(marks)
    words = f"There is no Service {name} in namespace {namespace}."
    alike = _alike(view, namespace, name, pod)
    if alike:
        words += f" There is {', '.join(alike)}."
    elsewhere = sorted(str(one.metadata.namespace) for one in view.inventory.all(Service) if one.metadata.name == name)
    if elsewhere:
        words += f" There is one of this name in {', '.join(elsewhere[:3])}."
    mark = Seen("object", Ref(Service.KIND, namespace, name), words)
    governed = _governed_by(view, namespace, name)
    if governed is not None:
        # The name is right, and it is the Service that is gone.
        told = seen(governed, "spec.serviceName", f"{governed.ref} is to have its names under Service {name}.")
        steps_up = ((0.2, f"the Service of {governed.ref} is proven absent"),)
        return Target((*marks, mark, told), steps_up, governed.ref, words)
    steps = [(0.15, f"the Service that {host} would mean is proven absent")]
    culprit = None
    if marks:
        steps.append((0.05, "its own configuration names the host"))
    else:
        config = _config_that_names(view, pod, host)
        culprit = config.about if config else None
        marks = (config,) if config else ()
        steps += [(0.05, "a ConfigMap it uses names the host")] if config else []
    return Target((*marks, mark), tuple(steps), culprit, words)


def _governed_by(view: View, namespace: str | None, service: str) -> StatefulSet | None:
    sets = view.inventory.in_namespace(StatefulSet, namespace)
    return next((one for one in sets if one.spec.service_name == service), None)


def _config_that_names(view: View, pod: Pod, host: str) -> Seen | None:
    """Return the value of a ConfigMap the pod uses that holds the host as a word of its own."""
    word = re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w-])")
    for ref in needed_config(pod.spec):
        config = view.inventory.find(ref.kind, pod.metadata.namespace, ref.name)
        if isinstance(config, ConfigMap):
            for key, value in sorted(config.values.items()):
                if ref.key in {None, key} and word.search(value):
                    return seen(config, f"data[{key}]", f"Key {key} names {host}.")
    return None


def _alike(view: View, namespace: str | None, name: str, pod: Pod) -> list[str]:
    ranked = sorted(
        (
            (SequenceMatcher(None, name, one.metadata.name).ratio(), one.metadata.name)
            for one in view.inventory.in_namespace(Service, namespace)
            if one.metadata.name not in pod.labels.values()
        ),
        reverse=True,
    )
    return [found for likeness, found in ranked[:2] if likeness >= _LEAST_LIKENESS]


def _present(view: View, pod: Pod, service: Service, port: str, marks: tuple[Seen, ...], *, complaint: str) -> Target:
    name, namespace = service.metadata.name, service.metadata.namespace
    # A Service with an address of its own resolves whatever its pods do; a headless one has only theirs.
    if complaint == "dns" and service.spec.cluster_ip != "None":
        return Target(marks)
    ports = {str(one.port) for one in service.spec.ports or ()}
    if port and ports and port not in ports and complaint != "dns":
        words = f"Service {name} has no port {port}; it has {', '.join(sorted(ports))}."
        mark = seen(service, "spec.ports", words)
        return Target((*marks, mark), ((0.12, "the Service has no such port"),), None, words)
    if not service.spec.selector or not view.inventory.coverage.proves_absence(Pod.KIND, namespace):
        return Target(marks)
    return _behind(view, pod, service, marks, complaint=complaint)


def _behind(view: View, pod: Pod, service: Service, marks: tuple[Seen, ...], *, complaint: str) -> Target:
    name, namespace = service.metadata.name, service.metadata.namespace
    behind = view.inventory.pods_matching(namespace, service.spec.selector or {})
    if not behind:
        words = f"Service {name} selects no pod."
        mark = seen(service, "spec.selector", words)
        return Target((*marks, mark), ((0.1, "the Service it calls has no pod"),), blame_empty(view, service), words)
    if not any(is_ready(one) for one in behind):
        sick = next((one for one in behind if one.ref != pod.ref), None)
        words = f"No pod behind Service {name} is ready."
        mark = seen(service, "spec.selector", words)
        culprit = blame_pod(view, sick).culprit if sick else None
        return Target((*marks, mark), ((0.1, "what it calls is not ready"),), culprit, words)
    policy = _denying(view, behind[0]) if complaint == "timeout" else None
    if policy is not None:
        words = f"NetworkPolicy {policy.metadata.name} lets nobody reach the pods of Service {name}."
        mark = seen(policy, "spec.ingress", words)
        return Target((*marks, mark), ((0.15, "a policy denies the connection"),), policy.ref, words)
    return Target(marks)


def blame_empty(view: View, service: Service) -> Ref:
    """Return what to mend for a Service that selects no pod: the maker of those, what refuses them, or itself."""
    wanted, namespace = service.spec.selector or {}, service.metadata.namespace
    inventory = view.inventory
    makers: list[Deployment | StatefulSet] = [*inventory.in_namespace(Deployment, namespace)]
    makers += inventory.in_namespace(StatefulSet, namespace)
    for one in makers:
        labels = (one.spec.template.metadata.labels if one.spec.template.metadata else None) or {}
        if wanted.items() <= labels.items():
            return blame_workload(view, one).culprit
    return service.ref


def _denying(view: View, pod: Pod) -> NetworkPolicy | None:
    """Return a policy that isolates the pod where no policy allows any traffic to it."""
    if not view.inventory.coverage.proves_absence(NetworkPolicy.KIND, pod.metadata.namespace):
        return None
    selecting = [
        one
        for one in view.inventory.in_namespace(NetworkPolicy, pod.metadata.namespace)
        if selects(one.spec.pod_selector, pod.labels) and "Ingress" in (one.spec.policy_types or ["Ingress"])
    ]
    if not selecting or any(one.spec.ingress for one in selecting):
        return None
    return selecting[0]
