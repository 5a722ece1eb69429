"""Rules for containers that need more memory than they may have."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.graph.domain.evidence.blame import inferred_step
from services.graph.domain.evidence.change_evidence import Steps, change_before
from services.graph.domain.evidence.crash_evidence import end_marks, events_of_crash, is_killed_for_memory, last_end
from services.graph.domain.evidence.pod_state import Part, is_concern, is_older, is_over, is_ready, parts_of
from services.graph.domain.evidence.quantities import parse_quantity
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_HOUR = timedelta(hours=1)


def _check(view: View, thing: KubeObject) -> Iterator[Hit]:
    if isinstance(thing, Pod) and is_concern(view.inventory, thing):
        for part in parts_of(thing):
            yield from _memory(view, thing, part)


def _memory(view: View, pod: Pod, part: Part) -> Iterator[Hit]:
    if not is_killed_for_memory(part) or (is_ready(pod) and _settled(view, part)):
        return
    end = last_end(part)
    owner = top_owner(view.inventory, pod)
    limits = (part.spec.resources.limits if part.spec and part.spec.resources else None) or {}
    limit = limits.get("memory")
    marks = [*end_marks(pod, part), *events_of_crash(view, pod)]
    if limit is not None:
        marks.append(seen(pod, f"spec.containers[name={part.name}].resources.limits.memory", f"The limit is {limit}."))
    changed, steps, undo = _memory_change(view, owner, end.finished_at if end else None)
    summary = (
        f"Container {part.name} is killed because it needs more memory than its limit{f' of {limit}' if limit else ''}."
    )
    raise_it = Remedy(f"Raise the memory limit of container {part.name} in {owner}, or find what uses so much.")
    yield Hit(
        pod.ref,
        summary,
        (*marks, *changed),
        owner,
        (*steps, *inferred_step(view, pod)),
        (pod.ref,),
        (*undo, raise_it),
    )


def _memory_change(view: View, owner: Ref, at: datetime | None) -> tuple[tuple[Seen, ...], Steps, tuple[Remedy, ...]]:
    return change_before(view.inventory, owner, at, "limits", "image")


def _settled(view: View, part: Part) -> bool:
    end = part.ended_before
    return end is None or is_older(end.finished_at, view.now, _HOUR)


def _limit_without_room(view: View, thing: KubeObject) -> Iterator[Hit]:
    """A request above its limit cannot be stored; a limit far too small for any program can."""
    if not isinstance(thing, Pod) or is_over(thing) or is_ready(thing):
        return
    for part in parts_of(thing):
        limits = (part.spec.resources.limits if part.spec and part.spec.resources else None) or {}
        value = parse_quantity(limits.get("memory"))
        if value is not None and 0 < value < _LEAST_MEMORY:
            summary = f"The memory limit of {part.name} is {limits.get('memory')}: no program starts in so little."
            mark = seen(thing, f"spec.containers[name={part.name}].resources.limits.memory", summary)
            owner = top_owner(view.inventory, thing)
            yield Hit(thing.ref, summary, (mark,), owner, explains=(thing.ref,))


# The container runtime itself needs some megabytes to start a process; below, people forgot a unit.
_LEAST_MEMORY = 6 * 1024 * 1024


RULES: tuple[Rule, ...] = (
    Rule(
        id="container-out-of-memory",
        title="Killed for memory",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="a container ended with reason OOMKilled, and is not well since for an hour",
        explanation="The kernel kills a container that needs more memory than its limit.",
        remediation="Raise the memory limit, or mend what uses so much.",
        base=0.9,
        check=_check,
        conditions=(8, 13),
    ),
    Rule(
        id="container-limit-too-small",
        title="A memory limit no program fits in",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="the pod is not ready and a memory limit is below 6 MiB",
        explanation="A limit without a unit is in bytes: the process is killed before it begins.",
        remediation="Give the limit its unit.",
        base=0.85,
        check=_limit_without_room,
        conditions=(20,),
    ),
)
