"""Services whose endpoints are kept by hand: none there, or under another port name than the Service's."""

from collections.abc import Iterable

from services.graph.domain.k8s.network import EndpointSlice, Service
from services.graph.domain.rules.backing import Backing, backing_of
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.service_ports import called
from services.graph.domain.rules.showing import is_leaving, is_settling, on, shown, some_names
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity


def _is_manual(service: Service) -> bool:
    spec = service.spec
    return not spec.selector and spec.type != "ExternalName" and not service.metadata.owner_references


def _manual_without_endpoints(view: View, service: Service) -> Iterable[Hit]:
    if not _is_manual(service) or service.spec.cluster_ip == "None":
        return
    backing = backing_of(view, service)
    if not backing.is_sliced or backing.ready or is_settling(view, service) or is_leaving(view, service):
        return
    seen = (
        shown(service, "has no selector, so nothing fills its endpoints", "spec.selector"),
        shown(service, f"{len(backing.slices)} EndpointSlices name it, with no ready endpoint"),
    )
    remedy = Remedy(f"Give {service.ref} a selector, or an EndpointSlice labelled kubernetes.io/service-name.")
    steps = ((0.2, "somebody keeps EndpointSlices for it"),) if backing.slices else ()
    summary = f"{service.ref} has no selector, and no ready endpoint"
    yield Hit(service.ref, summary, seen, steps=steps, remedies=(remedy,))


def _manual_port_name(view: View, service: Service) -> Iterable[Hit]:
    backing = backing_of(view, service)
    if not _is_manual(service) or not backing.is_sliced or not backing.ready or is_leaving(view, service):
        return
    known = _named_ports(backing)
    for port in service.spec.ports or ():
        # kube-proxy joins the two by the name alone; a slice without ports means every port.
        if known and (port.name or "", port.protocol or "TCP") not in known:
            names = some_names(f"{name or '(no name)'}/{protocol}" for name, protocol in known)
            yield Hit(
                service.ref,
                f"No EndpointSlice of {service.ref} has the port {called(port)}",
                (
                    shown(service, f"port {called(port)}, {port.protocol or 'TCP'}", "spec.ports"),
                    shown(backing.slices[0], f"has the ports {names}", "ports"),
                ),
                remedies=(Remedy(f"Give the port in the EndpointSlice the name {port.name or '(none)'}."),),
            )


def _named_ports(backing: Backing) -> set[tuple[str, str]]:
    return {(port.name or "", port.protocol or "TCP") for one in backing.slices for port in one.ports or ()}


RULES: tuple[Rule, ...] = (
    Rule(
        id="service-without-selector-empty",
        title="Service without selector has no endpoints",
        layer=Layer.NETWORK,
        severity=Severity.MEDIUM,
        kinds=(Service,),
        condition="A Service without selector, neither headless nor owned, with no ready endpoint in any slice.",
        explanation="Endpoints of such a Service are kept by hand or by a controller, and there are none.",
        remediation="Create its EndpointSlice, or give it a selector.",
        base=0.45,
        check=on(Service, _manual_without_endpoints),
        conditions=(45,),
        needs=(EndpointSlice,),
    ),
    Rule(
        id="service-without-selector-port",
        title="EndpointSlice kept by hand lacks a port of its Service",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=(Service,),
        condition="A Service without selector, and a port whose name and protocol no EndpointSlice of it has.",
        explanation="Ports are joined by name; connections to that port are refused.",
        remediation="Use the same port name in both.",
        base=0.8,
        check=on(Service, _manual_port_name),
        conditions=(48,),
        needs=(EndpointSlice,),
    ),
)
