"""Read the logs of failing containers, of this instance and the one before; few.

Of what runs well only those few that speak to the Kubernetes API are read: a controller that is refused stays ready.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from services.graph.domain.k8s.pods import ContainerStatus, Pod
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState, grant_for
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import get_kind
from services.graph.domain.walking.owners import owners_of
from services.graph.ports import ClusterSource, Limits, LogRead, LogState

VERB = "get logs"
_AT_ONCE = 6
_PODS_A_WORKLOAD = 2
_MOST_CALLERS = 6
_NEVER_STARTED = frozenset(
    {
        "ContainerCreating",
        "PodInitializing",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
    }
)
_STATES = {
    LogState.FORBIDDEN: CoverageState.FORBIDDEN,
    LogState.TIMEOUT: CoverageState.TIMEOUT,
    LogState.UNAVAILABLE: CoverageState.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class LogWant:
    """One log: of this instance of a container, or of the one before."""

    pod: Ref
    container: str
    previous: bool


class ReadLogs:
    """The logs that were read."""

    def __init__(self, lines: dict[LogWant, tuple[str, ...]]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        """How many logs were read."""
        return len(self._lines)

    def lines(self, pod: Ref, container: str, *, previous: bool) -> tuple[str, ...]:
        """Return the lines that are known; none where none were read."""
        return self._lines.get(LogWant(pod, container, previous), ())


def read_logs(
    source: ClusterSource, inventory: Inventory, objects: Iterable[KubeObject], limits: Limits, most: int = 20
) -> tuple[ReadLogs, list[CoverageEntry]]:
    """Read up to ``most`` logs of the failing containers among ``objects``, in their order, then of a few API callers.

    That the log of such a caller could not be read is no gap: nothing says that it is in trouble.
    """
    things = list(objects)
    wants = _choose(inventory, things, most)
    failing = len(wants)
    wants += _callers(inventory, things, {want.pod for want in wants}, min(_MOST_CALLERS, most - failing))
    optional = set(wants[failing:])
    lines: dict[LogWant, tuple[str, ...]] = {}
    entries: dict[tuple[str | None, CoverageState], CoverageEntry] = {}
    for want, read in _read_all(source, wants, limits):
        if read.state is LogState.OK:
            lines[want] = read.lines
        elif read.state in _STATES and want not in optional:
            entry = _entry(want, read)
            entries.setdefault((entry.namespace, entry.state), entry)
    return ReadLogs(lines), list(entries.values())


def _choose(inventory: Inventory, objects: Iterable[KubeObject], most: int) -> list[LogWant]:
    chosen: list[LogWant] = []
    pods_of: Counter[Ref] = Counter()
    for thing in objects:
        if not isinstance(thing, Pod) or not thing.spec.node_name:
            continue
        wants = list(_of_pod(thing))
        owners = owners_of(inventory, thing)
        # Pods of one workload tell the same story.
        if not wants or pods_of[owners[0] if owners else thing.ref] >= _PODS_A_WORKLOAD:
            continue
        pods_of[owners[0] if owners else thing.ref] += 1
        chosen.extend(wants)
        if len(chosen) >= most:
            break
    return chosen[:most]


def _callers(inventory: Inventory, things: Iterable[KubeObject], known: set[Ref], most: int) -> list[LogWant]:
    """Return the logs of ready pods that run under an account of their own, one a workload: others have no rights."""
    chosen: dict[Ref, LogWant] = {}
    for thing in things:
        if len(chosen) >= most:
            break
        if not isinstance(thing, Pod) or thing.ref in known or not _calls_the_api(thing):
            continue
        owners = owners_of(inventory, thing)
        running = (one for one in thing.status.container_statuses or () if one.state and one.state.running)
        first = next(running, None)
        if first is not None:
            want = LogWant(thing.ref, first.name, previous=False)
            chosen.setdefault(owners[0] if owners else thing.ref, want)
    return list(chosen.values())


def _calls_the_api(pod: Pod) -> bool:
    has_account = (pod.spec.service_account_name or "default") != "default"
    return has_account and pod.spec.automount_service_account_token is not False and bool(pod.spec.node_name)


def _of_pod(pod: Pod) -> Iterator[LogWant]:
    status = pod.status
    if status.phase == "Succeeded" or status.reason == "Evicted":
        return
    for container in (*(status.init_container_statuses or ()), *(status.container_statuses or ())):
        if not _is_failing(container):
            continue
        has_previous = bool(container.restart_count) or bool(container.last_state and container.last_state.terminated)
        waiting = container.state.waiting if container.state else None
        if waiting is None or waiting.reason not in _NEVER_STARTED:
            yield LogWant(pod.ref, container.name, previous=False)
        if has_previous:
            yield LogWant(pod.ref, container.name, previous=True)


def _is_failing(container: ContainerStatus) -> bool:
    state, last = container.state, container.last_state
    ended = state.terminated if state else None
    if ended is not None:
        return bool(ended.exit_code)
    if last and last.terminated and last.terminated.exit_code:
        return True
    # A container that runs and is not ready may only be young; its log is small and says why.
    return not container.ready and bool(state and (state.running or state.waiting))


def _read_all(source: ClusterSource, wants: list[LogWant], limits: Limits) -> list[tuple[LogWant, LogRead]]:
    def read(want: LogWant) -> LogRead:
        try:
            return source.read_log(
                want.pod.namespace or "", want.pod.name, want.container, previous=want.previous, limits=limits
            )
        except Exception as error:  # noqa: BLE001 - a source promises not to raise; one that does costs one log.
            return LogRead(LogState.UNAVAILABLE, (), f"the reader failed: {type(error).__name__}")

    if not wants:
        return []
    # Who may not read the first log of a namespace may read none of it: one question is enough.
    first = {want.pod.namespace: want for want in reversed(wants)}
    asked = [(want, read(want)) for want in first.values()]
    refused = {want.pod.namespace for want, answer in asked if answer.state is LogState.FORBIDDEN}
    rest = [want for want in wants if want not in first.values() and want.pod.namespace not in refused]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="logs") as pool:
        return [*asked, *zip(rest, pool.map(read, rest), strict=True)]


def _entry(want: LogWant, read: LogRead) -> CoverageEntry:
    state = _STATES[read.state]
    namespace = want.pod.namespace
    is_refused = state is CoverageState.FORBIDDEN
    return CoverageEntry(
        kind="Pod",
        verb=VERB,
        state=state,
        namespace=namespace,
        reason=read.reason or f"the log of {want.pod.name} could not be read",
        grant=grant_for(get_kind("Pod"), "get", namespace, "log") if is_refused else None,
    )
