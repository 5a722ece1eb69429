"""Ports of Services that no container listens on, and Services that serve one node only."""

import re
from collections.abc import Iterable

from services.graph.domain.k8s.network import EndpointSlice, Service, ServicePort
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.rules.backing import (
    app_ports,
    backing_of,
    is_done,
    pod_ports,
)
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.showing import is_leaving, on, shown, some_names
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_ASIDE = re.compile(r"metric|prom|admin|health|probe|debug|pprof|profil|status|telemetry|monitor")
_NUMBER = re.compile(r"\d+")


def alive_pods(view: View, service: Service) -> list[Pod]:
    """Return the pods the Service selects that have not ended."""
    return [pod for pod in backing_of(view, service).pods if not is_done(pod)]


def _unknown_port_name(view: View, service: Service) -> Iterable[Hit]:
    named = [port for port in service.spec.ports or () if _is_name(port.target_port)]
    if not named or is_leaving(view, service):
        return
    pods = alive_pods(view, service)
    unserved = _has_slice_without_ports(view, service)
    for port in named:
        lacking = [pod for pod in pods if port.target_port not in _port_names(pod, port)]
        if (pods and not lacking) or (not pods and not unserved):
            continue
        seen = [shown(service, f"port {called(port)} targets the port named {port.target_port}", "spec.ports")]
        seen += [shown(pod, f"names the ports {_names(pod)}", "spec.containers[].ports") for pod in lacking[:2]]
        steps = [(0.05, "an EndpointSlice has endpoints and no ports")] if unserved and pods else []
        if unserved:
            seen.append(shown(service, "an EndpointSlice of it has endpoints and no ports", "EndpointSlice.ports"))
        if not pods:
            steps.append((-0.1, "pods could not be read; the EndpointSlice says so"))
        elif len(lacking) < len(pods):
            steps.append((-0.3, f"{len(pods) - len(lacking)} of {len(pods)} pods have the name"))
        yield Hit(
            service.ref,
            f"{service.ref} targets a port named {port.target_port}, which no container has",
            tuple(seen),
            steps=tuple(steps),
            remedies=(Remedy(f"Set targetPort of port {called(port)} of {service.ref} to a port its pods name."),),
        )


def _is_name(target: int | str | None) -> bool:
    return isinstance(target, str) and not target.isdigit() and target != ""


def _port_names(pod: Pod, port: ServicePort) -> set[str | None]:
    return {one.name for one in pod_ports(pod) if (one.protocol or "TCP") == (port.protocol or "TCP")}


def _names(pod: Pod) -> str:
    return some_names(f"{one.name or '(no name)'} {one.container_port}" for one in pod_ports(pod)) or "none"


def called(port: ServicePort) -> str:
    """Return a port's name and number, as people say it."""
    return f"{port.name} ({port.port})" if port.name else str(port.port)


def _has_slice_without_ports(view: View, service: Service) -> bool:
    slices = backing_of(view, service).slices
    return any(one.endpoints and not one.ports for one in slices)


def _undeclared_port(view: View, service: Service) -> Iterable[Hit]:
    pods = alive_pods(view, service)
    declaring = [pod for pod in pods if app_ports(pod)]
    # Of a headless Service clients go to the pods themselves, at whatever port they like.
    is_headless = service.spec.cluster_ip == "None"
    if not pods or len(declaring) < len(pods) or is_headless or is_leaving(view, service):
        return
    ports = [port for port in service.spec.ports or () if not _is_name(port.target_port)]
    wrong = [port for port in ports if not any(_declares(pod, port) for pod in pods)]
    # Beside others that fit, ports of this kind are often left undeclared.
    wrong = [port for port in wrong if len(ports) == 1 or not _ASIDE.search(port.name or "")]
    for port in wrong:
        one = pods[0]
        steps = [(0.2, "no port of the Service is declared by its pods")] if len(wrong) == len(ports) else []
        if not steps:
            steps.append((-0.25, "other ports of the Service fit; this one may just not be declared"))
        number = _target(port)
        yield Hit(
            service.ref,
            f"{service.ref} sends port {called(port)} to {number}, which no container of its pods declares",
            (
                shown(service, f"port {called(port)} targets {number}/{port.protocol or 'TCP'}", "spec.ports"),
                shown(one, f"declares {_names(one)}", "spec.containers[].ports"),
            ),
            steps=tuple(steps),
            remedies=(
                Remedy(f"Set targetPort of {service.ref} to the port the containers listen on ({_names(one)})."),
            ),
        )


def _target(port: ServicePort) -> int:
    return int(port.target_port or port.port)


def _declares(pod: Pod, port: ServicePort) -> bool:
    declared = {(one.container_port, one.protocol or "TCP") for one in pod_ports(pod)}
    return (_target(port), port.protocol or "TCP") in declared or str(_target(port)) in _mentioned(pod)


def _mentioned(pod: Pod) -> set[str]:
    """Return the numbers probes, arguments and the environment speak of: what listens may be told there only."""
    found: set[str] = set()
    for one in pod.spec.containers or ():
        texts = [*(one.command or ()), *(one.args or ()), *(env.value or "" for env in one.env or ())]
        found |= {number for text in texts for number in _NUMBER.findall(text)}
        for probe in (one.readiness_probe, one.liveness_probe, one.startup_probe):
            checks = (probe.http_get, probe.tcp_socket, probe.grpc) if probe else ()
            found |= {str(check.port) for check in checks if check and check.port is not None}
    return found


def _local_only(view: View, service: Service) -> Iterable[Hit]:
    if service.spec.internal_traffic_policy != "Local":
        return
    ready = backing_of(view, service).ready
    served = {endpoint.node_name for endpoint in ready if endpoint.node_name}
    if not served or any(top_owner(view.inventory, pod).kind == "DaemonSet" for pod in alive_pods(view, service)):
        return
    pods = view.inventory.in_namespace(Pod, service.metadata.namespace)
    cut_off = sorted({pod.spec.node_name for pod in pods if pod.spec.node_name and not is_done(pod)} - served)
    if cut_off:
        yield Hit(
            service.ref,
            f"{service.ref} serves pods of its own node only; on {some_names(cut_off)} it has no endpoint",
            (
                shown(service, "internalTrafficPolicy is Local", "spec.internalTrafficPolicy"),
                shown(service, f"has endpoints on {some_names(served)}", "EndpointSlice.endpoints[].nodeName"),
            ),
            remedies=(Remedy(f"Set spec.internalTrafficPolicy of {service.ref} to Cluster."),),
        )


RULES: tuple[Rule, ...] = (
    Rule(
        id="service-port-name-unknown",
        title="Service targets a port name no container has",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=(Service,),
        condition="A named targetPort that no container or native sidecar of the selected pods names.",
        explanation="The endpoints look ready and have no port, so that connections are refused.",
        remediation="Make targetPort and the name of the container's port agree.",
        base=0.9,
        check=on(Service, _unknown_port_name),
        conditions=(48,),
        needs=(Pod,),
    ),
    Rule(
        id="service-port-undeclared",
        title="Service targets a port its pods do not declare",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=(Service,),
        condition="A targetPort by number that no selected pod declares, probes or is told, and each declares others.",
        explanation="Declared ports are only a hint, yet a number that is not among them is often a slip.",
        remediation="Set targetPort to the port the application listens on.",
        base=0.55,
        check=on(Service, _undeclared_port),
        conditions=(48,),
        needs=(Pod,),
    ),
    Rule(
        id="service-internal-traffic-local",
        title="Service serves only pods of the same node",
        layer=Layer.NETWORK,
        severity=Severity.MEDIUM,
        kinds=(Service,),
        condition="internalTrafficPolicy is Local, no DaemonSet is behind it, and pods run on nodes without endpoint.",
        explanation="Connections from pods of those nodes are dropped, though endpoints elsewhere are ready.",
        remediation="Set internalTrafficPolicy to Cluster, or run a pod on every node.",
        base=0.55,
        check=on(Service, _local_only),
        conditions=(51,),
        needs=(EndpointSlice, Pod),
    ),
)
