"""Why names that are right do not resolve: a policy that keeps a pod from asking, or cluster DNS that is not there."""

from services.graph.domain.evidence.blame import blame_pod
from services.graph.domain.evidence.pod_state import is_ready
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.network import EgressPolicyRule, NetworkPolicy, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import selects
from services.graph.domain.logs.log_targets import Target, blame_empty
from services.graph.domain.rules.base import View

_DNS_PORT = 53
# Distributions call the Service so whatever answers behind it, because resolv.conf was written when it did.
_DNS = ("kube-system", "kube-dns")


def find_dns_trouble(view: View, pod: Pod, host: str) -> Target | None:
    """Return what keeps the pod from resolving any name; None where nothing shows that.

    Where the Service that ``host`` may mean could not be read, nothing does: it may simply not exist.
    """
    if not knows_service(view, pod, host):
        return None
    policy = _silencing(view, pod)
    if policy is not None:
        words = f"NetworkPolicy {policy.metadata.name} lets the pod ask no DNS server: no rule allows port 53."
        mark = seen(policy, "spec.egress", words)
        return Target((mark,), ((0.18, "a policy keeps the pod from DNS"),), policy.ref, words)
    return _absent_dns(view)


def knows_service(view: View, pod: Pod, host: str) -> bool:
    """Answer whether it is known which Service a host is, or that it is none."""
    proves = view.inventory.coverage.proves_absence
    # A name with dots may be of any namespace.
    return proves(Service.KIND, None if "." in host.rstrip(".") else pod.metadata.namespace)


def denies_all_egress(view: View, pod: Pod) -> NetworkPolicy | None:
    """Return a policy that isolates the pod where no policy lets it send anything."""
    policies = _of_egress(view, pod)
    return policies[0] if policies and not any(one.spec.egress for one in policies) else None


def _of_egress(view: View, pod: Pod) -> list[NetworkPolicy]:
    # Without all policies of the namespace, one that allows may be missing.
    if pod.spec.host_network or not view.inventory.coverage.proves_absence(NetworkPolicy.KIND, pod.metadata.namespace):
        return []
    return [
        one
        for one in view.inventory.in_namespace(NetworkPolicy, pod.metadata.namespace)
        if selects(one.spec.pod_selector, pod.labels)
        and ("Egress" in (one.spec.policy_types or ()) or (not one.spec.policy_types and one.spec.egress))
    ]


def _silencing(view: View, pod: Pod) -> NetworkPolicy | None:
    policies = _of_egress(view, pod)
    if not policies or any(_allows_dns(rule) for one in policies for rule in one.spec.egress or ()):
        return None
    return policies[0]


def _allows_dns(rule: EgressPolicyRule) -> bool:
    for port in rule.ports or ():
        # A named port may be any: only numbers prove that DNS is left out.
        if port.port is None or isinstance(port.port, str):
            return True
        if port.port <= _DNS_PORT <= (port.end_port or port.port):
            return True
    return not rule.ports


def _absent_dns(view: View) -> Target | None:
    namespace, name = _DNS
    service = view.inventory.find(Service, namespace, name)
    if service is None or not service.spec.selector or not view.inventory.coverage.proves_absence(Pod.KIND, namespace):
        return None
    pods = view.inventory.pods_matching(namespace, service.spec.selector)
    if any(is_ready(one) for one in pods):
        return None
    culprit = blame_pod(view, pods[0]).culprit if pods else blame_empty(view, service)
    words = f"No pod behind Service {namespace}/{name} is ready, so no name resolves."
    return Target((seen(service, "spec.selector", words),), ((0.18, "cluster DNS is not there"),), culprit, words)
