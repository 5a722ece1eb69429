"""The graph worker with a cluster in memory in place of real ones: ``celery -A tests.support.graph_worker:app``.

Where the environment has ``TESTS_STUCK_CLUSTER``, no list of it ever comes back: a worker to be killed at its work.
With ``TESTS_TIME_LIMIT`` it is killed by Celery, after so many seconds.
"""

import os
import time
from collections.abc import Sequence

from services.graph.domain.access.question import Access, AccessQuestion
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState
from services.graph.domain.reading.kinds import KINDS, Kind
from services.graph.handlers.jobs import GraphJobs
from services.graph.ports import ClusterSource, Discovery, KindRead, Limits, LogRead, LogState, Lookup, ObjectRead
from services.graph.tasks import register_tasks
from services.graph.worker import app, worker
from shared.adapters.clock import SystemClock
from shared.errors import AppError
from tests.support.cluster import an_object

NAME = "memory"


class HeldCluster:
    """A source that tells what it holds."""

    name = NAME

    def __init__(self, objects: Sequence[KubeObject]) -> None:
        self._objects = objects

    def discover(self) -> Discovery:
        return Discovery({kind.name: kind.versions[0] for kind in KINDS})

    def read_kind(self, kind: Kind, namespace: str | None, limits: Limits) -> KindRead:
        while "TESTS_STUCK_CLUSTER" in os.environ:
            time.sleep(1)
        found = [
            one
            for one in self._objects
            if kind.name == one.KIND and (namespace is None or one.metadata.namespace == namespace)
        ]
        return KindRead(found, CoverageEntry(kind=kind.name, verb="list", state=CoverageState.OK, namespace=namespace))

    def read_object(self, kind: Kind, namespace: str | None, name: str, limits: Limits) -> ObjectRead:
        thing = next(
            (one for one in self.read_kind(kind, namespace, limits).objects if one.metadata.name == name), None
        )
        entry = CoverageEntry(kind=kind.name, verb="get", state=CoverageState.OK, namespace=namespace)
        return ObjectRead(Lookup.FOUND if thing else Lookup.NOT_FOUND, thing, entry)

    def read_log(self, namespace: str, pod: str, container: str, *, previous: bool, limits: Limits) -> LogRead:
        return LogRead(LogState.NOT_FOUND)

    def ask_access(self, question: AccessQuestion, limits: Limits) -> Access:
        return Access.ALLOWED

    def close(self) -> None:
        """Nothing is open."""


# Made once: an object that is made anew is another, by its uid.
_OBJECTS = (an_object("Namespace", "shop"), an_object("Deployment", "checkout", "shop"))


class HeldClusters:
    """The one cluster there is."""

    def names(self) -> list[str]:
        return [NAME]

    snapshots = names

    def open(self, name: str) -> ClusterSource:
        if name != NAME:
            raise AppError(f"there is no cluster {name}")
        return HeldCluster(_OBJECTS)


if "TESTS_TIME_LIMIT" in os.environ:
    app.conf.task_time_limit = int(os.environ["TESTS_TIME_LIMIT"])
for task in [name for name in app.tasks if name.startswith("graph.")]:
    app.tasks.unregister(task)
register_tasks(
    app,
    jobs=GraphJobs(HeldClusters(), SystemClock(), worker="graph@tests", version="0"),
    open_door=worker.open_door,
    beating=worker.beating,
    in_hand=worker.in_hand,
)
