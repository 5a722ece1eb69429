"""Controllers everything else stands on: those that serve ingresses and gateways, and those of the control plane."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from services.graph.domain.k8s.cluster import Lease
from services.graph.domain.k8s.gateway_api import Gateway
from services.graph.domain.k8s.network import Ingress, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
from services.graph.domain.k8s.workloads import Deployment
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Hit, Rule, Seen, View
from services.graph.domain.rules.once import once
from services.graph.domain.rules.outages import Why, outage_of
from services.graph.domain.rules.showing import is_settling, look, shown
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

_CONTROL_PLANE = {"kube-scheduler", "kube-controller-manager", "cloud-controller-manager"}
_SILENT = timedelta(minutes=2)


def _addresses(thing: KubeObject) -> set[str]:
    """Return the addresses an Ingress or a Gateway is served at, as its controller wrote them."""
    if isinstance(thing, Ingress):
        return thing.status.load_balancer.addresses if thing.status.load_balancer else set()
    if isinstance(thing, Gateway):
        return {one.value for one in thing.status.addresses or () if one.value}
    return set()


def _fronts(view: View, thing: KubeObject) -> list[Service]:
    """Return the Services whose load balancer has the object's address: behind them runs its controller."""
    found = [one for address in _addresses(thing) for one in _balanced(view.inventory).get(address, ())]
    return sorted({one.ref: one for one in found}.values(), key=lambda one: str(one.ref))


@once
def _balanced(inventory: Inventory) -> dict[str, list[Service]]:
    found: dict[str, list[Service]] = defaultdict(list)
    for service in inventory.all(Service):
        balancer = service.status.load_balancer if service.spec.type == "LoadBalancer" else None
        for address in balancer.addresses if balancer else ():
            found[address].append(service)
    return dict(found)


def _controller_down(view: View, thing: KubeObject) -> Iterable[Hit]:
    for service in _fronts(view, thing):
        outage = outage_of(view, service)
        if outage is None or outage.why is Why.UNKNOWN:
            continue
        where = "status.addresses" if isinstance(thing, Gateway) else "status.loadBalancer.ingress"
        yield Hit(
            thing.ref,
            f"What serves {thing.ref} is down: {service.ref}, of the same address, has no endpoint ({outage.why})",
            (shown(thing, f"is served at the address of {service.ref}", where), *outage.seen),
            culprit=outage.culprit,
            explains=(thing.ref, service.ref),
            remedies=(
                look(outage.culprit, f"Bring back {outage.culprit}; nothing it serves is reachable until then."),
            ),
        )


def _control_plane_silent(view: View, thing: KubeObject) -> Iterable[Hit]:
    if not isinstance(thing, Lease) or thing.metadata.namespace != "kube-system":
        return
    renewed = thing.spec.renew_time
    if thing.metadata.name not in _CONTROL_PLANE or renewed is None:
        return
    others = [one.spec.renew_time for one in view.inventory.all(Lease) if one.spec.renew_time and one.ref != thing.ref]
    # The other leases are the clock: a reading of yesterday makes no component look dead.
    if not others or max(others) - renewed < _SILENT:
        return
    waiting = _unseen(view, thing.metadata.name)
    seen = [Seen("object", thing.ref, "last renewed", "spec.renewTime", renewed)]
    seen += [Seen("object", ref, "waits, and nobody has looked at it", "status") for ref in waiting[:3]]
    silent = int((max(others) - renewed).total_seconds())
    yield Hit(
        thing.ref,
        f"{thing.metadata.name} has not renewed its lease for {silent} s: it does not run, or cannot reach the server",
        tuple(seen),
        steps=((0.25, f"{len(waiting)} objects wait that it should have looked at"),) if waiting else (),
        explains=tuple(waiting),
        remedies=(look(thing.ref, f"Look at {thing.metadata.name} on the control plane."),),
    )


def _unseen(view: View, component: str) -> list[Ref]:
    """Return what a component should have looked at and has not: a lease alone may be a leftover."""
    if component == "kube-controller-manager":
        return [one.ref for one in view.inventory.all(Deployment) if _is_unobserved(one) and not is_settling(view, one)]
    if component != "kube-scheduler":
        return []
    return [
        pod.ref
        for pod in view.inventory.all(Pod)
        if pod.status.phase == "Pending"
        and not pod.spec.node_name
        and not find_condition(pod.status.conditions, "PodScheduled")
        and not is_settling(view, pod)
    ]


def _is_unobserved(deployment: Deployment) -> bool:
    wanted, seen = deployment.metadata.generation, deployment.status.observed_generation
    return wanted is not None and (seen or 0) < wanted


RULES: tuple[Rule, ...] = (
    Rule(
        id="edge-controller-down",
        title="What serves an Ingress or a Gateway is down",
        layer=Layer.EDGE,
        severity=Severity.CRITICAL,
        kinds=(Ingress, Gateway),
        condition="A Service of type LoadBalancer has the address in its status, and no ready endpoint.",
        explanation="The controller's pods are gone or not ready; every host it serves is unreachable.",
        remediation="Bring back the controller.",
        base=0.85,
        check=_controller_down,
        conditions=(45, 52, 57),
    ),
    Rule(
        id="control-plane-silent",
        title="Component of the control plane is silent",
        layer=Layer.PLATFORM,
        severity=Severity.CRITICAL,
        kinds=(Lease,),
        condition="The lease of kube-scheduler or a controller manager is two minutes older than the newest lease.",
        explanation="New pods are not placed, or nothing is reconciled any more.",
        remediation="Bring back the component.",
        base=0.6,
        check=_control_plane_silent,
        conditions=(96,),
    ),
)
