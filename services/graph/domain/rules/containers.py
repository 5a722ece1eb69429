"""Rules for containers that cannot start, or start and end."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from services.graph.domain.evidence.blame import blame_pod, inferred_step
from services.graph.domain.evidence.change_evidence import change_before
from services.graph.domain.evidence.crash_evidence import (
    end_marks,
    events_of_crash,
    is_killed_for_memory,
    last_end,
    last_lines,
)
from services.graph.domain.evidence.exit_codes import explain_exit
from services.graph.domain.evidence.pod_state import Part, is_concern, is_older, is_over, is_ready, parts_of
from services.graph.domain.evidence.witness import events_about, seen, seen_event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_RECENT = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_MANY_RESTARTS = 5
_CONFIG = {"CreateContainerConfigError"}
_START = {"CreateContainerError", "RunContainerError", "PreStartHookError", "PreCreateHookError", "PostStartHookError"}
_PartCheck = Callable[[View, Pod, Part], Iterator[Hit]]


def _each(check: _PartCheck) -> Callable[[View, KubeObject], Iterator[Hit]]:
    def look(view: View, thing: KubeObject) -> Iterator[Hit]:
        if isinstance(thing, Pod) and is_concern(view.inventory, thing):
            for part in parts_of(thing):
                yield from check(view, thing, part)

    return look


def _config(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    if part.waits_for in _CONFIG:
        yield _start_hit(view, pod, part, "needs configuration that is not there", "config", "env")


def _start(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    if part.waits_for in _START:
        yield _start_hit(view, pod, part, "cannot be started", "command", "args", "image", "security")


def _start_hit(view: View, pod: Pod, part: Part, says: str, *relevant: str) -> Hit:
    told = (part.waiting.message or "") if part.waiting else ""
    owner = top_owner(view.inventory, pod)
    events = [one for one in events_about(view, pod, "Failed", "FailedPostStartHook") if "pull" not in one.message]
    marks = (seen(pod, f"{part.path}.state.waiting", f"{part.waits_for}: {told}"), *map(seen_event, events[:1]))
    changed, steps, undo = change_before(view.inventory, owner, None, *relevant)
    summary = f"Container {part.name} {says}: {told or part.waits_for}"
    mend = Remedy(f"Mend what the message names in {owner}, or create it: {told or part.waits_for}")
    explains = (pod.ref,)
    return Hit(
        pod.ref, summary, (*marks, *changed), owner, (*steps, *inferred_step(view, pod)), explains, (mend, *undo)
    )


def _crash_loop(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    if part.waits_for == "CrashLoopBackOff" and not part.is_init and not is_killed_for_memory(part):
        yield _crash_hit(view, pod, part, f"Container {part.name} starts and ends again and again")


def _init_crash(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    if not part.is_init or is_killed_for_memory(part):
        return
    end = part.ended
    has_failed = end is not None and end.exit_code not in {0, None}
    if part.waits_for == "CrashLoopBackOff" or (has_failed and part.waits_for == ""):
        yield _crash_hit(view, pod, part, f"Init container {part.name} fails, so the pod never starts")


def _failed(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    end = part.ended
    if end is None or part.is_init or end.exit_code in {0, None} or is_killed_for_memory(part):
        return
    # A container that ended beside others that run: its pod is not over.
    yield _crash_hit(view, pod, part, f"Container {part.name} ended with an error")


def _completed(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    end = last_end(part)
    if end is None or end.exit_code != 0 or part.is_init or is_over(pod):
        return
    restarts = (pod.spec.restart_policy or "Always") == "Always"
    if restarts and part.waits_for == "CrashLoopBackOff":
        yield _crash_hit(view, pod, part, f"Container {part.name} ends well, though it should run on")


def _crashed_recently(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    end = part.ended_before
    if end is None or part.waiting or part.ended or part.is_init or end.exit_code in {0, None}:
        return
    if end.reason == "OOMKilled" or is_older(end.finished_at, view.now, _RECENT):
        return
    if is_ready(pod) and part.restarts < 2:  # noqa: PLR2004 - one restart and well since is how things heal.
        return
    yield _crash_hit(view, pod, part, f"Container {part.name} crashed a short time ago")


def _restarts(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    end = part.ended_before
    if part.restarts <= _MANY_RESTARTS or part.waiting or part.ended or end is None or not is_ready(pod):
        return
    if end.reason == "OOMKilled" or is_older(end.finished_at, view.now, _HOUR):
        return
    yield _crash_hit(
        view, pod, part, f"Container {part.name} was restarted {part.restarts} times, last within the hour"
    )


def _crash_hit(view: View, pod: Pod, part: Part, says: str) -> Hit:
    end = last_end(part)
    owner = blame_pod(view, pod).culprit
    means = explain_exit(end.exit_code, end.reason or "") if end and end.exit_code is not None else None
    marks = [*end_marks(pod, part), *events_of_crash(view, pod), *last_lines(view, pod, part)]
    begun = pod.metadata.creation_timestamp
    changed, steps, undo = change_before(view.inventory, owner, begun, "image", "env", "command", "args", "config")
    namespace = pod.metadata.namespace or ""
    argv = ("kubectl", "logs", pod.metadata.name, "-n", namespace, "-c", part.name, *_previous(part))
    read = Remedy(f"Read the log of the instance of {part.name} that ended.", argv, "low")
    return Hit(
        subject=pod.ref,
        summary=f"{says}: {means}." if means else f"{says}.",
        seen=(*marks, *changed),
        culprit=owner,
        steps=(*steps, *inferred_step(view, pod)),
        explains=(pod.ref,),
        remedies=(read, *undo),
    )


def _previous(part: Part) -> tuple[str, ...]:
    return ("--previous",) if part.ended_before and not part.ended else ()


def _rule(
    rule_id: str, title: str, condition: str, check: _PartCheck, *numbers: int, severity: Severity = Severity.HIGH
) -> Rule:
    return Rule(
        id=rule_id,
        title=title,
        layer=Layer.APP,
        severity=severity,
        kinds=(Pod,),
        condition=condition,
        explanation=_WHY[rule_id],
        remediation=_MEND[rule_id],
        base=0.75 if severity is Severity.MEDIUM else 0.9,
        shows_only=rule_id == "container-crash-loop",
        check=_each(check),
        conditions=numbers,
    )


_WHY = {
    "container-config-error": "The kubelet cannot build the container's environment, so it never starts.",
    "container-start-error": "The runtime refused the container or its command, so no process of it ran.",
    "container-crash-loop": "It ends soon after each start; the kubelet waits longer each time.",
    "init-container-failing": "Init containers run one after the other; the rest waits for each to end well.",
    "container-failed": "Its process ended with an error.",
    "container-completes": "The pod restarts what ends, so a process that ends well is started for ever.",
    "container-crashed-recently": "It runs now, and did not a moment ago.",
    "container-restarts-often": "Each restart breaks what it was doing.",
}
_MEND = {
    "container-config-error": "Create the ConfigMap, Secret or key that is named, or mend the reference.",
    "container-start-error": "Mend the command, the mount or the security settings the message names.",
    "container-crash-loop": "Read the log of the previous instance, and mend what it names.",
    "init-container-failing": "Read the init container's log, and mend its step or what it waits for.",
    "container-failed": "Read its log and its exit code.",
    "container-completes": "Run it as a Job, or give it a command that runs on.",
    "container-crashed-recently": "Read the log of the previous instance.",
    "container-restarts-often": "Read the log of the previous instance; look at liveness probe and memory.",
}

RULES: tuple[Rule, ...] = (
    _rule(
        "container-config-error",
        "Needs configuration that is not there",
        "a container waits with CreateContainerConfigError",
        _config,
        6,
        13,
        25,
    ),
    _rule("container-start-error", "Cannot be started", "a container waits with a start error", _start, 6, 13),
    _rule(
        "container-crash-loop",
        "Crashes again and again",
        "a container waits with CrashLoopBackOff",
        _crash_loop,
        7,
        14,
        16,
    ),
    _rule(
        "init-container-failing", "An init container fails", "an init container ended with an error", _init_crash, 13
    ),
    _rule("container-failed", "Ended with an error", "a container ended with a code other than 0", _failed, 9, 16, 17),
    _rule("container-completes", "Ends though it should run on", "it ended with 0 and is restarted", _completed, 7),
    _rule(
        "container-crashed-recently",
        "Crashed a short time ago",
        "its last instance ended with an error less than 15 minutes ago",
        _crashed_recently,
        10,
        14,
        severity=Severity.MEDIUM,
    ),
    _rule(
        "container-restarts-often",
        "Restarts often",
        "more than 5 restarts, the last within the hour",
        _restarts,
        15,
        severity=Severity.MEDIUM,
    ),
)
