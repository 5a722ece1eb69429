"""How a container ended, as evidence: its states, restarts, Events and last lines."""

from collections.abc import Iterator

from services.graph.domain.evidence.exit_codes import explain_exit
from services.graph.domain.evidence.pod_state import Part
from services.graph.domain.evidence.witness import events_about, seen, seen_event, seen_lines
from services.graph.domain.k8s.pods import Pod, Terminated
from services.graph.domain.rules.base import Seen, View


def last_end(part: Part) -> Terminated | None:
    return part.ended or part.ended_before


def is_killed_for_memory(part: Part) -> bool:
    ends = (part.ended, part.ended_before)
    return any(one is not None and one.reason == "OOMKilled" for one in ends)


def end_marks(pod: Pod, part: Part) -> Iterator[Seen]:
    if part.waiting and part.waits_for:
        yield seen(pod, f"{part.path}.state.waiting", f"{part.waits_for}: {part.waiting.message or ''}")
    for path, end in (("state", part.ended), ("lastState", part.ended_before)):
        if end is not None and end.exit_code is not None:
            word = f"{end.reason or 'Terminated'}, {explain_exit(end.exit_code, end.reason or '')}"
            note = f"; it said: {end.message.strip()}" if end.message else ""
            yield seen(pod, f"{part.path}.{path}.terminated", f"{word}{note}", end.finished_at)
    if part.restarts:
        yield seen(pod, f"{part.path}.restartCount", f"{part.restarts} restarts.")


def events_of_crash(view: View, pod: Pod) -> Iterator[Seen]:
    yield from map(seen_event, events_about(view, pod, "BackOff", "Unhealthy", "FailedPreStopHook")[:2])


def last_lines(view: View, pod: Pod, part: Part) -> Iterator[Seen]:
    for previous in (True, False):
        lines = view.logs.lines(pod.ref, part.name, previous=previous)
        if lines:
            yield seen_lines(pod.ref, part.name, lines, "The last lines before it ended.")
            return
