"""Write the logs of a snapshot: of containers in trouble first, then of the others, up to a limit."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from services.graph.adapters.snapshot import open_snapshot
from services.graph.adapters.snapshot_files import LOGS, LogNote, log_file, write_file
from services.graph.domain.k8s.pods import ContainerStatus, Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.kinds import get_kind
from services.graph.domain.reading.redaction import redact_line
from services.graph.ports import ClusterSource, Limits, LogState

Report = Callable[[str, int, int | None], None]


class _Wanted(NamedTuple):
    """One log; ``rank`` 0 where the container is in trouble."""

    rank: int
    namespace: str
    pod: str
    container: str
    previous: bool


def write_logs(source: ClusterSource, folder: Path, limits: Limits, most: int, report: Report) -> None:
    """Write at most so many logs of the pods in the snapshot, without secrets; ``logs.json`` says why others lack."""
    pods = open_snapshot(folder).read_kind(get_kind(Pod.KIND), None, limits).objects
    wanted = sorted(_wanted(pods))[:most]
    notes: list[LogNote] = []
    for number, one in enumerate(wanted):
        report("logs", number, len(wanted))
        name = log_file(one.namespace, one.pod, one.container, previous=one.previous)
        log = source.read_log(one.namespace, one.pod, one.container, previous=one.previous, limits=limits)
        if name is not None and log.state is LogState.OK:
            text = "".join(f"{redact_line(line)}\n" for line in log.lines)
            write_file(folder, name, text.encode("utf-8", "replace"))
        else:
            notes.append(_note(one, log.state, log.reason))
    report("logs", len(wanted), len(wanted))
    write_file(folder, LOGS, msgspec.json.encode(notes) + b"\n")


def _note(one: _Wanted, state: LogState, reason: str) -> LogNote:
    return LogNote(
        namespace=one.namespace,
        pod=one.pod,
        container=one.container,
        previous=one.previous,
        state=state,
        reason=redact_line(reason),
    )


def _wanted(pods: Sequence[KubeObject]) -> Iterator[_Wanted]:
    for pod in pods:
        if not isinstance(pod, Pod) or not pod.metadata.namespace:
            continue
        status = pod.status
        statuses = {
            one.name: one
            for many in (status.container_statuses, status.init_container_statuses, status.ephemeral_container_statuses)
            for one in many or ()
        }
        for container in (*(pod.spec.containers or ()), *(pod.spec.init_containers or ())):
            about = statuses.get(container.name)
            where = (pod.metadata.namespace, pod.metadata.name, container.name)
            rank = int(_is_well(about))
            yield _Wanted(rank, *where, previous=False)
            if about is not None and ((about.restart_count or 0) > 0 or _ended_before(about)):
                yield _Wanted(rank, *where, previous=True)


def _is_well(status: ContainerStatus | None) -> bool:
    if status is None:
        return False
    ended = status.state.terminated if status.state else None
    return ended.exit_code == 0 if ended else bool(status.ready) and not status.restart_count


def _ended_before(status: ContainerStatus) -> bool:
    return status.last_state is not None and status.last_state.terminated is not None
