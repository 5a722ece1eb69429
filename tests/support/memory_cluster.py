"""A cluster held in memory, as a source: what a server with these objects and logs would tell whoever may read all."""

import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from services.graph.domain.access.question import Access, AccessQuestion
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState
from services.graph.domain.reading.decoding import decode_page
from services.graph.domain.reading.kinds import KINDS, Kind
from services.graph.ports import Discovery, KindRead, Limits, LogRead, LogState, Lookup, ObjectRead

LogKey = tuple[str, str, str, bool]


class MemoryCluster:
    """Serves the objects; a kind that ``unserved`` names is one the server does not know."""

    def __init__(
        self,
        objects: Iterable[KubeObject],
        logs: Mapping[LogKey, LogRead] | None = None,
        unserved: Iterable[str] = (),
        name: str = "memory",
    ) -> None:
        self.name = name
        self._objects: dict[str, list[KubeObject]] = defaultdict(list)
        for thing in objects:
            self._objects[thing.KIND].append(thing)
        self._logs = dict(logs or {})
        self._unserved = frozenset(unserved)
        self.asked: list[tuple[str, str | None]] = []

    def discover(self) -> Discovery:
        return Discovery({kind.name: kind.versions[0] for kind in KINDS if kind.name not in self._unserved})

    def read_kind(self, kind: Kind, namespace: str | None, limits: Limits) -> KindRead:
        self.asked.append((kind.name, namespace))
        if kind.name in self._unserved:
            return KindRead((), self._entry(kind, namespace, "list", CoverageState.MISSING, "not served"))
        found = self._objects[kind.name]
        found = [one for one in found if namespace is None or one.metadata.namespace == namespace]
        entry = self._entry(kind, namespace, "list", CoverageState.OK, "", count=len(found))
        return KindRead(tuple(found), entry)

    def read_object(self, kind: Kind, namespace: str | None, name: str, limits: Limits) -> ObjectRead:
        wanted = (namespace if kind.is_namespaced else None, name)
        found = (one for one in self._objects[kind.name] if (one.metadata.namespace, one.metadata.name) == wanted)
        thing = next(found, None)
        entry = self._entry(kind, namespace, "get", CoverageState.OK, "")
        return ObjectRead(Lookup.FOUND if thing else Lookup.NOT_FOUND, thing, entry)

    def read_log(self, namespace: str, pod: str, container: str, *, previous: bool, limits: Limits) -> LogRead:
        absent = LogRead(LogState.NO_PREVIOUS if previous else LogState.NOT_FOUND)
        return self._logs.get((namespace, pod, container, previous), absent)

    def ask_access(self, question: AccessQuestion, limits: Limits) -> Access:
        return Access.ALLOWED

    def close(self) -> None:
        """Nothing is open."""

    @staticmethod
    def _entry(
        kind: Kind, namespace: str | None, verb: str, state: CoverageState, reason: str, count: int = 0
    ) -> CoverageEntry:
        return CoverageEntry(kind=kind.name, verb=verb, state=state, namespace=namespace, count=count, reason=reason)


def read_dump(path: Path) -> MemoryCluster:
    """Return the cluster of a dump: a folder or archive with ``lists/<group path>/<plural>.json`` and ``logs/…``."""
    files = dict(_files(path))
    objects: list[KubeObject] = []
    unserved: list[str] = []
    for kind in KINDS:
        bodies = [files[place] for version in kind.versions if (place := f"lists{kind.path(version)}.json") in files]
        if not bodies:
            unserved.append(kind.name)
            continue
        objects.extend(decode_page(kind, bodies[0]).objects)
    return MemoryCluster(objects, dict(_logs(files)), unserved, path.name)


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    with tarfile.open(path) as archive:
        for member in archive:
            body = archive.extractfile(member) if member.isfile() else None
            if body is not None:
                yield member.name.removeprefix("./"), body.read()


def _logs(files: Mapping[str, bytes]) -> Iterator[tuple[LogKey, LogRead]]:
    for name, body in files.items():
        parts = name.split("/")
        if parts[0] != "logs" or len(parts) != 4:
            continue
        stem, _, status = parts[3].rpartition(".")
        container, previous = stem.removesuffix(".previous"), stem.endswith(".previous")
        lines = tuple(body.decode("utf-8", "replace").splitlines())
        state = LogState.OK if status == "200" else LogState.NO_PREVIOUS if previous else LogState.WAITING
        yield (parts[1], parts[2], container, previous), LogRead(state, lines if status == "200" else ())
