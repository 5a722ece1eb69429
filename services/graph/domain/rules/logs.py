"""Rules for what containers that are not well write in their logs; one for each signature."""

from collections.abc import Callable, Iterator

from services.graph.domain.evidence.blame import blame_pod, inferred_step
from services.graph.domain.evidence.pod_state import Part, is_concern, is_ready, parts_of
from services.graph.domain.evidence.witness import seen, seen_lines
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.logs.dns_trouble import denies_all_egress, find_dns_trouble, knows_service
from services.graph.domain.logs.log_patterns import SIGNATURES, Signature
from services.graph.domain.logs.log_signatures import Match, find_signatures
from services.graph.domain.logs.log_targets import Target, look_at_host
from services.graph.domain.logs.rbac_trouble import find_rbac_trouble
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_NETWORK = {"dns", "connection-refused", "timeout", "tls", "authentication"}


def _checks(signature: Signature) -> Callable[[View, KubeObject], Iterator[Hit]]:
    def check(view: View, thing: KubeObject) -> Iterator[Hit]:
        if isinstance(thing, Pod):
            for part, match in _matches(view, thing):
                if match.signature is signature:
                    yield _hit(view, thing, part, match)

    return check


def _matches(view: View, pod: Pod) -> list[tuple[Part, Match]]:
    """Return what the logs of a pod in trouble say: looked through once for all signatures."""
    key = ("log signatures", pod.ref)
    if key not in view.known:
        is_quiet = is_ready(pod) or not is_concern(view.inventory, pod)
        parts = [] if is_quiet else [part for part in parts_of(pod) if _is_unwell(part)]
        view.known[key] = [(part, match) for part in parts for match in find_signatures(_lines(view, pod, part))]
    found: list[tuple[Part, Match]] = view.known[key]
    return found


def _is_unwell(part: Part) -> bool:
    if part.is_init and part.ended and part.ended.exit_code == 0:
        return False
    return part.status.ready is False or part.ended_before is not None or bool(part.ended and part.ended.exit_code)


def _lines(view: View, pod: Pod, part: Part) -> tuple[str, ...]:
    both = (view.logs.lines(pod.ref, part.name, previous=previous) for previous in (True, False))
    return tuple(line for lines in both for line in lines)


def _hit(view: View, pod: Pod, part: Part, match: Match) -> Hit:
    owner, blamed = top_owner(view.inventory, pod), blame_pod(view, pod).culprit
    target = _target(view, pod, match)
    marks = [seen_lines(pod.ref, part.name, match.lines, f"{match.signature.title}{_named(match)}."), *target.seen]
    marks += _state(pod, part)
    steps = [*target.steps, *inferred_step(view, pod)]
    if _crashed(part):
        steps.insert(0, (0.12, "the container ended with an error"))
    note = f" {target.note}" if target.note else ""
    return Hit(
        subject=pod.ref,
        summary=f"The log of {part.name} says: {match.signature.title.lower()}{_named(match)}.{note}",
        seen=tuple(marks),
        culprit=target.culprit or blamed,
        steps=tuple(steps),
        explains=(pod.ref, owner) if target.culprit and target.culprit != owner else (pod.ref,),
        remedies=(Remedy(f"{match.signature.remediation}{f' ({owner}{_named(match)})' if _named(match) else ''}"),),
    )


def _target(view: View, pod: Pod, match: Match) -> Target:
    if match.signature.id == "kubernetes-forbidden":
        return find_rbac_trouble(view, match.lines)
    if match.signature.id not in _NETWORK:
        return Target()
    is_timeout = match.signature.id == "timeout"
    target = look_at_host(view, pod, match.host, match.port, complaint=match.signature.id)
    # A name that is proven to be of no Service explains itself; a right one asks for another reason.
    if match.signature.id == "dns" and not target.steps_up:
        return find_dns_trouble(view, pod, match.host) or target
    may_be_policy = is_timeout and target.culprit is None and knows_service(view, pod, match.host)
    policy = denies_all_egress(view, pod) if may_be_policy else None
    if policy is None:
        return target
    words = f"NetworkPolicy {policy.metadata.name} lets the pod send nothing."
    mark = seen(policy, "spec.egress", words)
    return Target((*target.seen, mark), ((0.18, "a policy denies what it sends"),), policy.ref, words)


def _named(match: Match) -> str:
    where = f"{match.host}:{match.port}" if match.host and match.port else match.host
    named = next((one for one in (where, match.name, match.path) if one), "")
    return f": {named}" if named else ""


def _state(pod: Pod, part: Part) -> Iterator[Seen]:
    for path, end in (("state", part.ended), ("lastState", part.ended_before)):
        if end and end.exit_code:
            yield seen(pod, f"{part.path}.{path}.terminated", f"Exit code {end.exit_code}.", end.finished_at)
            return
    if part.status.ready is False:
        yield seen(pod, f"{part.path}.ready", f"Container {part.name} is not ready.")


def _crashed(part: Part) -> bool:
    return any(end is not None and bool(end.exit_code) for end in (part.ended, part.ended_before))


def _rule(signature: Signature) -> Rule:
    return Rule(
        id=f"log-{signature.id}",
        title=signature.title,
        layer=Layer.RBAC if signature.id == "kubernetes-forbidden" else Layer.APP,
        severity=Severity.MEDIUM if signature.is_generic else Severity.HIGH,
        kinds=(Pod,),
        condition="a container that is not well wrote lines of this sort",
        explanation=signature.explanation,
        remediation=signature.remediation,
        base=0.45 if signature.is_generic else 0.65,
        check=_checks(signature),
        conditions=(82, 86) if signature.id == "kubernetes-forbidden" else (86,),
    )


RULES: tuple[Rule, ...] = tuple(_rule(signature) for signature in SIGNATURES)
