"""Services that reach nobody: no endpoints, a wrong selector, pods that are not ready, a name that leads nowhere."""

import ipaddress
from collections.abc import Iterable
from datetime import timedelta

from services.graph.domain.evidence.witness import seen_event
from services.graph.domain.k8s.network import EndpointSlice, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.workloads import DaemonSet, Deployment, StatefulSet
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.likeness import Likeness, nearest
from services.graph.domain.rules.outages import Outage, Why, outage_of
from services.graph.domain.rules.showing import (
    is_absent,
    is_leaving,
    is_settling,
    look,
    newest_event,
    on,
    shown,
    shown_absent,
)
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

# A cloud takes some minutes to make a load balancer.
_SLOW_LOAD_BALANCER = timedelta(minutes=10)
# Values of labels that an operator puts on pods; that no pod has one now may be right.
_ROLES = {"replica", "replicas", "secondary", "slave", "standby", "readonly", "read-only", "follower"}
# On a managed control plane nothing runs that these could select (a known false alarm of monitoring charts).
_CONTROL_PLANE = ("etcd", "kube-scheduler", "kube-controller-manager", "kube-proxy", "kube-apiserver")


def _selects_nothing(view: View, service: Service) -> Iterable[Hit]:
    outage = outage_of(view, service)
    if outage is None or outage.why is not Why.SELECTOR or _is_of_control_plane(service):
        return
    like = nearest(view, service.metadata.namespace, service.spec.selector or {})
    steps = [(0.08, "similar labels exist: the selector is off by little")] if like else []
    if like is None:
        steps.append((-0.2, "nothing in the namespace has similar labels: it may be a leftover"))
    elif any(want in _ROLES for want, _ in like.differing.values()):
        steps.append((-0.5, "an operator may give that role to no pod at this moment"))
    yield Hit(
        service.ref,
        f"The selector of {service.ref} matches no pod, so it has no endpoints",
        (*outage.seen, *_like(service, like)),
        steps=tuple(steps),
        remedies=_mend_selector(service, like),
    )


def _like(service: Service, like: Likeness | None) -> tuple[Seen, ...]:
    if like is None:
        return ()
    wanted = "; ".join(
        f"the selector wants {key}={want}, there {f'it is {key}={have}' if have else 'the label is absent'}"
        for key, (want, have) in like.differing.items()
    )
    total = like.matching + len(like.differing)
    return (
        Seen("object", like.of, f"has the nearest labels, {like.matching} of {total} match: {wanted}", "labels"),
        shown(service, f"selector {dict(service.spec.selector or {})}", "spec.selector"),
    )


def _mend_selector(service: Service, like: Likeness | None) -> tuple[Remedy, ...]:
    if like is None:
        return (Remedy(f"Correct spec.selector of {service.ref}, or delete it if nothing uses it."),)
    pairs = ", ".join(f"{k}={have}" if have else f"without {k}" for k, (_, have) in like.differing.items())
    return (Remedy(f"Make spec.selector of {service.ref} match {like.of} ({pairs}), or give its pods the labels."),)


def _is_of_control_plane(service: Service) -> bool:
    is_headless = service.spec.cluster_ip == "None"
    return (
        is_headless and service.metadata.namespace == "kube-system" and service.metadata.name.endswith(_CONTROL_PLANE)
    )


def _pods_not_ready(view: View, service: Service) -> Iterable[Hit]:
    outage = outage_of(view, service)
    if outage and outage.why in {Why.NOT_READY, Why.DEAD_NODE, Why.NO_PODS}:
        has = "its pods do not exist" if outage.why is Why.NO_PODS else "none of its pods is ready"
        yield _follows(service, outage, f"{service.ref} has no ready endpoint: {has}")


def _follows(service: Service, outage: Outage, summary: str) -> Hit:
    return Hit(
        service.ref,
        summary,
        outage.seen,
        culprit=outage.culprit,
        explains=(service.ref,),
        remedies=(look(outage.culprit, f"Mend {outage.culprit}; the Service follows."),),
    )


def _cannot_tell(view: View, service: Service) -> Iterable[Hit]:
    outage = outage_of(view, service)
    if outage and outage.why is Why.UNKNOWN and not _is_of_control_plane(service):
        summary = f"{service.ref} has no ready endpoint; what was read cannot tell why"
        yield Hit(service.ref, summary, outage.seen, culprit=outage.culprit, remedies=(look(outage.culprit),))


def _not_listed(view: View, service: Service) -> Iterable[Hit]:
    outage = outage_of(view, service)
    if outage and outage.why is Why.NOT_LISTED:
        text = "See whether kube-controller-manager runs, and whether the Service's IP families fit its pods."
        summary = f"Ready pods of {service.ref} are missing from its endpoints"
        yield Hit(service.ref, summary, outage.seen, remedies=(look(service.ref, text),))


def _dns_down(view: View, service: Service) -> Iterable[Hit]:
    is_dns = service.metadata.name in {"kube-dns", "coredns"} or service.labels.get("k8s-app") == "kube-dns"
    if service.metadata.namespace != "kube-system" or not is_dns:
        return
    outage = outage_of(view, service)
    if outage and outage.why is not Why.UNKNOWN:
        yield _follows(service, outage, f"Cluster DNS is down: {service.ref} has no ready endpoint ({outage.why})")


def _load_balancer_pending(view: View, service: Service) -> Iterable[Hit]:
    balancer = service.status.load_balancer
    if service.spec.type != "LoadBalancer" or (balancer and balancer.ingress) or is_leaving(view, service):
        return
    event = newest_event(view, service, "SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "AllocationFailed")
    if event is None and is_settling(view, service):
        return
    steps = [(0.2, "an Event says why")] if event else []
    if event is None and is_settling(view, service, _SLOW_LOAD_BALANCER):
        steps.append((-0.2, "it is young; a load balancer takes minutes"))
    seen = [shown(service, "has no address of a load balancer yet", "status.loadBalancer.ingress")]
    yield Hit(
        service.ref,
        f"{service.ref} waits for a load balancer" + (f": {event.message}" if event else ""),
        (*seen, *([seen_event(event)] if event else [])),
        steps=tuple(steps),
        remedies=(look(service.ref, "See whether a load balancer controller runs, and its quota and subnets."),),
    )


def _external_name(view: View, service: Service) -> Iterable[Hit]:
    if service.spec.type != "ExternalName":
        return
    name = (service.spec.external_name or "").rstrip(".")
    where = shown(service, f"leads to {name or 'no name'}", "spec.externalName")
    if _is_address(name):
        remedy = Remedy(f"Use a Service without selector and an EndpointSlice with {name}.")
        summary = f"{service.ref} names the address {name}; DNS cannot answer a name with it"
        yield Hit(service.ref, summary, (where,), remedies=(remedy,))
        return
    parts = name.split(".")
    if parts[2:3] == ["svc"] and is_absent(view, Service, parts[1], parts[0]):
        missing = shown_absent(view, Service, parts[1], parts[0])
        remedy = Remedy(f"Point spec.externalName of {service.ref} to a Service that exists.")
        summary = f"{service.ref} leads to Service {parts[1]}/{parts[0]}, which does not exist"
        yield Hit(service.ref, summary, (where, missing), remedies=(remedy,))
    elif _leads_back(view, service):
        remedy = Remedy(f"Point spec.externalName of {service.ref} to a name outside, or to a Service with endpoints.")
        yield Hit(service.ref, f"{service.ref} leads back to itself, so no name resolves", (where,), remedies=(remedy,))


def _leads_back(view: View, service: Service) -> bool:
    """Answer whether the names of ExternalName Services lead in a circle to this one."""
    passed, next_one = set[Ref](), _named_by(view, service)
    while next_one is not None and next_one.ref not in passed:
        if next_one.ref == service.ref:
            return True
        passed.add(next_one.ref)
        next_one = _named_by(view, next_one)
    return False


def _named_by(view: View, service: Service) -> Service | None:
    parts = (service.spec.external_name or "").rstrip(".").split(".")
    if service.spec.type != "ExternalName" or parts[2:3] != ["svc"]:
        return None
    return view.inventory.find(Service, parts[1], parts[0])


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


RULES: tuple[Rule, ...] = (
    Rule(
        id="service-selects-nothing",
        title="Service selects no pod",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=(Service,),
        condition="A Service with a selector that no running pod matches, and no workload would make such a pod.",
        explanation="Without endpoints every connection to the Service is refused or times out.",
        remediation="Correct the selector, or the labels of the pods it was meant for.",
        base=0.85,
        check=on(Service, _selects_nothing),
        conditions=(45, 47),
        needs=(Pod, Deployment, StatefulSet, DaemonSet),
    ),
    Rule(
        id="service-pods-not-ready",
        shows_only=True,
        title="No pod of a Service is ready",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=(Service,),
        condition="A Service whose pods are all not ready, or whose workload has no pods though it should.",
        explanation="The Service is right; it follows from its pods, whose workload or node is what to mend.",
        remediation="Diagnose the workload of the pods.",
        base=0.5,
        check=on(Service, _pods_not_ready),
        conditions=(45, 46),
        needs=(Pod,),
    ),
    Rule(
        id="service-no-endpoints",
        shows_only=True,
        title="Service without ready endpoints, cause not readable",
        layer=Layer.NETWORK,
        severity=Severity.MEDIUM,
        kinds=(Service,),
        condition="A Service with a selector and no ready endpoint, where pods or workloads could not be read.",
        explanation="Nobody answers; whether the selector or the pods are at fault needs more rights to tell.",
        remediation="Allow reading pods and workloads of the namespace, and diagnose again.",
        base=0.3,
        check=on(Service, _cannot_tell),
        conditions=(45,),
        needs=(Pod,),
    ),
    Rule(
        id="service-endpoints-stale",
        title="Ready pods are missing from a Service's endpoints",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=(Service,),
        condition="Pods it selects are ready for minutes, and none of its EndpointSlices lists one as ready.",
        explanation="What fills EndpointSlices does not run, or the IP family of the Service fits no pod.",
        remediation="Look at kube-controller-manager, and at spec.ipFamilies.",
        base=0.55,
        check=on(Service, _not_listed),
        conditions=(46,),
        needs=(Pod, EndpointSlice),
    ),
    Rule(
        id="cluster-dns-down",
        title="Cluster DNS has no endpoints",
        layer=Layer.NETWORK,
        severity=Severity.CRITICAL,
        kinds=(Service,),
        condition="The Service of DNS in kube-system, by name or label kube-dns, has no ready endpoint.",
        explanation="No name resolves in the cluster, so that nearly every application fails.",
        remediation="Bring back the DNS pods.",
        base=0.85,
        check=on(Service, _dns_down),
        conditions=(45, 89),
        needs=(Pod,),
    ),
    Rule(
        id="service-load-balancer-pending",
        title="Load balancer is pending",
        layer=Layer.NETWORK,
        severity=Severity.MEDIUM,
        kinds=(Service,),
        condition="A Service of type LoadBalancer without an address for more than two minutes.",
        explanation="Nothing outside of the cluster reaches it by its load balancer.",
        remediation="Read the Events of the Service, and look at the load balancer controller.",
        base=0.7,
        check=on(Service, _load_balancer_pending),
        conditions=(50,),
    ),
    Rule(
        id="service-external-name",
        title="ExternalName leads nowhere",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=(Service,),
        condition="spec.externalName is an IP address, names an absent Service of this cluster, or leads to itself.",
        explanation="The DNS answer leads to nothing.",
        remediation="Correct spec.externalName.",
        base=0.9,
        check=on(Service, _external_name),
        conditions=(45,),
        needs=(Service,),
    ),
)
