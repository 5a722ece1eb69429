"""Whether one rule of a policy speaks of a peer and of a port; None where that cannot be told."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from services.graph.domain.k8s.network import IpBlock, PolicyPeer, PolicyPort
from services.graph.domain.k8s.shape import LabelRequirement, LabelSelector, selects
from services.graph.domain.netpol.parties import OutsideClass, Party, PodClass
from services.graph.domain.netpol.verdict import TCP, all_of, any_of

# The API server sets this label on every namespace, so it is known where the namespaces could not be read.
NAME_LABEL = "kubernetes.io/metadata.name"

BY_ADDRESS = "an ipBlock holds the pod's address: whether that speaks of pods is left to the network plugin"
NO_ADDRESS = "the pod has no address yet that an ipBlock could be compared with"
ON_HOST_NETWORK = "whether selectors see a pod on its node's network is left to the network plugin"
NO_NAMESPACE_LABELS = "the labels of namespaces could not be read"
ANYWHERE = "an ipBlock holds some addresses outside, not all"


class Match(NamedTuple):
    """Whether it matches, and what makes that uncertain."""

    state: bool | None
    note: str = ""


class NamespaceLabels(NamedTuple):
    """Labels of the namespaces that were seen, by name."""

    known: Mapping[str, Mapping[str, str]]

    def match(self, selector: LabelSelector, namespace: str) -> bool | None:
        """Answer whether the selector selects the namespace."""
        labels = self.known.get(namespace)
        if labels is not None:
            return selects(selector, dict(labels))
        if selector.is_empty:
            return True
        simple = [
            LabelRequirement(key=key, operator="In", values=[value])
            for key, value in (selector.match_labels or {}).items()
        ]
        every = (*simple, *(selector.match_expressions or ()))
        return all_of(_by_name(one, namespace) for one in every)


def _by_name(requirement: LabelRequirement, namespace: str) -> bool | None:
    if requirement.key != NAME_LABEL:
        return None
    return selects(LabelSelector(match_expressions=[requirement]), {NAME_LABEL: namespace})


def match_peers(peers: Sequence[PolicyPeer] | None, own: str, party: Party, namespaces: NamespaceLabels) -> Match:
    """Answer whether a rule of a policy in namespace ``own`` speaks of the peer; a rule without peers does of all."""
    if not peers:
        return Match(state=True)
    found = [match_peer(peer, own, party, namespaces) for peer in peers]
    return Match(any_of(one.state for one in found), next((one.note for one in found if one.state is None), ""))


def match_peer(peer: PolicyPeer, own: str, party: Party, namespaces: NamespaceLabels) -> Match:
    """Answer whether one peer of a rule speaks of the party."""
    if peer.ip_block is not None:
        return _match_block(peer.ip_block, party)
    if isinstance(party, OutsideClass):
        return Match(state=False)
    if peer.pod_selector is None and peer.namespace_selector is None:
        # The API refuses a peer without any of the three.
        return Match(state=False)
    if peer.namespace_selector is None:
        in_namespace: bool | None = party.namespace == own
    else:
        in_namespace = namespaces.match(peer.namespace_selector, party.namespace)
    is_pod = peer.pod_selector is None or selects(peer.pod_selector, dict(party.labels))
    state = all_of((in_namespace, is_pod))
    if state and party.is_on_host_network:
        return Match(None, ON_HOST_NETWORK)
    return Match(state, NO_NAMESPACE_LABELS if state is None else "")


def _match_block(block: IpBlock, party: Party) -> Match:
    if isinstance(party, PodClass):
        if not party.ips:
            return Match(None, NO_ADDRESS)
        inside = any_of(_holds(block, ip) for ip in party.ips)
        return Match(state=False) if inside is False else Match(None, BY_ADDRESS)
    if party.ip is not None:
        return Match(_holds(block, party.ip))
    network = _network(block.cidr)
    is_all = network is not None and network.prefixlen == 0 and not block.except_
    return Match(state=True) if is_all else Match(None, ANYWHERE)


def _holds(block: IpBlock, ip: str) -> bool | None:
    if not _contains(block.cidr, ip):
        return _contains(block.cidr, ip)
    inside = any_of(_contains(cidr, ip) for cidr in block.except_ or ())
    return None if inside is None else not inside


@lru_cache(maxsize=4096)
def _contains(cidr: str, ip: str) -> bool | None:
    network = _network(cidr)
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    return None if network is None else address in network


@lru_cache(maxsize=1024)
def _network(cidr: str) -> IPv4Network | IPv6Network | None:
    try:
        # A server accepts bits beyond the mask, and ignores them.
        return ip_network(cidr, strict=False)
    except ValueError:
        return None


def match_ports(ports: Sequence[PolicyPort] | None, port: int, protocol: str, target: Party) -> bool:
    """Answer whether a rule speaks of a port of the destination; a rule without ports speaks of all."""
    return not ports or any(_match_port(one, port, protocol, target) for one in ports)


def _match_port(wanted: PolicyPort, port: int, protocol: str, target: Party) -> bool:
    if (wanted.protocol or TCP) != protocol:
        return False
    if wanted.port is None:
        return True
    if isinstance(wanted.port, str):
        # A name of a container's port: what is outside has none.
        return isinstance(target, PodClass) and (wanted.port, port, protocol) in target.ports
    return wanted.port <= port <= (wanted.end_port or wanted.port)


def first_ports(ports: Sequence[PolicyPort] | None, target: Party) -> set[tuple[str, int]]:
    """Return protocol and first number of each range a rule names: where any port will do, one of them does."""
    named = target.ports if isinstance(target, PodClass) else ()
    found: set[tuple[str, int]] = set()
    for one in ports or ():
        protocol = one.protocol or TCP
        if isinstance(one.port, str):
            found |= {(protocol, number) for name, number, kind in named if name == one.port and kind == protocol}
        else:
            found.add((protocol, one.port or 1))
    return found
