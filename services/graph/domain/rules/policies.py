"""Network policies that cut off what is needed: callers of a Service, DNS, an Ingress controller."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.network import NetworkPolicy, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.netpol.book import rules_of
from services.graph.domain.netpol.services import ports_asked
from services.graph.domain.netpol.verdict import IF_ENFORCED, Direction, VerdictState
from services.graph.domain.relations.calls import NAMED_PLAINLY
from services.graph.domain.rules.backing import is_ready
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.policy_cuts import (
    Aim,
    Caller,
    Cut,
    calls_in,
    cuts_of,
    find_cut,
    numbers_of,
    owner_of,
    pods_like,
    reach_of,
)
from services.graph.domain.rules.showing import is_leaving, on, shown, some_names
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_MOST_SHOWN = 4


class _Denied(NamedTuple):
    """A call that policies deny, with one pod of each end and what to mend."""

    caller: Caller
    who: Ref
    source: Pod
    target: Pod
    cut: Cut


def _cut_off(view: View, service: Service) -> Iterable[Hit]:
    if not view.inventory.all(NetworkPolicy) or is_leaving(view, service):
        return
    targets = reach_of(view).targets_of(service)
    if not targets:
        return
    found: dict[tuple[Ref, Direction], list[_Denied]] = {}
    for one in _denied_calls(view, service):
        # Of the callee's policies the callee suffers; of the caller's own, the caller.
        subject = owner_of(view, one.target) if one.cut.direction is Direction.INGRESS else one.who
        found.setdefault((subject, one.cut.direction), []).append(one)
    for (subject, _), denied in found.items():
        yield _hit(service, subject, denied)
    if not any(direction is Direction.INGRESS for _, direction in found):
        yield from _sealed(view, service, targets)


def _denied_calls(view: View, service: Service) -> Iterator[_Denied]:
    reach = reach_of(view)
    target = reach.targets_of(service)[0]
    for caller in calls_in(view.inventory).of_service.get(service.ref, ()):
        thing = view.inventory.find_ref(caller.thing)
        sources = pods_like(view.inventory, thing) if thing else []
        verdicts = [reach.reach_service(one, service, caller.call.port) for one in sources]
        if thing is None or not verdicts or any(one.state is not VerdictState.DENIED for one in verdicts):
            continue
        ports = ports_asked(service, caller.call.port)
        for cut in cuts_of(view, verdicts[0], sources[0], target, ports):
            yield _Denied(caller, top_owner(view.inventory, thing), sources[0], target, cut)


def _hit(service: Service, subject: Ref, denied: Sequence[_Denied]) -> Hit:
    first = min(denied, key=lambda one: (-(one.cut.step or (0, ""))[0], one.cut.policy.metadata.name))
    cut, names = first.cut, some_names(str(one.who) for one in denied)
    steps = [(0.15, f"no rule lets anything through at the port for {cut.direction}")] if cut.is_sealed else []
    if cut.step:
        steps.append(cut.step)
    if any(one.caller.call.confidence >= NAMED_PLAINLY for one in denied):
        steps.append((0.1, "the caller's configuration plainly names the Service"))
    seen = [shown(cut.policy, f"{cut.policy.ref}: {cut.text}; {IF_ENFORCED}", cut.path)]
    for one in denied[:_MOST_SHOWN]:
        words = f"{one.who} is configured to call {service.ref}"
        seen.append(Seen("object", one.caller.thing, words, one.caller.call.source_field))
    seen += _health(first.target, steps)
    verb = "reach" if cut.direction is Direction.INGRESS else "call"
    return Hit(
        subject,
        f"{cut.policy.ref} does not let {names} {verb} {service.ref}, which they are configured to call",
        tuple(seen),
        culprit=cut.policy.ref,
        steps=tuple(steps),
        explains=tuple(dict.fromkeys((subject, service.ref, *(one.who for one in denied)))),
        remedies=(_remedy(cut, f"{names} to {service.ref}"),),
    )


def _health(target: Pod, steps: list[tuple[float, str]]) -> list[Seen]:
    if not is_ready(target):
        return []
    steps.append((0.05, "what is called is ready otherwise"))
    return [shown(target, "is ready: it would answer", "status.conditions[type=Ready]")]


def _remedy(cut: Cut, what: str) -> Remedy:
    side = "ingress" if cut.direction is Direction.INGRESS else "egress"
    return Remedy(f"Allow {what} by an {side} rule, in {cut.policy.ref} or in a policy beside it.")


def _sealed(view: View, service: Service, targets: Sequence[Pod]) -> Iterator[Hit]:
    """Find a Service nobody may reach at all: callers may be where nothing could be read, or name it elsewhere.

    What is not ready has a fault of its own, and is left to that.
    """
    namespace = service.metadata.namespace
    knows = reach_of(view).knows_targets(service) and _knows_policies(view, namespace)
    if not knows or not any(map(is_ready, targets)):
        return
    ports, cuts = ports_asked(service, None), []
    for target in targets:
        numbers = numbers_of(target, ports)
        cut = find_cut(view, Direction.INGRESS, target, None, Aim(target, numbers)) if numbers else None
        if cut is None or not cut.is_sealed:
            return
        cuts.append(cut)
    cut = cuts[0]
    steps = [(0.05, "no rule lets anything through at any port of the Service")]
    policies = reach_of(view).book.policies_in(namespace)
    if any(rules_of(one, Direction.INGRESS) for one in policies):
        steps.append((-0.15, "policies beside it let others be reached, and no caller is known: it may be meant so"))
    else:
        steps.append((0.15, "no policy of the namespace lets anything in"))
    seen = [shown(cut.policy, f"{cut.policy.ref}: {cut.text}; {IF_ENFORCED}", cut.path)]
    seen.append(shown(service, f"leads to {len(targets)} pods that nobody may reach", "spec.selector"))
    seen += _health(next(filter(is_ready, targets)), steps)
    subject = owner_of(view, targets[0])
    yield Hit(
        subject,
        f"{cut.policy.ref} lets nobody reach {service.ref}",
        tuple(seen),
        culprit=cut.policy.ref,
        steps=tuple(steps),
        explains=(subject, service.ref),
        remedies=(_remedy(cut, f"those who need it to reach {service.ref}"),),
    )


def _knows_policies(view: View, namespace: str | None) -> bool:
    return view.inventory.coverage.proves_absence(NetworkPolicy.KIND, namespace)


RULES: tuple[Rule, ...] = (
    Rule(
        id="network-policy-cuts-off-callers",
        title="Network policy cuts off callers of a Service",
        layer=Layer.NETWORK,
        severity=Severity.HIGH,
        kinds=(Service,),
        condition="Policies deny a workload the Service its configuration names, or let nobody reach a Service.",
        explanation="Isolation denies all that no rule allows, and connections time out without a word in any log.",
        remediation="Add a rule for the callers, or mend the selector or port of the rule that was meant for them.",
        base=0.55,
        check=on(Service, _cut_off),
        conditions=(63, 66),
        needs=(NetworkPolicy, Pod, Namespace),
    ),
)
