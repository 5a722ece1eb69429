"""The policies of a cluster, asked whether one party may reach another: both ends have to let a connection through."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.network import NetworkPolicy, PolicyPeer, PolicyPort
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import selects
from services.graph.domain.netpol.matching import (
    NamespaceLabels,
    first_ports,
    match_peers,
    match_ports,
)
from services.graph.domain.netpol.parties import Party, PodClass, named_ports, see
from services.graph.domain.netpol.verdict import (
    IF_ENFORCED,
    PROTOCOLS,
    Direction,
    Isolation,
    Outside,
    PortQuestion,
    Reason,
    Verdict,
    VerdictState,
    all_of,
    any_of,
    reason_of,
    state_of,
)
from services.graph.domain.reading.inventory import Inventory

ENDED = "a pod that has ended sends and receives nothing"
SELF = "a pod always reaches itself"
OWN_NODE = "a pod's own node always reaches it"
HOST_NETWORK = "a pod on its node's network is outside of policies with most network plugins"
UNREAD = "the network policies of namespace {} could not all be read"
NO_PORT = "no container of the destination names a port {}"


class RuleAt(NamedTuple):
    """One rule of a policy for one direction, with the field it stands in."""

    policy: NetworkPolicy
    path: str
    peers: list[PolicyPeer] | None
    ports: list[PolicyPort] | None


class _Side(NamedTuple):
    """What one end says of one port."""

    state: bool | None
    because: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()


class _Asked(NamedTuple):
    source: Party
    target: Party
    is_from_own_node: bool


class PolicyBook:
    """Built once for an inventory. Pods that policies cannot tell apart are judged once."""

    def __init__(self, inventory: Inventory) -> None:
        self._coverage = inventory.coverage
        self._policies: dict[str, list[NetworkPolicy]] = {}
        for policy in sorted(inventory.all(NetworkPolicy), key=lambda one: one.metadata.name):
            self._policies.setdefault(policy.metadata.namespace or "", []).append(policy)
        self._sight = see(inventory.all(NetworkPolicy))
        self.namespaces = NamespaceLabels({one.metadata.name: one.labels for one in inventory.all(Namespace)})
        self._isolations: dict[tuple[PodClass, Direction], Isolation] = {}
        self._verdicts: dict[tuple[_Asked, PortQuestion | None], Verdict] = {}

    def party(self, thing: Pod | Outside) -> Party:
        """Return what policies see of it."""
        return self._sight.classify(thing)

    def policies_in(self, namespace: str | None) -> list[NetworkPolicy]:
        """Return the policies seen in a namespace, by name."""
        return self._policies.get(namespace or "", [])

    def isolation(self, pod: Pod, direction: Direction) -> Isolation:
        """Return whether policies limit this direction of the pod."""
        party = self.party(pod)
        return self._isolation(party, direction) if isinstance(party, PodClass) else Isolation(state=False)

    def verdict(self, source: Pod | Outside, target: Pod | Outside, port: PortQuestion | None = None) -> Verdict:
        """Answer whether ``source`` may open a connection to ``target`` at ``port``; None: at any port at all."""
        settled = _settle(source, target)
        if settled is not None:
            return settled
        if port is not None and isinstance(port.port, str):
            numbers = _numbers(target, port)
            if not numbers:
                return Verdict(VerdictState.UNKNOWN, notes=(NO_PORT.format(port.port),))
            port = PortQuestion(numbers[0], port.protocol)
        asked = _Asked(self.party(source), self.party(target), _is_own_node(source, target))
        if (asked, port) not in self._verdicts:
            self._verdicts[asked, port] = self._judge(asked, port)
        return self._verdicts[asked, port]

    def rules(self, policies: Iterable[NetworkPolicy], direction: Direction) -> list[RuleAt]:
        """Return the rules of these policies for a direction."""
        return [rule for policy in policies for rule in rules_of(policy, direction)]

    def _isolation(self, party: PodClass, direction: Direction) -> Isolation:
        if (party, direction) not in self._isolations:
            self._isolations[party, direction] = self._find_isolation(party, direction)
        return self._isolations[party, direction]

    def _find_isolation(self, party: PodClass, direction: Direction) -> Isolation:
        if party.is_on_host_network:
            return Isolation(state=False)
        labels = dict(party.labels)
        found = tuple(
            policy
            for policy in self.policies_in(party.namespace)
            if affects(policy, direction) and selects(policy.spec.pod_selector, labels)
        )
        if found:
            return Isolation(state=True, policies=found)
        return Isolation(False if self._knows(party.namespace) else None)

    def _knows(self, namespace: str) -> bool:
        return self._coverage.proves_absence(NetworkPolicy.KIND, namespace)

    def _judge(self, asked: _Asked, question: PortQuestion | None) -> Verdict:
        if question is not None and isinstance(question.port, int):
            return self._conclude([self._at(asked, question.port, question.protocol)])
        protocols = (question.protocol,) if question else PROTOCOLS
        tried: set[tuple[str, int]] = {(protocol, 1) for protocol in PROTOCOLS}
        for party, direction in ((asked.source, Direction.EGRESS), (asked.target, Direction.INGRESS)):
            if isinstance(party, PodClass):
                for rule in self.rules(self._isolation(party, direction).policies, direction):
                    tried |= first_ports(rule.ports, asked.target)
        return self._conclude(
            [self._at(asked, number, protocol) for protocol, number in sorted(tried) if protocol in protocols]
        )

    def _at(self, asked: _Asked, port: int, protocol: str) -> _Side:
        """Judge one port: egress of the source and ingress of the target."""
        sides = (
            self._side(asked, Direction.EGRESS, port, protocol),
            self._side(asked, Direction.INGRESS, port, protocol),
        )
        state = all_of(side.state for side in sides)
        # What allows need not be said of a connection that is denied, and the reverse.
        telling = [side for side in sides if side.state is state]
        return _Side(
            state,
            tuple(reason for side in telling for reason in side.because),
            tuple(dict.fromkeys(note for side in telling for note in side.notes)),
        )

    @staticmethod
    def _conclude(tried: list[_Side]) -> Verdict:
        state = any_of(one.state for one in tried)
        first = next(one for one in tried if one.state is state)
        notes = (*first.notes, IF_ENFORCED) if state is False else first.notes
        return Verdict(state_of(state), first.because, notes)

    def _side(self, asked: _Asked, direction: Direction, port: int, protocol: str) -> _Side:
        is_ingress = direction is Direction.INGRESS
        own, peer = (asked.target, asked.source) if is_ingress else (asked.source, asked.target)
        if not isinstance(own, PodClass):
            return _Side(state=True)
        if own.is_on_host_network:
            return _Side(state=True, notes=(HOST_NETWORK,))
        if is_ingress and asked.is_from_own_node:
            return _Side(state=True, notes=(OWN_NODE,))
        isolation = self._isolation(own, direction)
        if not isolation.state:
            unread = (UNREAD.format(own.namespace),) if isolation.state is None else ()
            return _Side(None if unread else True, notes=unread)
        return self._isolated(isolation, direction, own, peer, lambda rule: _speaks(rule, port, protocol, asked.target))

    def _isolated(
        self,
        isolation: Isolation,
        direction: Direction,
        own: PodClass,
        peer: Party,
        speaks_of_port: Callable[[RuleAt], bool],
    ) -> _Side:
        """Judge an isolated pod: what one rule of any of its policies allows is allowed."""
        unsure: list[str] = []
        for rule in filter(speaks_of_port, self.rules(isolation.policies, direction)):
            match = match_peers(rule.peers, own.namespace, peer, self.namespaces)
            if match.state:
                return _Side(True, (reason_of(rule.policy, direction, rule.path, "this rule allows it"),))  # noqa: FBT003
            if match.state is None:
                unsure.append(match.note)
        if not self._knows(own.namespace):
            unsure.append(UNREAD.format(own.namespace))
        if unsure:
            return _Side(None, notes=tuple(dict.fromkeys(unsure)))
        text = f"selects the pod for {direction}, and no rule allows it"
        because = tuple(reason_of(one, direction, f"spec.{direction}", text) for one in isolation.policies)
        return _Side(False, because)  # noqa: FBT003 - a truth value.


def affects(policy: NetworkPolicy, direction: Direction) -> bool:
    """Answer whether a policy is for the direction.

    Types left out: ingress always, egress only where it has egress rules (networking/v1).
    """
    types = policy.spec.policy_types
    if types:
        return direction.value.capitalize() in types
    return direction is Direction.INGRESS or bool(policy.spec.egress)


def rules_of(policy: NetworkPolicy, direction: Direction) -> list[RuleAt]:
    """Return the rules of a policy for a direction."""
    if direction is Direction.INGRESS:
        return [
            RuleAt(policy, f"spec.ingress[{index}]", rule.from_, rule.ports)
            for index, rule in enumerate(policy.spec.ingress or ())
        ]
    return [
        RuleAt(policy, f"spec.egress[{index}]", rule.to, rule.ports)
        for index, rule in enumerate(policy.spec.egress or ())
    ]


def _speaks(rule: RuleAt, port: int, protocol: str, target: Party) -> bool:
    return match_ports(rule.ports, port, protocol, target)


def _settle(source: Pod | Outside, target: Pod | Outside) -> Verdict | None:
    """Answer what no policy decides."""
    pods = [one for one in (source, target) if isinstance(one, Pod)]
    if any(pod.status.phase in {"Succeeded", "Failed"} for pod in pods):
        return Verdict(VerdictState.UNKNOWN, notes=(ENDED,))
    if len(pods) > 1 and source.ref == target.ref:  # type: ignore[union-attr]  # Both are pods.
        return Verdict(VerdictState.ALLOWED, notes=(SELF,))
    return None


def _numbers(target: Pod | Outside, port: PortQuestion) -> list[int]:
    if not isinstance(target, Pod):
        return []
    return [number for name, number, kind in named_ports(target) if name == port.port and kind == port.protocol]


def _is_own_node(source: Pod | Outside, target: Pod | Outside) -> bool:
    """Answer whether the source is the node the target runs on, or a pod that shares that node's network."""
    if not isinstance(target, Pod):
        return False
    if isinstance(source, Outside):
        return source.ip is not None and source.ip == target.status.host_ip
    return bool(source.spec.host_network and source.spec.node_name and source.spec.node_name == target.spec.node_name)
