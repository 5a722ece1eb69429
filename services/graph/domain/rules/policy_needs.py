"""Network policies that keep workloads from DNS, and Ingress controllers from their backends."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.network import Ingress, IngressBackend, IngressClass, NetworkPolicy, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
)
from services.graph.domain.netpol.services import dns_ports, ports_asked
from services.graph.domain.netpol.verdict import IF_ENFORCED, Verdict, VerdictState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.relations.calls import NAMED_PLAINLY
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.once import once
from services.graph.domain.rules.policy_cuts import Caller, Cut, calls_in, cuts_of, owner_of, pods_like, reach_of
from services.graph.domain.rules.showing import is_leaving, on, shown
from services.graph.domain.topology.graph import EdgeState
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_WORKLOADS = (Deployment, StatefulSet, DaemonSet, CronJob, Job, ReplicaSet, ReplicationController, Pod)
# By these labels charts and manifests say what application a pod is of.
_NAME_LABELS = ("app.kubernetes.io/name", "app", "k8s-app")
_COMPONENT = "app.kubernetes.io/component"
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def _without_dns(view: View, thing: KubeObject) -> Iterable[Hit]:
    if not view.inventory.all(NetworkPolicy):
        return
    # A name that is no Service's may be why a workload fails, and is a fault of its own.
    known = calls_in(view.inventory).of_caller.get(thing.ref, ())
    calls = [one for one in known if one.call.state is EdgeState.PRESENT]
    pods = pods_like(view.inventory, thing) if calls and not is_leaving(view, thing) else []
    reach = reach_of(view)
    service = reach.dns_service()
    verdicts = [reach.can_resolve_names(pod) for pod in pods]
    if service is None or not verdicts or any(one.state is not VerdictState.DENIED for one in verdicts):
        return
    ports = dns_ports(service)
    target = reach.targets_of(service)[0]
    subject = top_owner(view.inventory, thing)
    for cut in cuts_of(view, verdicts[0], pods[0], target, ports):
        steps, seen = _name_steps(view, pods[0], calls, cut)
        yield Hit(
            subject,
            f"{cut.policy.ref} keeps {subject} from resolving names, and it calls others by name",
            (
                shown(cut.policy, f"{cut.policy.ref}: {cut.text}: DNS is UDP port 53; {IF_ENFORCED}", cut.path),
                shown(service, "is the cluster's DNS, which the pods may not ask", "spec.ports"),
                seen,
            ),
            culprit=cut.policy.ref,
            steps=steps,
            explains=(subject,),
            remedies=(Remedy(f"Allow UDP and TCP port 53 to {service.ref} by an egress rule for {subject}."),),
        )


def _name_steps(view: View, pod: Pod, calls: Iterable[Caller], cut: Cut) -> tuple[tuple[tuple[float, str], ...], Seen]:
    steps = [cut.step] if cut.step else []
    plain = [one for one in calls if one.call.confidence >= NAMED_PLAINLY]
    if plain:
        steps.append((0.1, "its configuration plainly names what it calls"))
    if any(_may_call(view, pod, one) for one in plain):
        steps.append((0.15, "policies let it reach what it calls, but not find its address"))
    first = (plain or list(calls))[0]
    words = f"calls {first.call.target} by the name {first.call.value_host}"
    return tuple(steps), Seen("object", first.thing, words, first.call.source_field)


def _may_call(view: View, pod: Pod, caller: Caller) -> bool:
    target = caller.call.target
    service = view.inventory.find(Service, target.namespace, target.name)
    if service is None:
        return False
    return reach_of(view).reach_service(pod, service, caller.call.port).state is VerdictState.ALLOWED


def _cut_from_edge(view: View, ingress: Ingress) -> Iterable[Hit]:
    if not view.inventory.all(NetworkPolicy) or is_leaving(view, ingress):
        return
    controllers = _controllers_of(view, ingress)
    for (name, port), path in _backends(ingress).items():
        service = view.inventory.find(Service, ingress.metadata.namespace, name)
        if service is None or not controllers:
            continue
        verdicts = [reach_of(view).reach_service(pod, service, port) for pod in controllers]
        if all(one.state is VerdictState.DENIED for one in verdicts):
            yield from _edge_hits(view, ingress, service, controllers[0], (verdicts[0], port, path))


def _edge_hits(
    view: View, ingress: Ingress, service: Service, controller: Pod, asked: tuple[Verdict, int | str | None, str]
) -> Iterator[Hit]:
    verdict, port, path = asked
    target = reach_of(view).targets_of(service)[0]
    for cut in cuts_of(view, verdict, controller, target, ports_asked(service, port)):
        steps = [(0.1, "no rule lets anything through at the port")] if cut.is_sealed else []
        if cut.step:
            steps.append(cut.step)
        yield Hit(
            ingress.ref,
            f"{cut.policy.ref} does not let the Ingress controller reach {service.ref}",
            (
                shown(cut.policy, f"{cut.policy.ref}: {cut.text}; {IF_ENFORCED}", cut.path),
                shown(ingress, f"sends requests to {service.ref}", path),
                shown(controller, "is a pod of the Ingress controller", "metadata.labels"),
            ),
            culprit=cut.policy.ref,
            steps=tuple(steps),
            explains=(ingress.ref, service.ref, owner_of(view, target)),
            remedies=(
                Remedy(f"Allow namespace {controller.metadata.namespace} to reach {service.ref} by an ingress rule."),
            ),
        )


def _backends(ingress: Ingress) -> dict[tuple[str, int | str | None], str]:
    found: dict[tuple[str, int | str | None], str] = {}
    places: list[tuple[IngressBackend | None, str]] = [(ingress.spec.default_backend, "spec.defaultBackend")]
    for index, rule in enumerate(ingress.spec.rules or ()):
        for number, one in enumerate((rule.http.paths if rule.http else None) or ()):
            places.append((one.backend, f"spec.rules[{index}].http.paths[{number}].backend"))
    for backend, path in places:
        service = backend.service if backend else None
        if service and service.name:
            port = service.port
            found.setdefault((service.name, (port.number or port.name) if port else None), f"{path}.service")
    return found


def _controllers_of(view: View, ingress: Ingress) -> list[Pod]:
    """Return the pods that seem to serve the class of an Ingress; none where that cannot be told."""
    wanted = ingress.spec.ingress_class_name or ingress.annotations.get(_CLASS_ANNOTATION)
    if not wanted:
        return []
    words = {wanted}
    known = view.inventory.find(IngressClass, None, wanted)
    if known is not None and known.spec.controller:
        domain, _, name = known.spec.controller.partition("/")
        words |= {name, domain.partition(".")[0]} - {"", "ingress-controller", "k8s"}
    by_name = _by_application(view.inventory)
    refs = {ref for word in words for ref in by_name.get(word, ())}
    pods = [pod for ref in sorted(refs) if (pod := view.inventory.find(Pod, ref.namespace, ref.name))]
    chief = [pod for pod in pods if pod.labels.get(_COMPONENT) == "controller"]
    return chief or pods


@once
def _by_application(inventory: Inventory) -> dict[str, list[Ref]]:
    """Return pods by the application their labels name. Those of Jobs, and what has ended, serve nobody."""
    found: dict[str, list[Ref]] = defaultdict(list)
    for pod in inventory.all(Pod):
        if pod.status.phase in {None, "Running", "Pending"} and "job-name" not in pod.labels:
            for name in {pod.labels.get(key) for key in _NAME_LABELS} - {None}:
                found[str(name)].append(pod.ref)
    return found


RULES: tuple[Rule, ...] = (
    Rule(
        id="network-policy-blocks-dns",
        title="Network policy keeps a workload from DNS",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=_WORKLOADS,
        condition="Policies deny UDP port 53 of the cluster's DNS to a workload that calls Services by name.",
        explanation="Egress that is limited is limited for DNS too, and a rule without protocol means TCP only.",
        remediation="Allow UDP and TCP port 53 to the pods of the cluster's DNS.",
        base=0.6,
        check=_without_dns,
        conditions=(66,),
        needs=(NetworkPolicy, Pod, Namespace),
    ),
    Rule(
        id="network-policy-blocks-ingress-controller",
        title="Network policy keeps an Ingress controller from its backend",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Ingress,),
        condition="Policies deny every pod of the controller of an Ingress the Service behind one of its paths.",
        explanation="The controller answers 502 or 504, while the backend is well and sees no request.",
        remediation="Allow the namespace of the controller to reach the pods at the port they listen on.",
        base=0.75,
        check=on(Ingress, _cut_from_edge),
        conditions=(66,),
        needs=(NetworkPolicy, Pod, Namespace),
    ),
)
