"""Rules for Deployments: rollouts that do not end, replicas that are missing, and changes nobody acts on."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.graph.domain.evidence.blame import Blame, blame_workload, sick_pods, unread_step
from services.graph.domain.evidence.change_evidence import change_before
from services.graph.domain.evidence.pod_state import is_older
from services.graph.domain.evidence.witness import seen, seen_condition
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Condition, KubeObject, find_condition
from services.graph.domain.k8s.workloads import DaemonSet, Deployment, ReplicaSet, StatefulSet
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import replica_sets_of
from shared.contracts.severity import Severity

# A rollout that has not moved for so long is worth a look (Coroot uses the same time).
_SLOW = timedelta(seconds=180)


def _wanted(deployment: Deployment) -> int:
    return 1 if deployment.spec.replicas is None else deployment.spec.replicas


def _progress(deployment: Deployment) -> Condition | None:
    return find_condition(deployment.status.conditions, "Progressing")


def _counts(deployment: Deployment) -> Seen:
    status = deployment.status
    words = (
        f"{status.ready_replicas or 0} of {_wanted(deployment)} ready, {status.updated_replicas or 0} updated,"
        f" {status.unavailable_replicas or 0} unavailable."
    )
    return seen(deployment, "status", words)


def _hit(view: View, deployment: Deployment, summary: str, *marks: Seen) -> Hit:
    found: Blame = blame_workload(view, deployment)
    progress = _progress(deployment)
    since = progress.last_transition_time if progress else None
    is_own = found.culprit == deployment.ref
    changed, steps, undo = change_before(
        view.inventory, deployment.ref, since, "image", "env", "limits", "probe", "config"
    )
    if not is_own:
        changed, steps, undo = (), (), ()
    argv = ("kubectl", "rollout", "status", f"deployment/{deployment.metadata.name}")
    look = Remedy(
        "Look at the pods of the newest ReplicaSet.", (*argv, "-n", deployment.metadata.namespace or ""), "low"
    )
    return Hit(
        subject=deployment.ref,
        summary=summary,
        seen=(*marks, _counts(deployment), *found.seen, *changed),
        culprit=found.culprit,
        steps=(*steps, *unread_step(view, deployment)) if is_own else (),
        explains=() if is_own else (deployment.ref,),
        remedies=(*undo, look),
    )


def _deadline(view: View, thing: KubeObject) -> Iterator[Hit]:
    progress = _progress(thing) if isinstance(thing, Deployment) else None
    if isinstance(thing, Deployment) and progress and _is_late(progress):
        yield _hit(view, thing, "Its rollout has not ended within its deadline.", seen_condition(thing, progress))


def _is_late(progress: Condition) -> bool:
    return progress.status == "False" and progress.reason == "ProgressDeadlineExceeded"


def _missing(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Deployment) or (thing.status.ready_replicas or 0) >= _wanted(thing):
        return
    progress, available = _progress(thing), find_condition(thing.status.conditions, "Available")
    # While a rollout moves within its deadline, replicas are missing by design; the next rule watches that.
    if progress and (_is_late(progress) or progress.reason != "NewReplicaSetAvailable"):
        return
    pods = sick_pods(view.inventory, thing)
    since = available.last_transition_time if available and available.status == "False" else None
    if since is None and not any(is_older(_unready_since(pod), view.now) for pod in pods):
        return
    if since is not None and not is_older(since, view.now):
        return
    ready = thing.status.ready_replicas or 0
    marks = (seen_condition(thing, available),) if available else ()
    yield _hit(view, thing, f"Only {ready} of {_wanted(thing)} replicas are ready.", *marks)


def _unready_since(pod: Pod) -> datetime | None:
    ready = find_condition(pod.status.conditions, "Ready")
    return (ready.last_transition_time if ready else None) or pod.metadata.creation_timestamp


def _slow(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Deployment) or thing.spec.paused or not _is_rolling(thing):
        return
    progress = _progress(thing)
    if progress is None or _is_late(progress) or not is_older(progress.last_transition_time, view.now, _SLOW):
        return
    if progress.reason == "NewReplicaSetAvailable":
        return
    pods = sick_pods(view.inventory, thing)
    if pods and not any(is_older(pod.metadata.creation_timestamp, view.now) for pod in pods):
        return
    # Where its pods were read and all of them are well, it moves, only slowly.
    if not pods and view.inventory.coverage.proves_absence(Pod.KIND, thing.metadata.namespace):
        return
    yield _hit(
        view, thing, "Its rollout has been going on for more than three minutes.", seen_condition(thing, progress)
    )


def _is_rolling(deployment: Deployment) -> bool:
    status = deployment.status
    wanted, updated = _wanted(deployment), status.updated_replicas or 0
    available = status.available_replicas or 0
    return updated < wanted or available < wanted or (status.replicas or 0) > updated


def _paused(_view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Deployment) or not thing.spec.paused:
        return
    if _wanted(thing) == 0 or (thing.status.updated_replicas or 0) >= _wanted(thing):
        return
    name, namespace = thing.metadata.name, thing.metadata.namespace or ""
    resume = Remedy("Resume it.", ("kubectl", "rollout", "resume", f"deployment/{name}", "-n", namespace))
    marks = (seen(thing, "spec.paused", "It is paused, and its last change is not rolled out."), _counts(thing))
    yield Hit(thing.ref, "It is paused while a change waits to be rolled out.", marks, remedies=(resume,))


def _unobserved(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Deployment | StatefulSet | DaemonSet | ReplicaSet):
        return
    generation, observed = thing.metadata.generation, thing.status.observed_generation
    if generation is None or generation <= (observed or 0):
        return
    fields = getattr(thing.metadata, "managed_fields", None) or ()
    times = [one.time for one in fields if one.time and one.subresource is None]
    if not is_older(max(times, default=thing.metadata.creation_timestamp), view.now):
        return
    summary = f"Its controller has not acted on its last change: generation {generation}, observed {observed or 0}."
    yield Hit(thing.ref, summary, (seen(thing, "status.observedGeneration", summary),))


def _no_pods(view: View, thing: KubeObject) -> Iterator[Hit]:
    """A Deployment whose ReplicaSet was read, should have pods, has none, and says no reason."""
    if not isinstance(thing, Deployment) or not _wanted(thing) or thing.status.replicas or thing.spec.paused:
        return
    coverage, namespace = view.inventory.coverage, thing.metadata.namespace
    if not (coverage.proves_absence("ReplicaSet", namespace) and coverage.proves_absence("Pod", namespace)):
        return
    if replica_sets_of(view.inventory, thing) or not is_older(thing.metadata.creation_timestamp, view.now):
        return
    summary = "It has no ReplicaSet, so nothing makes its pods."
    yield Hit(thing.ref, summary, (seen(thing, "status.replicas", summary), _counts(thing)))


def _strategy(_view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Deployment) or not thing.spec.strategy or not thing.spec.strategy.rolling_update:
        return
    update = thing.spec.strategy.rolling_update
    if str(update.max_unavailable) in {"100%", "100"} or (
        isinstance(update.max_unavailable, int) and 0 < _wanted(thing) <= update.max_unavailable
    ):
        summary = "A rollout may take all its pods away at once."
        mark = seen(thing, "spec.strategy.rollingUpdate.maxUnavailable", str(update.max_unavailable))
        yield Hit(thing.ref, summary, (mark,))


RULES: tuple[Rule, ...] = (
    Rule(
        id="deployment-deadline-exceeded",
        shows_only=True,
        title="Its rollout has not ended in time",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Deployment,),
        condition="Progressing is False with reason ProgressDeadlineExceeded",
        explanation="The new pods do not become ready; the old ones stay as far as the strategy allows.",
        remediation="Undo the rollout, or mend what its newest pods show.",
        base=0.9,
        check=_deadline,
        conditions=(28,),
    ),
    Rule(
        id="deployment-replicas-missing",
        shows_only=True,
        title="Replicas are missing",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Deployment,),
        condition="fewer replicas are ready than wanted for more than two minutes, and no rollout is under way",
        explanation="Pods that were ready are not any more.",
        remediation="Look at the pods that are not ready.",
        base=0.8,
        check=_missing,
        conditions=(
            27,
            92,
        ),
    ),
    Rule(
        id="deployment-rollout-slow",
        shows_only=True,
        title="A rollout does not move",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(Deployment,),
        condition="a rollout within its deadline has not moved for more than three minutes",
        explanation="The new pods do not become ready.",
        remediation="Look at the pods of the newest ReplicaSet.",
        base=0.65,
        check=_slow,
        conditions=(29,),
    ),
    Rule(
        id="deployment-paused",
        title="Paused while a change waits",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(Deployment,),
        condition="spec.paused, and fewer pods are of the newest template than wanted",
        explanation="A paused Deployment is not rolled out until someone resumes it.",
        remediation="Resume it.",
        base=0.75,
        check=_paused,
        conditions=(30,),
    ),
    Rule(
        id="workload-not-observed",
        title="Nobody acts on its last change",
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=(
            Deployment,
            StatefulSet,
            DaemonSet,
            ReplicaSet,
        ),
        condition="metadata.generation is above status.observedGeneration for more than two minutes",
        explanation="The controller manager acts on every change within seconds.",
        remediation="See to the controller manager.",
        base=0.75,
        check=_unobserved,
        conditions=(29,),
    ),
    Rule(
        id="deployment-without-replicaset",
        title="It has no ReplicaSet",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Deployment,),
        condition="pods are wanted, and it owns no ReplicaSet, for more than two minutes",
        explanation="The Deployment controller has not acted, or may not.",
        remediation="See to the controller manager, and to labels that other ReplicaSets claim.",
        base=0.8,
        check=_no_pods,
        conditions=(36,),
    ),
    Rule(
        id="deployment-strategy-drops-all",
        title="A rollout may take all pods away",
        layer=Layer.APP,
        severity=Severity.LOW,
        kinds=(Deployment,),
        condition="maxUnavailable is 100% or at least the number of replicas",
        explanation="Nothing serves while the new pods start.",
        remediation="Lower maxUnavailable.",
        base=0.8,
        check=_strategy,
        conditions=(29,),
        is_advice=True,
    ),
)
