"""What could be better of a Service that is right: advice, never a cause."""

from collections.abc import Iterable

from services.graph.domain.k8s.network import Service
from services.graph.domain.rules.backing import backing_of, has_mesh_proxy, makers_of, wanted_replicas
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.outages import Why, outage_of
from services.graph.domain.rules.service_ports import alive_pods, called
from services.graph.domain.rules.showing import on, shown
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

# What Istio knows a port by: its name is one of these, or begins with one and a dash (kiali KIA0601).
_MESH_PROTOCOLS = (
    *("grpc", "grpc-web", "http", "http2", "http3", "https", "mongo", "mysql", "redis", "tcp", "thrift", "tls", "udp"),
    *("kubernetes.io/h2c", "kubernetes.io/ws", "kubernetes.io/wss"),
)


def _scaled_to_zero(view: View, service: Service) -> Iterable[Hit]:
    outage = outage_of(view, service)
    if outage and outage.why is Why.SCALED_TO_ZERO:
        up = ("kubectl", "scale", f"{outage.culprit.kind.lower()}/{outage.culprit.name}", "--replicas=1")
        remedy = Remedy(f"Scale {outage.culprit} up if it should serve.", (*up, "-n", outage.culprit.namespace or ""))
        summary = f"{service.ref} has no endpoints because {outage.culprit} is scaled to zero"
        yield Hit(service.ref, summary, outage.seen, culprit=outage.culprit, remedies=(remedy,))


def _partly_ready(view: View, service: Service) -> Iterable[Hit]:
    backing = backing_of(view, service)
    if backing.ready and backing.unready:
        text = f"{len(backing.unready)} of {len(backing.ready) + len(backing.unready)} endpoints are not ready"
        yield Hit(service.ref, f"{service.ref}: {text}", (shown(service, text, "EndpointSlice.endpoints"),))


def _single_endpoint(view: View, service: Service) -> Iterable[Hit]:
    backing = backing_of(view, service)
    selector = service.spec.selector
    if not selector or len(backing.ready) != 1 or backing.unready:
        return
    makers = makers_of(view, service.metadata.namespace, selector)
    if sum(wanted_replicas(maker) or 1 for maker in makers) <= 1:
        summary = f"{service.ref} has one endpoint; while that pod is replaced nobody answers"
        yield Hit(service.ref, summary, (shown(service, "1 ready endpoint", "EndpointSlice.endpoints"),))


def _traffic_policy(_view: View, service: Service) -> Iterable[Hit]:
    kind, policy = service.spec.type, service.spec.external_traffic_policy
    if (kind, policy) == ("NodePort", "Local"):
        text = "nodes without a pod of it drop what comes to the node port"
    elif (kind, policy) == ("LoadBalancer", "Cluster"):
        text = "traffic may take a second hop, and the address of the client is lost"
    else:
        return
    seen = shown(service, f"externalTrafficPolicy is {policy}", "spec.externalTrafficPolicy")
    yield Hit(service.ref, f"{service.ref}: {text}", (seen,))


def _port_naming(view: View, service: Service) -> Iterable[Hit]:
    if not any(has_mesh_proxy(pod) for pod in alive_pods(view, service)):
        return
    for port in service.spec.ports or ():
        name = port.name or ""
        is_known = name in _MESH_PROTOCOLS or name.startswith(tuple(f"{one}-" for one in _MESH_PROTOCOLS))
        if not is_known and port.app_protocol is None and port.protocol in {None, "TCP"}:
            seen = shown(service, f"port {called(port)} names no protocol", "spec.ports[].name")
            yield Hit(
                service.ref, f"The mesh has to guess the protocol of port {called(port)} of {service.ref}", (seen,)
            )


RULES: tuple[Rule, ...] = (
    Rule(
        id="service-scaled-to-zero",
        title="Service of a workload scaled to zero",
        layer=Layer.NETWORK,
        severity=Severity.LOW,
        kinds=(Service,),
        condition="A Service whose only workloads are to have no pods.",
        explanation="That is usually meant; it is said because the Service answers nobody.",
        remediation="Scale the workload up if it should serve.",
        base=0.5,
        check=on(Service, _scaled_to_zero),
        conditions=(45,),
        is_advice=True,
    ),
    Rule(
        id="service-partly-ready",
        title="Some endpoints of a Service are not ready",
        layer=Layer.NETWORK,
        severity=Severity.LOW,
        kinds=(Service,),
        condition="A Service with ready endpoints and others that are not.",
        explanation="It serves with less than it should.",
        remediation="Look at the pods that are not ready.",
        base=0.5,
        check=on(Service, _partly_ready),
        conditions=(46,),
        is_advice=True,
    ),
    Rule(
        id="service-single-endpoint",
        title="Service with a single endpoint",
        layer=Layer.NETWORK,
        severity=Severity.INFO,
        kinds=(Service,),
        condition="One ready endpoint, and a workload that is to have one pod.",
        explanation="A restart of that pod is an outage of the Service.",
        remediation="Run more than one replica.",
        base=0.5,
        check=on(Service, _single_endpoint),
        conditions=(49,),
        is_advice=True,
    ),
    Rule(
        id="service-traffic-policy",
        title="External traffic policy worth a look",
        layer=Layer.NETWORK,
        severity=Severity.INFO,
        kinds=(Service,),
        condition="NodePort with policy Local, or LoadBalancer with policy Cluster.",
        explanation="The first drops traffic on nodes without pod, the second hides the client's address.",
        remediation="Decide which of the two the Service needs.",
        base=0.5,
        check=on(Service, _traffic_policy),
        conditions=(51,),
        is_advice=True,
    ),
    Rule(
        id="service-port-naming",
        title="Port name without protocol in a mesh",
        layer=Layer.NETWORK,
        severity=Severity.INFO,
        kinds=(Service,),
        condition="Pods have a mesh's proxy, and a TCP port has no appProtocol and no protocol in its name.",
        explanation="The mesh then detects the protocol, or treats it as plain TCP.",
        remediation="Name the port <protocol>-<suffix>, or set appProtocol.",
        base=0.5,
        check=on(Service, _port_naming),
        conditions=(94,),
        is_advice=True,
    ),
)
