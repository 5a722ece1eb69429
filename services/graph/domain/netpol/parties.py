"""Who talks to whom, reduced to what policies can see: pods alike in that share one verdict."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.graph.domain.k8s.network import NetworkPolicy
from services.graph.domain.k8s.pods import Container, Pod
from services.graph.domain.k8s.shape import LabelSelector
from services.graph.domain.netpol.verdict import TCP, Outside

Labels = tuple[tuple[str, str], ...]


class PodClass(NamedTuple):
    """All that policies can tell of a pod. ``ips`` and ``ports`` only where a policy of the cluster asks for such."""

    namespace: str
    labels: Labels
    is_on_host_network: bool
    ips: tuple[str, ...]
    ports: tuple[tuple[str, int, str], ...]


class OutsideClass(NamedTuple):
    """What is no pod: an address, or None for any."""

    ip: str | None


Party = PodClass | OutsideClass


class Sight(NamedTuple):
    """What the policies of a cluster look at: label keys of pods, and whether any looks at addresses and names."""

    keys: frozenset[str]
    uses_addresses: bool
    uses_names: bool

    def classify(self, thing: Pod | Outside) -> Party:
        """Return what policies see of a pod, or of something outside."""
        if isinstance(thing, Outside):
            return OutsideClass(thing.ip)
        return PodClass(
            thing.metadata.namespace or "",
            tuple(sorted(pair for pair in thing.labels.items() if pair[0] in self.keys)),
            bool(thing.spec.host_network),
            _ips(thing) if self.uses_addresses else (),
            named_ports(thing) if self.uses_names else (),
        )


def see(policies: Iterable[NetworkPolicy]) -> Sight:
    """Return what these policies look at."""
    keys: set[str] = set()
    uses_addresses = uses_names = False
    for policy in policies:
        keys |= _keys(policy.spec.pod_selector)
        rules = [(rule.from_, rule.ports) for rule in policy.spec.ingress or ()]
        rules += [(rule.to, rule.ports) for rule in policy.spec.egress or ()]
        for peers, ports in rules:
            for peer in peers or ():
                keys |= _keys(peer.pod_selector)
                uses_addresses = uses_addresses or peer.ip_block is not None
            uses_names = uses_names or any(isinstance(port.port, str) for port in ports or ())
    return Sight(frozenset(keys), uses_addresses, uses_names)


def _keys(selector: LabelSelector | None) -> set[str]:
    if selector is None:
        return set()
    return {*(selector.match_labels or {}), *(one.key for one in selector.match_expressions or ())}


def _ips(pod: Pod) -> tuple[str, ...]:
    found = [pod.status.pod_ip, *(one.ip for one in pod.status.pod_ips or ())]
    return tuple(dict.fromkeys(ip for ip in found if ip))


def named_ports(pod: Pod) -> tuple[tuple[str, int, str], ...]:
    """Return name, number and protocol of the ports that have a name; of init containers only of those that stay."""
    return tuple(
        (port.name, port.container_port, port.protocol or TCP)
        for container in _lasting(pod)
        for port in container.ports or ()
        if port.name
    )


def _lasting(pod: Pod) -> Iterator[Container]:
    yield from pod.spec.containers or ()
    yield from (one for one in pod.spec.init_containers or () if one.restart_policy == "Always")


def resolve(pod: Pod, name: str, protocol: str) -> int | None:
    """Return the number of a named port, of the first container that has it as a Service takes it."""
    return next((number for known, number, kind in named_ports(pod) if known == name and kind == protocol), None)
