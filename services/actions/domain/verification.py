"""Decide from one look whether what a change was made for has come true, has not yet, or cannot any more."""

from collections.abc import Callable, Iterable, Mapping

from services.actions.domain.draining import Fate, belongs_to_node, sort_pods
from services.actions.domain.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, Kind
from services.actions.domain.objects import KubeObject
from shared.contracts.action import Expectation, ExpectationCheck, Verdict, VerdictState

_MOST_NAMED = 5


def judge(expectation: Expectation, kind: Kind, seen: KubeObject, others: Iterable[KubeObject] = ()) -> Verdict:
    """Return the verdict on an expectation.

    ``seen`` is the object as it is now, one that does not exist where it is gone; ``others`` are the pods of a node
    (``drained``) or the EndpointSlices of a Service (``endpoints``).
    """
    is_same = seen.exists and (expectation.uid is None or seen.uid == expectation.uid)
    if expectation.check is ExpectationCheck.GONE:
        return _gone(seen) if is_same else _holds("it is gone")
    if not is_same:
        return _cannot("the object is gone" if not seen.exists else "another object has its name now")
    if expectation.check is ExpectationCheck.ROLLOUT:
        return _rollout(expectation, kind, seen)
    if expectation.check is ExpectationCheck.REPLICAS:
        return _replicas(expectation, seen)
    return _judge_fields(expectation, seen, others)


def _judge_fields(expectation: Expectation, seen: KubeObject, others: Iterable[KubeObject]) -> Verdict:
    if expectation.check is ExpectationCheck.DRAINED:
        return _drained(expectation, seen, others)
    if expectation.check is ExpectationCheck.ENDPOINTS:
        return _endpoints(seen, others)
    return _field(expectation, seen)


def _rollout(expectation: Expectation, kind: Kind, seen: KubeObject) -> Verdict:
    if not _is_observed(expectation, seen):
        return _not_yet("its controller has not seen the change yet")
    rule = _ROLLOUTS.get(kind)
    return rule(seen) if rule else _cannot(f"a {kind.name} does not roll out")


def _roll_deployment(seen: KubeObject) -> Verdict:
    # As `kubectl rollout status` judges it.
    if seen.at("spec", "paused") is True:
        return _cannot("it is paused, so nothing rolls out")
    for condition in seen.items("status", "conditions"):
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return _cannot("it made no progress within its deadline")
    wanted = _wanted(seen)
    updated, total = seen.number("status", "updatedReplicas"), seen.number("status", "replicas")
    available = seen.number("status", "availableReplicas")
    if updated < wanted:
        return _not_yet(f"{updated} of {wanted} pods are new")
    if total > updated:
        return _not_yet(f"{total - updated} old pods are still to end")
    if available < updated:
        return _not_yet(f"{available} of {updated} pods are available")
    return _holds(f"all {wanted} pods are new and available")


def _roll_stateful_set(seen: KubeObject) -> Verdict:
    if seen.at("spec", "updateStrategy", "type") == "OnDelete":
        return _cannot("its update strategy is OnDelete: pods change only when they are deleted")
    wanted, ready = _wanted(seen), seen.number("status", "readyReplicas")
    new = max(0, wanted - seen.number("spec", "updateStrategy", "rollingUpdate", "partition"))
    updated = seen.number("status", "updatedReplicas")
    if seen.at("status", "updateRevision") == seen.at("status", "currentRevision"):
        # Once all pods are new, the server counts none as updated any more.
        updated = max(updated, new)
    if updated < new:
        return _not_yet(f"{updated} of {new} pods are new")
    if ready < wanted:
        return _not_yet(f"{ready} of {wanted} pods are ready")
    return _holds(f"{new} pods are new, and all {wanted} are ready")


def _roll_daemon_set(seen: KubeObject) -> Verdict:
    if seen.at("spec", "updateStrategy", "type") == "OnDelete":
        return _cannot("its update strategy is OnDelete: pods change only when they are deleted")
    wanted = seen.number("status", "desiredNumberScheduled")
    updated, available = seen.number("status", "updatedNumberScheduled"), seen.number("status", "numberAvailable")
    if updated < wanted:
        return _not_yet(f"{updated} of {wanted} pods are new")
    if available < wanted:
        return _not_yet(f"{available} of {wanted} pods are available")
    return _holds(f"all {wanted} pods are new and available")


def _replicas(expectation: Expectation, seen: KubeObject) -> Verdict:
    spec = _wanted(seen)
    if spec != expectation.value:
        return _cannot(f"it was scaled to {spec} since")
    if not _is_observed(expectation, seen):
        return _not_yet("its controller has not seen the change yet")
    total, ready = seen.number("status", "replicas"), seen.number("status", "readyReplicas")
    if total != spec or ready != spec:
        return _not_yet(f"{ready} of {spec} pods are ready, and there are {total}")
    return _holds(f"{spec} pods are ready")


def _field(expectation: Expectation, seen: KubeObject) -> Verdict:
    found = seen.at(*expectation.field.split("."))
    # The server leaves out what is false.
    if found == expectation.value or not (found or expectation.value):
        return _holds(expectation.words)
    return _cannot(f"{expectation.field} is another value again")


def _gone(seen: KubeObject) -> Verdict:
    if not seen.is_going:
        return _not_yet("it is there, and is not ending")
    finalizers = seen.at("metadata", "finalizers")
    if isinstance(finalizers, list) and finalizers:
        return _not_yet(f"it is ending, and waits for its finalizers: {', '.join(map(str, finalizers[:_MOST_NAMED]))}")
    return _not_yet("it is ending")


def _drained(expectation: Expectation, node: KubeObject, pods: Iterable[KubeObject]) -> Verdict:
    if node.at("spec", "unschedulable") is not True:
        return _cannot("the node takes pods again")
    everything = tuple(pods)
    found = sort_pods(everything, expectation.parameters)
    left = [pod for fate in Fate if fate is not Fate.STAYS for pod in found[fate]]
    left += [pod for pod in found[Fate.STAYS] if pod.is_going and not belongs_to_node(pod)]
    if not left:
        return _holds("no pod that can be evicted is left")
    names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in left[:_MOST_NAMED])
    return _not_yet(f"{len(left)} pods are left: {names}{' and more' if len(left) > _MOST_NAMED else ''}")


def _endpoints(seen: KubeObject, slices: Iterable[KubeObject]) -> Verdict:
    if not seen.at("spec", "selector"):
        return _cannot("it selects no pods")
    ready = sum(_is_ready(one) for part in slices for one in part.items("endpoints"))
    return _holds(f"{ready} endpoints are ready") if ready else _not_yet("no endpoint is ready")


def _is_ready(endpoint: Mapping[str, object]) -> bool:
    conditions = endpoint.get("conditions")
    # https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions: unknown counts as ready.
    return not isinstance(conditions, Mapping) or conditions.get("ready") in {True, None}


def _is_observed(expectation: Expectation, seen: KubeObject) -> bool:
    return seen.number("status", "observedGeneration") >= max(seen.generation, expectation.generation)


def _wanted(seen: KubeObject) -> int:
    # Left out, it is 1; the server fills it in, but for a 0 it writes a 0.
    found = seen.at("spec", "replicas")
    return found if isinstance(found, int) else 1


def _holds(words: str) -> Verdict:
    return Verdict(state=VerdictState.HOLDS, words=words)


def _not_yet(words: str) -> Verdict:
    return Verdict(state=VerdictState.NOT_YET, words=words)


def _cannot(words: str) -> Verdict:
    return Verdict(state=VerdictState.CANNOT_HOLD, words=words)


_ROLLOUTS: Mapping[Kind, Callable[[KubeObject], Verdict]] = {
    DEPLOYMENT: _roll_deployment,
    STATEFUL_SET: _roll_stateful_set,
    DAEMON_SET: _roll_daemon_set,
}
