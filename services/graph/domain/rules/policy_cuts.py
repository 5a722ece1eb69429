"""Which policy to mend when policies deny a connection that is needed, and what shows that it is that one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.network import NetworkPolicy, PolicyPeer, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, ObjectMeta, Ref
from services.graph.domain.k8s.workloads import CronJob
from services.graph.domain.netpol.book import PolicyBook, RuleAt, affects, rules_of
from services.graph.domain.netpol.matching import match_peer, match_peers, match_ports
from services.graph.domain.netpol.parties import resolve
from services.graph.domain.netpol.services import ServiceReach
from services.graph.domain.netpol.verdict import Direction, PortQuestion, Verdict
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.relations.calls import Call, CallFinder
from services.graph.domain.relations.templates import template_of, templates_of
from services.graph.domain.rules.base import View
from services.graph.domain.rules.once import once
from services.graph.domain.walking.ownership import pods_of, top_owner

Numbers = tuple[tuple[int, str], ...]


class Caller(NamedTuple):
    """A call, and the object whose configuration makes it."""

    call: Call
    thing: Ref


class CallMap(NamedTuple):
    """All calls, by the Service that is called and by who calls."""

    of_service: dict[Ref, list[Caller]]
    of_caller: dict[Ref, list[Caller]]


@dataclass(frozen=True, slots=True)
class Cut:
    """The policy to mend for one direction; ``is_sealed``: no rule at all lets anybody through at the ports asked."""

    direction: Direction
    policy: NetworkPolicy
    path: str
    text: str
    is_sealed: bool
    step: tuple[float, str] | None = None


@once
def book_of(inventory: Inventory) -> PolicyBook:
    """Return the policies of the inventory."""
    return PolicyBook(inventory)


def reach_of(view: View) -> ServiceReach:
    """Return what answers questions about Services."""
    return ServiceReach(view.inventory, book_of(view.inventory))


@once
def calls_in(inventory: Inventory) -> CallMap:
    """Return who calls whom, as far as configuration says."""
    finder, found = CallFinder(inventory), CallMap(defaultdict(list), defaultdict(list))
    for thing in _callers(inventory):
        for call in finder.calls_of(thing):
            caller = Caller(call, thing.ref)
            found.of_service[call.target].append(caller)
            found.of_caller[thing.ref].append(caller)
    return found


def _callers(inventory: Inventory) -> Iterator[KubeObject]:
    for template in templates_of(inventory):
        yield template.workload
    yield from (pod for pod in inventory.all(Pod) if inventory.controller_of(pod) is None)


def pods_like(inventory: Inventory, thing: KubeObject) -> list[Pod]:
    """Return the running pods of a workload; of a CronJob that has never succeeded, one as its template makes it."""
    if isinstance(thing, Pod):
        return [thing] if is_running(thing) else []
    if not isinstance(thing, CronJob):
        return [pod for pod in pods_of(inventory, thing) if is_running(pod)]
    found = template_of(thing)
    if found is None or thing.status.last_successful_time is not None or thing.spec.suspend:
        return []
    spec, meta, _ = found
    labels = (meta.labels if meta else None) or {}
    return [Pod(metadata=ObjectMeta(name="", namespace=thing.metadata.namespace, labels=labels), spec=spec)]


def is_running(pod: Pod) -> bool:
    """Answer whether it has not ended."""
    return pod.status.phase not in {"Succeeded", "Failed"}


def owner_of(view: View, pod: Pod) -> Ref:
    """Return the workload of a pod."""
    return top_owner(view.inventory, pod)


def numbers_of(target: Pod, ports: Sequence[PortQuestion]) -> Numbers:
    """Return the ports as the numbers of this pod."""
    found: list[tuple[int, str]] = []
    for one in ports:
        number = resolve(target, one.port, one.protocol) if isinstance(one.port, str) else one.port
        if number is not None:
            found.append((number, one.protocol))
    return tuple(found)


def cuts_of(view: View, verdict: Verdict, source: Pod, target: Pod, ports: Sequence[PortQuestion]) -> list[Cut]:
    """Return what to mend for a denied connection: one policy for each end that denies it."""
    numbers = numbers_of(target, ports)
    found = []
    for direction in dict.fromkeys(reason.direction for reason in verdict.because):
        own, peer = (target, source) if direction is Direction.INGRESS else (source, target)
        cut = find_cut(view, direction, own, peer, Aim(target, numbers))
        if cut is not None:
            found.append(cut)
    return found


class Aim(NamedTuple):
    """The pod a connection is made to, and at which ports."""

    target: Pod
    numbers: Numbers


def find_cut(view: View, direction: Direction, own: Pod, peer: Pod | None, aim: Aim) -> Cut | None:
    """Return the policy that denies: the one that comes nearest to allowing, else one that isolates."""
    book = book_of(view.inventory)
    isolating = book.isolation(own, direction).policies
    if not isolating:
        return None
    is_sealed = not any(_speaks(book, rule, aim) for one in isolating for rule in rules_of(one, direction))
    misses = [] if peer is None else list(_misses(view, direction, own, peer, aim))
    if misses:
        _, rule, text, step = min(misses, key=lambda one: (one[0], one[1].policy.metadata.name, one[1].path))
        return Cut(direction, rule.policy, rule.path, text, is_sealed, step)
    policy = min(isolating, key=lambda one: (len(rules_of(one, direction)), one.metadata.name))
    if not rules_of(policy, direction):
        words = f"it selects {_whom(policy)} for {direction} and has no {direction} rule"
    else:
        words = f"it selects the pod for {direction}, and none of its rules allows the connection"
    return Cut(direction, policy, f"spec.{direction}", words, is_sealed)


Missed = tuple[int, RuleAt, str, tuple[float, str] | None]


def _misses(view: View, direction: Direction, own: Pod, peer: Pod, aim: Aim) -> Iterator[Missed]:
    book, namespace = book_of(view.inventory), own.metadata.namespace or ""
    selecting = book.isolation(own, direction).policies
    for policy in book.policies_in(namespace):
        is_selecting = policy in selecting
        if not affects(policy, direction) or not (is_selecting or selects_nothing(view, policy)):
            continue
        for rule in rules_of(policy, direction):
            speaks = _speaks(book, rule, aim)
            allows = match_peers(rule.peers, namespace, book.party(peer), book.namespaces).state
            found = _rank(view, rule, is_selecting=is_selecting, speaks=speaks, allows=allows is True)
            if found is not None:
                yield found


def _rank(view: View, rule: RuleAt, *, is_selecting: bool, speaks: bool, allows: bool) -> Missed | None:
    if is_selecting and allows and rule.peers:
        return 0, rule, "it lets this peer through at other ports only", (0.1, "a rule allows the peer at other ports")
    if not is_selecting:
        if not (allows and speaks):
            return None
        text = "it would allow the connection, but its podSelector selects no pod"
        return 1, rule, text, (0.1, "a policy that would allow it selects nothing")
    if not speaks or not rule.peers:
        return None
    if any(reaches_nobody(view, rule.policy, peer) for peer in rule.peers):
        text = "it allows the port to a peer that no pod matches"
        return 2, rule, text, (0.1, "a peer of the rule matches no pod")
    return 3, rule, "it allows the port, but to other peers", None


def _speaks(book: PolicyBook, rule: RuleAt, aim: Aim) -> bool:
    party = book.party(aim.target)
    return any(match_ports(rule.ports, number, protocol, party) for number, protocol in aim.numbers)


def _whom(policy: NetworkPolicy) -> str:
    return "every pod of its namespace" if policy.spec.pod_selector.is_empty else "the pod"


def selects_nothing(view: View, policy: NetworkPolicy) -> bool:
    """Answer whether it is proven that the policy selects no running pod."""
    namespace = policy.metadata.namespace
    if not view.inventory.coverage.proves_absence(Pod.KIND, namespace):
        return False
    return not any(map(is_running, view.inventory.pods_selected(namespace, policy.spec.pod_selector)))


def reaches_nobody(view: View, policy: NetworkPolicy, peer: PolicyPeer) -> bool:
    """Answer whether it is proven that no running pod matches a peer by selectors."""
    inventory, own = view.inventory, policy.metadata.namespace or ""
    if peer.ip_block is not None:
        return False
    coverage, scope = inventory.coverage, own if peer.namespace_selector is None else None
    if not coverage.proves_absence(Pod.KIND, scope):
        return False
    if peer.namespace_selector is not None and not coverage.proves_absence(Namespace.KIND, None):
        return False
    book = book_of(inventory)
    candidates = inventory.in_namespace(Pod, own) if scope else inventory.all(Pod)
    return all(
        match_peer(peer, own, party, book.namespaces).state is False
        for party in {book.party(pod) for pod in candidates if is_running(pod)}
    )


def service_of(view: View, ref: Ref) -> Service | None:
    """Return the Service, if it was seen."""
    return view.inventory.find(Service, ref.namespace, ref.name)
