"""Read what a plan asks for from a cluster, all of it that the account may see, and keep what was read before."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from time import monotonic

import msgspec

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import Kind
from services.graph.handlers.quiet_gc import quiet_gc
from services.graph.ports import ClusterSource, KindRead, Limits, ObjectRead

_AT_ONCE = 6
# A cluster may have thousands of namespaces, of which an account sees one: that many reads are tried at most where
# the whole cluster may not be read at once.
_MOST_READS_BY_NAMESPACE = 600
# They are the longest lists; begun first, they end with the others.
_FIRST = frozenset({"Namespace", "Pod", "Event", "ReplicaSet", "ConfigMap", "Secret"})
_FAILED = frozenset({CoverageState.FORBIDDEN, CoverageState.TIMEOUT, CoverageState.UNAVAILABLE, CoverageState.PARTIAL})


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What is read: these kinds, in these namespaces or (None) in the whole cluster, within ``seconds`` in all.

    ``known`` are namespaces that are tried besides those that are seen, where the account may not read everywhere:
    those of an incident, or of the context.
    """

    kinds: tuple[Kind, ...]
    namespaces: tuple[str, ...] | None = None
    known: tuple[str, ...] = ()
    seconds: float = 90.0


@dataclass(frozen=True, slots=True)
class _Task:
    """One read; with a ``name``, of one object."""

    kind: Kind
    namespace: str | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Done:
    kind: Kind
    objects: Sequence[KubeObject]
    entry: CoverageEntry


def read_inventory(
    source: ClusterSource,
    plan: ReadPlan,
    limits: Limits,
    now: Callable[[], datetime],
    previous: Inventory | None = None,
    *,
    clock: Callable[[], float] = monotonic,
) -> Inventory:
    """Return what the source has, with every read that was tried.

    Where the account may not list a kind in the whole cluster, it is read in each namespace that is known. What could
    not be read this time is taken from ``previous``, and its coverage says that it is stale. Nothing a server answers
    is raised.
    """
    observed_at = now()
    with quiet_gc():
        # Asked before the clocks of the lists begin to run.
        source.discover()
        reader = _Reader(source, limits, clock, clock() + plan.seconds)
        done = reader.read(_first_tasks(plan))
        second = _second_tasks(plan, done)
        done += reader.read(second[:_MOST_READS_BY_NAMESPACE])
        done += _untried(second[_MOST_READS_BY_NAMESPACE:])
        objects = [thing for one in done for thing in one.objects]
        entries = [one.entry for one in done]
        if previous is not None:
            kept, entries = _keep(previous, done)
            objects += kept
        return Inventory(source.name, observed_at, objects, Coverage(tuple(entries)))


class _Reader:
    """Runs reads, some at a time, until no time is left."""

    def __init__(self, source: ClusterSource, limits: Limits, clock: Callable[[], float], ends_at: float) -> None:
        self._source = source
        self._limits = limits
        self._clock = clock
        self._ends_at = ends_at

    def read(self, tasks: Sequence[_Task]) -> list[_Done]:
        """Run the reads; return what each brought, in the order of ``tasks``."""
        if not tasks:
            return []
        with ThreadPoolExecutor(min(_AT_ONCE, len(tasks)), thread_name_prefix="cluster-read") as pool:
            return list(pool.map(self._run, tasks))

    def _run(self, task: _Task) -> _Done:
        left = self._ends_at - self._clock()
        if left <= 0:
            return _Done(task.kind, (), _no_time(task))
        limits = replace(self._limits, seconds=min(self._limits.seconds, left))
        if task.name:
            read: ObjectRead | KindRead = self._source.read_object(task.kind, task.namespace, task.name, limits)
        else:
            read = self._source.read_kind(task.kind, task.namespace, limits)
        return _Done(task.kind, _objects_in(read), read.coverage)


def _objects_in(read: ObjectRead | KindRead) -> Sequence[KubeObject]:
    if isinstance(read, KindRead):
        return read.objects
    return (read.thing,) if read.thing else ()


def _no_time(task: _Task) -> CoverageEntry:
    return CoverageEntry(
        kind=task.kind.name,
        verb="get" if task.name else "list",
        state=CoverageState.TIMEOUT,
        namespace=task.namespace,
        reason="no time was left to read it",
    )


def _first_tasks(plan: ReadPlan) -> list[_Task]:
    kinds = sorted(plan.kinds, key=lambda kind: kind.name not in _FIRST)
    return [
        _Task(kind, namespace)
        for kind in kinds
        for namespace in (plan.namespaces if kind.is_namespaced and plan.namespaces is not None else (None,))
    ]


def _second_tasks(plan: ReadPlan, done: Sequence[_Done]) -> list[_Task]:
    """Return the reads by namespace, or by name, that take the place of what may not be listed in the whole cluster."""
    refused = [one.kind for one in done if one.entry.state is CoverageState.FORBIDDEN and one.entry.namespace is None]
    namespaces = _known_namespaces(plan, done)
    tasks = [
        # Who may read a namespace may most often get the Namespace itself, but not list all of them.
        _Task(kind, namespace, namespace if not kind.is_namespaced else "")
        for kind in refused
        if kind.is_namespaced or kind.name == Namespace.KIND
        for namespace in (namespaces if kind.is_namespaced else plan.namespaces or plan.known)
    ]
    return [replace(task, namespace=None) if task.name else task for task in tasks]


def _untried(tasks: Iterable[_Task]) -> list[_Done]:
    """Say of each kind in how many namespaces it was not tried."""
    counts = Counter(task.kind for task in tasks)
    return [
        _Done(
            kind,
            (),
            CoverageEntry(
                kind=kind.name,
                verb="list",
                state=CoverageState.TRUNCATED,
                reason=f"{count:,} namespaces were not tried: too many reads",
            ),
        )
        for kind, count in counts.items()
    ]


def _known_namespaces(plan: ReadPlan, done: Sequence[_Done]) -> list[str]:
    """Return those the plan names, or all that it knows and that anything read so far stands in or is."""
    if plan.namespaces is not None:
        return list(plan.namespaces)
    found = set(plan.known)
    found |= {thing.metadata.name for one in done if one.kind.name == Namespace.KIND for thing in one.objects}
    found |= {thing.metadata.namespace for one in done for thing in one.objects if thing.metadata.namespace}
    return sorted(found)


def _keep(previous: Inventory, done: Sequence[_Done]) -> tuple[list[KubeObject], list[CoverageEntry]]:
    """Return the objects of ``previous`` that take the place of what could not be read, and the entries, so marked."""
    kept: list[KubeObject] = []
    entries: list[CoverageEntry] = []
    for _, same in groupby(sorted(done, key=lambda one: one.kind.name), key=lambda one: one.kind.name):
        of_kind = list(same)
        objects = _lost(previous, of_kind)
        kept += objects
        entries += [_mark(one.entry, objects) for one in of_kind]
    return kept, entries


def _lost(previous: Inventory, of_kind: Sequence[_Done]) -> list[KubeObject]:
    """Return the objects of one kind that were seen before, in places where this time the reading failed."""
    lists = [one for one in of_kind if one.entry.verb == "list"]
    failed = {one.entry.namespace for one in lists if one.entry.state in _FAILED}
    # What was read well tells the truth, also where a read of a larger place failed.
    well = {one.entry.namespace for one in lists if one.entry.state not in _FAILED}
    if not failed or None in well:
        return []
    seen = {thing.ref for one in of_kind for thing in one.objects}
    return [
        thing
        for thing in previous.all(of_kind[0].kind.kept)
        if thing.ref not in seen
        and thing.metadata.namespace not in well
        and (None in failed or thing.metadata.namespace in failed)
    ]


def _mark(entry: CoverageEntry, kept: Iterable[KubeObject]) -> CoverageEntry:
    """Say of a failed read that objects of an earlier one stand in its place."""
    if entry.state not in _FAILED or entry.verb != "list":
        return entry
    count = sum(entry.namespace in {None, thing.metadata.namespace} for thing in kept)
    return msgspec.structs.replace(entry, stale=True) if count else entry
