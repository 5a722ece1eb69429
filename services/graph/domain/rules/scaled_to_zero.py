"""Rules for workloads that are scaled to zero, on purpose or not."""

from collections.abc import Iterator

from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.network import Ingress, Service
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.workloads import Deployment, StatefulSet
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity


def _scaled_to_zero(view: View, thing: KubeObject) -> Iterator[Hit]:
    if _is_at_zero(thing) and not _demand(view.inventory, thing):
        yield Hit(thing.ref, "It is scaled to zero.", (seen(thing, "spec.replicas", "0"),))


def _zero_in_demand(view: View, thing: KubeObject) -> Iterator[Hit]:
    demand = _demand(view.inventory, thing) if _is_at_zero(thing) else []
    if not demand:
        return
    kind, name, namespace = thing.KIND.lower(), thing.metadata.name, thing.metadata.namespace or ""
    scale = Remedy(f"Scale {name} up.", ("kubectl", "scale", f"{kind}/{name}", "-n", namespace, "--replicas=1"))
    marks = (seen(thing, "spec.replicas", "0"), *demand)
    yield Hit(thing.ref, "It is scaled to zero, though traffic is sent to it.", marks, remedies=(scale,))


def _is_at_zero(thing: KubeObject) -> bool:
    return isinstance(thing, Deployment | StatefulSet) and thing.spec.replicas == 0


def _demand(inventory: Inventory, thing: KubeObject) -> list[Seen]:
    """Return what shows that an Ingress sends traffic to a Service of the workload, and no other pod answers it."""
    if not isinstance(thing, Deployment | StatefulSet) or not thing.spec.template.metadata:
        return []
    labels, namespace = thing.spec.template.metadata.labels or {}, thing.metadata.namespace
    names = {
        service.metadata.name
        for service in inventory.in_namespace(Service, namespace)
        if service.spec.selector
        and service.spec.selector.items() <= labels.items()
        and not inventory.pods_matching(namespace, service.spec.selector)
    }
    return [
        seen(
            ingress, "spec", f"Ingress {ingress.metadata.name} sends traffic to Service {name}, which it alone answers."
        )
        for ingress in inventory.in_namespace(Ingress, namespace)
        for name in sorted(names & set(_backends(ingress)))
    ]


def _backends(ingress: Ingress) -> Iterator[str]:
    default = ingress.spec.default_backend
    backends = [default] if default else []
    backends += [path.backend for rule in ingress.spec.rules or () if rule.http for path in rule.http.paths or ()]
    for backend in backends:
        if backend.service and backend.service.name:
            yield backend.service.name


RULES: tuple[Rule, ...] = (
    Rule(
        id="workload-scaled-to-zero",
        title="Scaled to zero",
        layer=Layer.APP,
        severity=Severity.INFO,
        kinds=(
            Deployment,
            StatefulSet,
        ),
        condition="spec.replicas is 0, and no Ingress needs it",
        explanation="Often on purpose.",
        remediation="Scale it up when it is needed.",
        base=0.8,
        check=_scaled_to_zero,
        conditions=(35,),
        is_advice=True,
    ),
    Rule(
        id="workload-zero-in-demand",
        title="Scaled to zero while traffic is sent to it",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(
            Deployment,
            StatefulSet,
        ),
        condition="spec.replicas is 0, and an Ingress sends to a Service that only it answers",
        explanation="Every request ends in an error.",
        remediation="Scale it up.",
        base=0.8,
        check=_zero_in_demand,
        conditions=(35,),
    ),
)
