"""Network policies that do nothing, less or more than they seem to, and pods no policy limits: advice."""

from collections.abc import Iterable

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.network import NetworkPolicy
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.netpol.book import RuleAt, affects, rules_of
from services.graph.domain.netpol.verdict import Direction
from services.graph.domain.rules.backing import makers_of
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.policy_cuts import is_running, reach_of, reaches_nobody, selects_nothing
from services.graph.domain.rules.showing import is_leaving, on, shown, some_names
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

# What runs here belongs to the cluster, and is mostly on the network of its nodes.
_SYSTEM = ("kube-", "openshift-")


def _selects_nothing(view: View, policy: NetworkPolicy) -> Iterable[Hit]:
    selector = policy.spec.pod_selector
    if selector.is_empty or is_leaving(view, policy) or not selects_nothing(view, policy):
        return
    # A workload whose pods come and go: a CronJob, or what is scaled to zero.
    if selector.match_labels and makers_of(view, policy.metadata.namespace, selector.match_labels):
        return
    yield Hit(
        policy.ref,
        f"{policy.ref} selects no pod, and does nothing",
        (shown(policy, "its selector matches no pod of its namespace", "spec.podSelector"),),
        remedies=(Remedy(f"Mend spec.podSelector of {policy.ref}, or delete the policy if it is not needed."),),
    )


def _for_all(view: View, policy: NetworkPolicy) -> Iterable[Hit]:
    if not policy.spec.pod_selector.is_empty or is_leaving(view, policy):
        return
    for direction in Direction:
        rules = rules_of(policy, direction)
        path = f"spec.{direction}"
        if not affects(policy, direction):
            continue
        if not rules:
            words, others = f"denies all {direction}", f"what no other policy of the namespace allows for {direction}"
        elif any(not rule.peers and not rule.ports for rule in rules):
            words, others = f"allows all {direction}", f"and so undoes every other policy for {direction}"
        else:
            continue
        yield Hit(
            policy.ref,
            f"{policy.ref} {words} of every pod in its namespace: {others}",
            (shown(policy, f"selects every pod, and {words}", path),),
            remedies=(Remedy(f"See that {policy.ref} is meant to hold for every pod.", risk="low"),),
        )


def _dead_peer(view: View, policy: NetworkPolicy) -> Iterable[Hit]:
    if is_leaving(view, policy):
        return
    for direction in Direction:
        for rule in rules_of(policy, direction) if affects(policy, direction) else ():
            for path in _dead_paths(view, rule, direction):
                yield Hit(
                    policy.ref,
                    f"A peer of {policy.ref} matches no pod: {path}",
                    (shown(policy, "no running pod of the cluster has these labels, where it is looked for", path),),
                    remedies=(Remedy(f"Mend the selectors at {path} of {policy.ref}, or take the peer out."),),
                )


def _dead_paths(view: View, rule: RuleAt, direction: Direction) -> list[str]:
    field = "from" if direction is Direction.INGRESS else "to"
    return [
        f"{rule.path}.{field}[{index}]"
        for index, peer in enumerate(rule.peers or ())
        if reaches_nobody(view, rule.policy, peer)
    ]


def _uncovered(view: View, namespace: Namespace) -> Iterable[Hit]:
    name = namespace.metadata.name
    if name.startswith(_SYSTEM) or namespace.metadata.deletion_timestamp:
        return
    book = reach_of(view).book
    pods = [pod for pod in view.inventory.in_namespace(Pod, name) if is_running(pod) and not pod.spec.host_network]
    open_pods = [pod for pod in pods if book.isolation(pod, Direction.INGRESS).state is False]
    if open_pods:
        names = some_names(str(top_owner(view.inventory, pod)) for pod in open_pods)
        yield Hit(
            namespace.ref,
            f"No network policy limits who may reach {len(open_pods)} of {len(pods)} pods of namespace {name}",
            (shown(namespace, f"not selected by any policy for ingress: {names}"),),
            remedies=(Remedy(f"Deny ingress by default in namespace {name}, and allow what is needed.", risk="high"),),
        )


RULES: tuple[Rule, ...] = (
    Rule(
        id="network-policy-selects-nothing",
        title="Network policy selects no pod",
        layer=Layer.NETWORK,
        severity=Severity.LOW,
        kinds=(NetworkPolicy,),
        condition="The podSelector is not empty and matches no running pod and no template of the namespace.",
        explanation="A policy without pods neither allows nor denies anything: mostly a label was renamed.",
        remediation="Mend the selector, or delete the policy.",
        base=0.7,
        check=on(NetworkPolicy, _selects_nothing),
        conditions=(62,),
        needs=(Pod,),
        is_advice=True,
    ),
    Rule(
        id="network-policy-for-every-pod",
        title="Network policy denies or allows all",
        layer=Layer.NETWORK,
        severity=Severity.INFO,
        kinds=(NetworkPolicy,),
        condition="An empty podSelector, and for a direction no rule at all or a rule without peers and ports.",
        explanation="Denying by default is good practice beside rules that allow; allowing all undoes the others.",
        remediation="See that it is meant so.",
        base=0.5,
        check=on(NetworkPolicy, _for_all),
        conditions=(63,),
        is_advice=True,
    ),
    Rule(
        id="network-policy-peer-matches-nothing",
        title="A peer of a network policy matches no pod",
        layer=Layer.NETWORK,
        severity=Severity.LOW,
        kinds=(NetworkPolicy,),
        condition="A peer by selectors that matches no running pod of the namespaces it speaks of.",
        explanation="The rule lets nobody through: mostly a label of a pod or namespace was renamed.",
        remediation="Mend the selectors of the peer, or take it out.",
        base=0.6,
        check=on(NetworkPolicy, _dead_peer),
        conditions=(64,),
        needs=(Pod, Namespace),
        is_advice=True,
    ),
    Rule(
        id="namespace-without-network-policy",
        title="Pods no network policy limits",
        layer=Layer.SECURITY,
        severity=Severity.INFO,
        kinds=(Namespace,),
        condition="Running pods off the node's network that no policy selects for ingress; not of system namespaces.",
        explanation="Every pod of the cluster may reach them.",
        remediation="Deny by default, and allow what is needed.",
        base=0.5,
        check=on(Namespace, _uncovered),
        conditions=(65,),
        needs=(NetworkPolicy, Pod),
        is_advice=True,
    ),
)
