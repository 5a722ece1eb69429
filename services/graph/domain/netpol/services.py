"""Policies asked as people ask: can this pod reach that Service, and can it resolve names."""

from collections.abc import Sequence

from services.graph.domain.k8s.network import Service, ServicePort
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.netpol.book import HOST_NETWORK, PolicyBook
from services.graph.domain.netpol.verdict import TCP, Outside, PortQuestion, Verdict, VerdictState
from services.graph.domain.reading.inventory import Inventory

ALLOWED, DENIED, UNKNOWN = VerdictState.ALLOWED, VerdictState.DENIED, VerdictState.UNKNOWN
NO_TARGETS = "no running pod is known behind the Service"
UNREAD_TARGETS = "the pods behind the Service could not all be read"
NO_SUCH_PORT = "the Service has no such port"
OTHER_RESOLVER = "the pod does not ask the cluster's DNS"
LOCAL_RESOLVER = "the pod may ask a resolver on its own node instead"
NO_RESOLVER = "the pods of the cluster's DNS are not known"
DNS_PORT = 53

# Where distributions keep the cluster's DNS, as namespace and Service.
_DNS_SERVICES = (("kube-system", "kube-dns"), ("kube-system", "coredns"), ("openshift-dns", "dns-default"))
_LOCAL_DNS_LABEL = {"k8s-app": "node-local-dns"}
# Of the other dnsPolicies, Default asks the node's resolver, and None what the pod says itself.
_CLUSTER_DNS = {None, "ClusterFirst", "ClusterFirstWithHostNet"}


class ServiceReach:
    """Asks the book about Services and DNS of one inventory."""

    def __init__(self, inventory: Inventory, book: PolicyBook | None = None) -> None:
        self.inventory = inventory
        self.book = book or PolicyBook(inventory)

    def reach_service(self, source: Pod | Outside, service: Service, port: int | str | None = None) -> Verdict:
        """Answer whether any pod behind the Service may be reached at its port; None: at any of its ports.

        Denied only if every pod behind it, at every port asked for, is proven out of reach.
        """
        return self._reach_all(source, service, ports_asked(service, port))

    def _reach_all(self, source: Pod | Outside, service: Service, ports: list[PortQuestion]) -> Verdict:
        targets = self.targets_of(service)
        if not targets or not ports:
            return Verdict(UNKNOWN, notes=(NO_SUCH_PORT if targets else NO_TARGETS,))
        found = [self.book.verdict(source, pod, one) for pod in targets for one in ports]
        verdict = join(found)
        if verdict.state is DENIED and not self.knows_targets(service):
            return Verdict(UNKNOWN, notes=(UNREAD_TARGETS,))
        return verdict

    def targets_of(self, service: Service) -> list[Pod]:
        """Return the pods a Service means that have not ended."""
        if service.spec.type == "ExternalName":
            return []
        pods = self.inventory.pods_matching(service.metadata.namespace, service.spec.selector or {})
        return [pod for pod in pods if pod.status.phase not in {"Succeeded", "Failed"}]

    def knows_targets(self, service: Service) -> bool:
        """Answer whether the Service has no pods but those that were seen."""
        return self.inventory.coverage.proves_absence(Pod.KIND, service.metadata.namespace)

    def can_resolve_names(self, pod: Pod) -> Verdict:
        """Answer whether the pod may ask the cluster's DNS by UDP, as resolvers do; unknown if it asks another."""
        if pod.spec.host_network:
            return Verdict(ALLOWED, notes=(HOST_NETWORK,))
        if pod.spec.dns_policy not in _CLUSTER_DNS:
            return Verdict(UNKNOWN, notes=(OTHER_RESOLVER,))
        service = self.dns_service()
        if service is None:
            return Verdict(UNKNOWN, notes=(NO_RESOLVER,))
        verdict = self._reach_all(pod, service, dns_ports(service))
        if verdict.state is DENIED and self.inventory.pods_matching("kube-system", _LOCAL_DNS_LABEL):
            # It is on its node's network, where what is allowed is left to the network plugin.
            return Verdict(UNKNOWN, notes=(LOCAL_RESOLVER,))
        return verdict

    def dns_service(self) -> Service | None:
        """Return the Service of the cluster's DNS, if it was seen."""
        found = (self.inventory.find(Service, namespace, name) for namespace, name in _DNS_SERVICES)
        return next((one for one in found if one is not None), None)


def ports_asked(service: Service, port: int | str | None) -> list[PortQuestion]:
    """Return the ports of pods that a port of the Service leads to, by number or name; None: all of them.

    Of a headless Service a number is a port of the pods, because clients go to them directly.
    """
    ports = service.spec.ports or []
    if service.spec.cluster_ip == "None" and (port is None or isinstance(port, int)):
        if port is not None:
            protocols = {one.protocol or TCP for one in ports if one.port == port} or {TCP}
            return [PortQuestion(port, protocol) for protocol in sorted(protocols)]
        return [_target(one) for one in ports] or [PortQuestion(None)]
    return [_target(one) for one in ports if port is None or port in (one.port, one.name)]


def dns_ports(service: Service) -> list[PortQuestion]:
    """Return the UDP ports of the pods of a DNS Service."""
    return [one for one in ports_asked(service, DNS_PORT) if one.protocol == "UDP"]


def _target(port: ServicePort) -> PortQuestion:
    target = port.target_port
    if isinstance(target, str) and target.isdigit():
        target = int(target)
    return PortQuestion(target or port.port, port.protocol or TCP)


def join(verdicts: Sequence[Verdict]) -> Verdict:
    """Return one verdict for many ways: allowed if one is, denied if all are."""
    for state in (ALLOWED, UNKNOWN):
        first = next((one for one in verdicts if one.state is state), None)
        if first is not None:
            refused = sum(one.state is DENIED for one in verdicts)
            note = (f"{refused} of {len(verdicts)} ways to its pods are denied",) if refused else ()
            return Verdict(state, first.because, (*first.notes, *note))
    because = dict.fromkeys(reason for one in verdicts for reason in one.because)
    return Verdict(DENIED, tuple(because), tuple(dict.fromkeys(note for one in verdicts for note in one.notes)))
