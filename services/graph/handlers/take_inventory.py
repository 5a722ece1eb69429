"""List by name what there is to diagnose: contexts, namespaces, and objects of the kinds people ask about."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import kinds_of
from services.graph.ports import ClusterBook, ClusterSource, Limits, Pulse
from shared.contracts.cluster_names import ClusterNames, NamedCluster, NamedObjects
from shared.errors import AppError
from shared.ports import Clock

ASKED_ABOUT = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "Pod",
    "Service",
    "Ingress",
    "HorizontalPodAutoscaler",
    "PersistentVolumeClaim",
    "Node",
)
MOST_CLUSTERS = 20
MOST_NAMES = 500
MOST_OF_A_CLUSTER = 20_000
_LIMITS = Limits(most_objects=20_000, seconds=10.0)
_READ = {CoverageState.OK, CoverageState.PARTIAL, CoverageState.TRUNCATED}
# A server that forbids a list, or does not serve it, answers.
_UNANSWERED = {CoverageState.TIMEOUT, CoverageState.UNAVAILABLE}
# A server that answers what it serves may fail at one list; at so many, one after the other, it is none that works.
_UNANSWERED_ENOUGH = 3
# The job has a minute and a half, and a server that does not answer takes its time about it.
_MOST_TIME = timedelta(seconds=60)


def take_inventory(clusters: ClusterBook, clock: Clock, pulse: Pulse) -> ClusterNames:
    """Return the names of what there is in each cluster, as far as it may be read; bounded in every direction.

    A cluster that answers nothing has a ``problem``, and is not asked for all that there may be. Raises what ``pulse``
    raises, and nothing for what a cluster answers.
    """
    problem = ""
    try:
        names = clusters.names()
    except AppError as error:
        names, problem = clusters.snapshots(), error.detail
    found = []
    began = clock.now()
    for index, name in enumerate(names):
        pulse.tell(index / len(names), f"list {name}")
        why = _why_skipped(index, clock.now() - began)
        if why:
            found.append(NamedCluster(context=name, problem=why, is_skipped=True))
        else:
            found.append(_list(clusters, name, pulse, lambda: clock.now() - began > _MOST_TIME))
    return ClusterNames(taken_at=clock.now(), clusters=tuple(found), kinds=ASKED_ABOUT, problem=problem)


def _why_skipped(index: int, taken: timedelta) -> str:
    if index >= MOST_CLUSTERS:
        return f"only the first {MOST_CLUSTERS} contexts are listed"
    return "the contexts before it took all the time there was" if taken > _MOST_TIME else ""


def _list(clusters: ClusterBook, name: str, pulse: Pulse, is_late: Callable[[], bool]) -> NamedCluster:
    try:
        source = clusters.open(name)
    except AppError as error:
        return NamedCluster(context=name, problem=error.detail)
    try:
        return _list_open(source, name, pulse, is_late)
    finally:
        source.close()


def _list_open(source: ClusterSource, name: str, pulse: Pulse, is_late: Callable[[], bool]) -> NamedCluster:
    unread: dict[str, str] = {}
    namespaces: set[str] = set()
    objects: list[NamedObjects] = []
    room = MOST_OF_A_CLUSTER
    has_answered = False
    for kind in kinds_of(("Namespace", *ASKED_ABOUT)):
        if has_answered and is_late():
            unread[kind.name] = "the lists before it took all the time there was"
            continue
        pulse.tell(None, f"list {kind.plural} of {name}")
        read = source.read_kind(kind, None, _LIMITS)
        has_answered = has_answered or read.coverage.state not in _UNANSWERED
        if read.coverage.state not in _READ:
            unread[kind.name] = why = read.coverage.reason or str(read.coverage.state)
            if not has_answered and (is_late() or _is_silent(source, len(unread))):
                return NamedCluster(context=name, problem=why)
        by_namespace: dict[str | None, set[str]] = defaultdict(set)
        for thing in read.objects:
            if thing.metadata.name:
                by_namespace[thing.metadata.namespace].add(thing.metadata.name)
        if kind.name == "Namespace":
            namespaces |= by_namespace[None]
            continue
        is_cut = read.coverage.state is not CoverageState.OK
        for namespace, names in sorted(by_namespace.items(), key=lambda item: item[0] or ""):
            namespaces |= {namespace} if namespace else set()
            most = max(0, min(MOST_NAMES, room))
            shown = tuple(sorted(names)[:most])
            room -= len(shown)
            objects.append(
                NamedObjects(namespace=namespace, kind=kind.name, names=shown, is_cut=is_cut or len(shown) < len(names))
            )
    return NamedCluster(context=name, namespaces=tuple(sorted(namespaces)), objects=tuple(objects), unread=unread)


def _is_silent(source: ClusterSource, unanswered: int) -> bool:
    """Answer whether a cluster that has answered none of ``unanswered`` lists is worth no more of them."""
    return unanswered >= _UNANSWERED_ENOUGH or bool(source.discover().problem)
