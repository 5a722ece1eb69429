"""Rules for pods that run and are not ready, and for probes that fail."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from services.graph.domain.evidence.blame import has_own_trouble, inferred_step
from services.graph.domain.evidence.change_evidence import change_before
from services.graph.domain.evidence.pod_state import (
    Part,
    all_containers,
    is_concern,
    is_down,
    is_older,
    is_over,
    is_ready,
    node_of,
    parts_of,
    pod_condition,
)
from services.graph.domain.evidence.witness import events_about, seen, seen_condition, seen_event, seen_lines
from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.pods import Container, ContainerPort, Pod, Probe
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

# Events repeat while a probe fails; the newest of a probe that fails now is not older.
_FRESH = timedelta(minutes=15)
_CONTAINER = re.compile(r"\{([^}]+)\}$")


def _running(view: View, thing: KubeObject) -> Pod | None:
    """Return the pod if it runs, concerns us, and its node is not what is wrong."""
    if not isinstance(thing, Pod) or thing.status.phase != "Running" or not is_concern(view.inventory, thing):
        return None
    return None if is_down(node_of(view.inventory, thing)) else thing


def _failures(view: View, pod: Pod, probe: str) -> list[Event]:
    return [one for one in events_about(view, pod, "Unhealthy") if one.message.startswith(probe)]


def _readiness(view: View, thing: KubeObject) -> Iterator[Hit]:
    pod = _running(view, thing)
    if pod is None or is_ready(pod) or has_own_trouble(pod):
        return
    failed = _failures(view, pod, "Readiness")
    if failed:
        yield _probe_hit(view, pod, "Readiness", failed)


def _liveness(view: View, thing: KubeObject) -> Iterator[Hit]:
    pod = _running(view, thing)
    if pod is None:
        return
    for name in ("Liveness", "Startup"):
        failed = _failures(view, pod, name)
        # A failure or two that led to nothing are a moment's load, not a fault.
        is_fresh = bool(failed) and not is_older(failed[0].last_at, view.now, _FRESH)
        if failed and (not is_ready(pod) or (is_fresh and _was_killed_for(pod, failed[0]))):
            yield _probe_hit(view, pod, name, failed)


def _was_killed_for(pod: Pod, failed: Event) -> bool:
    named = _container_of(failed)
    return any(part.restarts > 0 and named in {"", part.name} for part in parts_of(pod))


def _container_of(event: Event) -> str:
    found = _CONTAINER.search(event.about.field_path or "")
    return found[1] if found else ""


def _probe_hit(view: View, pod: Pod, name: str, failed: list[Event]) -> Hit:
    owner = top_owner(view.inventory, pod)
    named = _container_of(failed[0])
    container = next((one for one in all_containers(pod.spec) if one.name == named), None)
    marks = [seen_event(failed[0]), *_not_ready_marks(pod, named), *_logs(view, pod, named)]
    wrong = _wrong_port(container, name) if container else None
    steps: list[tuple[float, str]] = []
    if wrong:
        marks.append(seen(pod, f"spec.containers[name={named}].{name.lower()}Probe", wrong))
        steps.append((0.04, "the probe asks a port the container does not declare"))
    since = _since(pod) or failed[-1].first_at
    changed, more, undo = change_before(view.inventory, owner, since, "probe", "image", "env", "command", "args")
    summary = f"The {name.lower()} probe of {named or 'a container'} fails: {_said(failed[0])}"
    advice = f"Mend what the {name.lower()} probe of {named or 'the container'} in {owner} asks for, or the probe."
    remedies = (Remedy(advice), *undo)
    all_steps = (*steps, *more, *inferred_step(view, pod))
    return Hit(pod.ref, summary, (*marks, *changed), owner, all_steps, (pod.ref,), remedies)


def _since(pod: Pod) -> datetime | None:
    ready = pod_condition(pod, "Ready")
    return ready.last_transition_time if ready else None


def _said(event: Event) -> str:
    return event.message.split("probe failed:", 1)[-1].strip() or event.message


def _not_ready_marks(pod: Pod, named: str) -> Iterator[Seen]:
    ready = pod_condition(pod, "Ready")
    if ready and ready.status != "True":
        yield seen_condition(pod, ready)
    for part in parts_of(pod):
        if part.name == named and part.status.ready is False:
            yield seen(pod, f"{part.path}.ready", f"Container {part.name} runs and is not ready.")


def _logs(view: View, pod: Pod, named: str) -> Iterator[Seen]:
    lines = view.logs.lines(pod.ref, named, previous=False)
    if lines:
        yield seen_lines(pod.ref, named, lines, "The newest lines.")


def _wrong_port(container: Container, name: str) -> str | None:
    """Return what is wrong with the port of a probe. Ports need not be declared, so only a name can be wrong."""
    probe: Probe | None = getattr(container, f"{name.lower()}_probe")
    if probe is None:
        return None
    check = probe.http_get or probe.tcp_socket or probe.grpc
    port = check.port if check else None
    declared: list[ContainerPort] = container.ports or []
    if port is None or not declared:
        return None
    if port in {one.name for one in declared} | {one.container_port for one in declared}:
        return None
    ports = ", ".join(str(one.name or one.container_port) for one in declared)
    return f"It asks port {port}; the container declares {ports}."


def _unready(view: View, thing: KubeObject) -> Iterator[Hit]:
    """A pod that runs and is not ready, where no Event says why: they may not be readable, or be gone."""
    pod = _running(view, thing)
    if pod is None or is_ready(pod) or has_own_trouble(pod) or events_about(view, pod, "Unhealthy"):
        return
    ready = pod_condition(pod, "Ready")
    if ready is None or not is_older(ready.last_transition_time, view.now):
        return
    unready = [part for part in parts_of(pod) if _is_unready(part)]
    gates = ready.reason == "ReadinessGatesNotReady"
    if not unready and not gates:
        return
    names = ", ".join(part.name for part in unready) or "a readiness gate"
    owner = top_owner(view.inventory, pod)
    marks = [seen_condition(pod, ready), *(mark for part in unready for mark in _logs(view, pod, part.name))]
    changed, steps, undo = change_before(view.inventory, owner, ready.last_transition_time, "probe", "image", "env")
    summary = f"It runs, but is not ready: {names}."
    look = Remedy(f"See why {names} of {owner} is not ready: its readiness probe and its log.")
    all_steps = (*steps, *inferred_step(view, pod))
    yield Hit(pod.ref, summary, (*marks, *changed), owner, all_steps, (pod.ref,), (look, *undo))


def _is_unready(part: Part) -> bool:
    runs = part.status.state is not None and part.status.state.running is not None
    return runs and part.status.ready is False and not part.is_init


def _unknown_port(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or is_over(thing) or not is_concern(view.inventory, thing) or is_ready(thing):
        return
    for container in thing.spec.containers or ():
        for name in ("liveness", "readiness", "startup"):
            probe: Probe | None = getattr(container, f"{name}_probe")
            check = (probe.http_get or probe.tcp_socket) if probe else None
            port = check.port if check else None
            known = {one.name for one in container.ports or ()}
            if isinstance(port, str) and not port.isdigit() and port not in known:
                summary = f"The {name} probe of {container.name} asks port {port}, which the container does not name."
                mark = seen(thing, f"spec.containers[name={container.name}].{name}Probe", summary)
                owner = top_owner(view.inventory, thing)
                yield Hit(thing.ref, summary, (mark,), owner, explains=(thing.ref,))


RULES: tuple[Rule, ...] = (
    Rule(
        id="probe-readiness-failing",
        title="Its readiness probe fails",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="the pod runs, is not ready, and an Unhealthy Event names the readiness probe",
        explanation="A pod that is not ready gets no traffic, and a rollout waits for it.",
        remediation="Mend what the probe asks for, or the probe.",
        base=0.85,
        check=_readiness,
        conditions=(12,),
    ),
    Rule(
        id="probe-liveness-failing",
        title="Its liveness or startup probe fails",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="an Unhealthy Event names the probe, and the pod is not ready or was restarted for it",
        explanation="The kubelet kills and restarts a container whose liveness or startup probe fails.",
        remediation="Mend what the probe asks for, or give it more time.",
        base=0.88,
        check=_liveness,
        conditions=(12,),
    ),
    Rule(
        id="pod-not-ready",
        shows_only=True,
        title="Runs and is not ready",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(Pod,),
        condition="the pod runs, is not ready for more than two minutes, and no Event says why",
        explanation="A pod that is not ready gets no traffic. Events that said why may be gone, or not readable.",
        remediation="Look at its readiness probe and its log.",
        base=0.7,
        check=_unready,
        conditions=(12, 14),
    ),
    Rule(
        id="probe-unknown-port",
        title="A probe asks a port that has no such name",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="the pod is not ready, and a probe names a port the container does not",
        explanation="The kubelet cannot resolve the name, so the probe never succeeds.",
        remediation="Name the port in the container, or mend the probe.",
        base=0.85,
        check=_unknown_port,
        conditions=(12,),
    ),
)
