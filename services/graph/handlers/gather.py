"""Read what a diagnosis needs: few lists, at once, each once; what fails costs itself."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS, Kind, get_kind
from services.graph.handlers.quiet_gc import quiet_gc
from services.graph.ports import ClusterSource, KindRead, Limits

_AT_ONCE = 6
_SECONDS = 90.0
_MOST_NAMESPACES, _MOST_AGAIN = 50, 300
# Callers, what stands behind webhooks and routes, and what leads to a Service, live in other namespaces.
_ACROSS = frozenset(
    {"Pod", "Service", "EndpointSlice", "NetworkPolicy", "Deployment", "StatefulSet", "DaemonSet"}
    | {"Ingress", "Gateway", "HTTPRoute", "GRPCRoute", "ReferenceGrant"}
)
_LEASES = "kube-node-lease"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Want:
    """A list to read. ``instead`` are the namespaces to read where the whole cluster's list is refused."""

    kind: Kind
    namespace: str | None = None
    instead: tuple[str, ...] = ()


def wants_of_namespaces(namespaces: Sequence[str]) -> list[Want]:
    """Return what to read for targets in these namespaces: theirs, the cluster's own, and a few kinds everywhere."""
    wants: list[Want] = []
    for kind in KINDS:
        if not kind.is_namespaced:
            wants.append(Want(kind))
        elif kind.name == "Lease":
            wants.append(Want(kind, _LEASES))
        elif kind.name in _ACROSS:
            wants.append(Want(kind, None, tuple(namespaces)))
        else:
            wants.extend(Want(kind, namespace) for namespace in namespaces)
    return wants


def wants_of_everything() -> list[Want]:
    """Return what to read for the whole cluster."""
    return [Want(kind, _LEASES if kind.name == "Lease" else None) for kind in KINDS]


def gather(
    source: ClusterSource,
    wants: Sequence[Want],
    limits: Limits,
    now: datetime,
    progress: Progress | None = None,
    also: Iterable[KubeObject] = (),
) -> Inventory:
    """Return what was read of ``wants`` and the objects of ``also``, which were read before. Never raises for a server.

    A list of the whole cluster that is refused, or cut by our limits, is read again for the namespaces that matter.
    """
    with quiet_gc():
        return _gather(source, wants, limits, now, progress, also)


def _gather(
    source: ClusterSource,
    wants: Sequence[Want],
    limits: Limits,
    now: datetime,
    progress: Progress | None,
    also: Iterable[KubeObject],
) -> Inventory:
    objects: dict[Ref | tuple[str, int], KubeObject] = {}
    entries: list[CoverageEntry] = []
    reads = _read_all(source, wants, limits, progress)
    spaces = [thing.metadata.name for read in reads for thing in read.objects if thing.KIND == "Namespace"]
    again = _again(wants, reads, spaces)
    for read in [*reads, *_read_all(source, again, limits, progress)]:
        entries.append(read.coverage)
        for thing in read.objects:
            # Events are many of one name over time, and are told apart by what they are.
            objects[thing.ref if thing.KIND != "Event" else ("Event", id(thing))] = thing
    for thing in also:
        objects.setdefault(thing.ref, thing)
    return Inventory(source.name, now, objects.values(), Coverage(tuple(entries)))


def _read_all(
    source: ClusterSource, wants: Sequence[Want], limits: Limits, progress: Progress | None
) -> list[KindRead]:
    if not wants:
        return []
    patience = _Patience()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="read") as pool:
        running = {pool.submit(_read, source, want, limits, patience): n for n, want in enumerate(wants)}
        found: dict[int, KindRead] = {}
        for done in as_completed(running):
            found[running[done]] = done.result()
            if progress:
                progress(f"read {wants[running[done]].kind.plural}", len(found), len(wants))
    return [found[n] for n in range(len(wants))]


class _Patience:
    """Ends the reading of a server that answers nothing, or too slowly: else each list would wait for it in turn."""

    def __init__(self) -> None:
        self._until = monotonic() + _SECONDS
        self._lock = Lock()
        self._silent, self._answered = 0, False

    def note(self, state: CoverageState) -> None:
        """Remember how a read went."""
        with self._lock:
            if state in {CoverageState.TIMEOUT, CoverageState.UNAVAILABLE}:
                self._silent += 1
            else:
                self._answered = True

    def refusal(self) -> str:
        """Return why nothing more is tried, or nothing."""
        with self._lock:
            if self._silent >= _AT_ONCE and not self._answered:
                return "not tried: the server answered nothing before"
            return "" if monotonic() < self._until else f"not tried: reading took {_SECONDS:.0f} s already"


def _read(source: ClusterSource, want: Want, limits: Limits, patience: _Patience) -> KindRead:
    refusal = patience.refusal()
    if refusal:
        return KindRead((), _unavailable(want, refusal))
    try:
        read = source.read_kind(want.kind, want.namespace, limits)
    except Exception as error:  # noqa: BLE001 - a source promises not to raise; one that does costs one list.
        read = KindRead((), _unavailable(want, f"the reader failed: {type(error).__name__}"))
    patience.note(read.coverage.state)
    return read


def _unavailable(want: Want, reason: str) -> CoverageEntry:
    return CoverageEntry(
        kind=want.kind.name, namespace=want.namespace, verb="list", state=CoverageState.UNAVAILABLE, reason=reason
    )


def _again(wants: Sequence[Want], reads: Sequence[KindRead], spaces: Sequence[str]) -> list[Want]:
    again: list[Want] = []
    for want, read in zip(wants, reads, strict=True):
        if want.namespace is not None or not want.kind.is_namespaced:
            continue
        namespaces = want.instead or tuple(spaces[:_MOST_NAMESPACES])
        if read.coverage.state in {CoverageState.FORBIDDEN, CoverageState.TRUNCATED, CoverageState.TIMEOUT}:
            again.extend(Want(get_kind(want.kind.name), namespace) for namespace in namespaces)
    return again[:_MOST_AGAIN]
