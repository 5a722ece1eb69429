"""A cluster as it was when a snapshot was taken: read from a folder, gaps included."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import msgspec

from services.graph.adapters.snapshot_files import (
    LOGS,
    MOST_LIST_BYTES,
    MOST_MANIFEST_BYTES,
    LogNote,
    Manifest,
    is_name,
    list_file,
    log_file,
    read_file,
    read_manifest,
)
from services.graph.domain.access.question import Access, AccessQuestion
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState, grant_for
from services.graph.domain.reading.decoding import decode_page
from services.graph.domain.reading.kinds import Kind, get_kind
from services.graph.ports import (
    ClusterSource,
    Discovery,
    KindRead,
    Limits,
    LogRead,
    LogState,
    Lookup,
    ObjectRead,
)

_HAS_OBJECTS = frozenset({CoverageState.OK, CoverageState.PARTIAL, CoverageState.TRUNCATED})


def open_snapshot(folder: Path) -> ClusterSource:
    """Return the cluster in a folder. Raises ``NoSnapshot`` where none is, or one of a format not known here."""
    return SnapshotCluster(folder, read_manifest(folder))


class SnapshotCluster:
    """The port ``ClusterSource`` over a folder. Safe to use from many threads; each file is read once."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._manifest = manifest
        self._coverage = Coverage(manifest.coverage)
        self._lock = Lock()
        self._files: dict[str, _File] = {}
        self._notes: dict[tuple[str, str, str, bool], LogNote] | None = None

    @property
    def name(self) -> str:
        """The name of the cluster it was taken of."""
        return self._manifest.cluster or self._folder.name

    @property
    def manifest(self) -> Manifest:
        """What the snapshot says of itself; ``namespaces`` are those it was taken of, None for the whole cluster."""
        return self._manifest

    def discover(self) -> Discovery:
        """Return what the server served."""
        return self._manifest.discovery

    def read_kind(self, kind: Kind, namespace: str | None, limits: Limits) -> KindRead:
        """Return the objects of a kind, as far as they were read when the snapshot was taken."""
        place = namespace if kind.is_namespaced else None
        noted = self._noted(kind, place)
        if noted.state not in _HAS_OBJECTS:
            return KindRead((), noted)
        file = self._file(kind)
        objects = file.of(place)
        state, reason = _worse(noted, file)
        if len(objects) > limits.most_objects:
            objects = objects[: limits.most_objects]
            state, reason = CoverageState.TRUNCATED, f"only the first {limits.most_objects:,} were read"
        pages = 1 if file.name else 0
        entry = CoverageEntry(
            kind=kind.name,
            verb="list",
            state=state,
            namespace=place,
            count=len(objects),
            pages=pages,
            reason=reason,
            stale=noted.stale,
        )
        return KindRead(objects, entry)

    def read_object(self, kind: Kind, namespace: str | None, name: str, limits: Limits) -> ObjectRead:
        """Return one object by name."""
        del limits
        place = namespace if kind.is_namespaced else None
        entry = CoverageEntry(kind=kind.name, verb="get", state=CoverageState.OK, namespace=namespace)
        if not _is_segment(name) or (namespace is not None and not _is_segment(namespace)):
            reason = "no object can have this name"
            return ObjectRead(Lookup.NOT_FOUND, None, msgspec.structs.replace(entry, reason=reason))
        noted = self._noted(kind, place)
        state, reason = noted.state, noted.reason
        if noted.state in _HAS_OBJECTS:
            file = self._file(kind)
            if (thing := file.find(place, name)) is not None:
                return ObjectRead(Lookup.FOUND, thing, msgspec.structs.replace(entry, count=1))
            state, reason = _worse(noted, file)
        if state is CoverageState.OK:
            return ObjectRead(Lookup.NOT_FOUND, None, entry)
        grant = grant_for(kind, "get", namespace) if state is CoverageState.FORBIDDEN else None
        entry = msgspec.structs.replace(entry, state=state, reason=reason, grant=grant)
        return ObjectRead(Lookup.FORBIDDEN if grant else Lookup.UNKNOWN, None, entry)

    def read_log(self, namespace: str, pod: str, container: str, *, previous: bool, limits: Limits) -> LogRead:
        """Return the end of a container's log, if the snapshot has it."""
        file = log_file(namespace, pod, container, previous=previous)
        if file is None:
            return LogRead(LogState.NOT_FOUND, reason="no pod can have this name")
        try:
            body = read_file(self._folder, file, limits.log_bytes, end_only=True)
        except ValueError as error:
            return LogRead(LogState.UNAVAILABLE, reason=str(error))
        if body is not None:
            text = body.decode("utf-8", "replace").removesuffix("\n")
            return LogRead(LogState.OK, tuple(text.split("\n")[-limits.log_lines :]) if text else ())
        note = self._log_notes().get((namespace, pod, container, previous))
        if note is not None and note.state is not LogState.OK:
            return LogRead(note.state, reason=note.reason)
        return self._explain_no_log(namespace, pod)

    def ask_access(self, question: AccessQuestion, limits: Limits) -> Access:
        """Answer what is known: whether lists could be read. Nobody can be asked anything else any more."""
        del limits
        if question.verb != "list" or question.name or question.subresource:
            return Access.UNKNOWN
        for entry in self._manifest.coverage:
            kind = _kind_named(entry.kind)
            if kind is None or (kind.group, kind.plural, entry.verb) != (question.group, question.resource, "list"):
                continue
            if entry.state is CoverageState.OK and entry.namespace in {None, question.namespace}:
                return Access.ALLOWED
            if entry.state is CoverageState.FORBIDDEN and entry.namespace == question.namespace:
                return Access.DENIED
        return Access.UNKNOWN

    def close(self) -> None:
        """Let go of what was read."""
        with self._lock:
            self._files.clear()

    def _noted(self, kind: Kind, place: str | None) -> CoverageEntry:
        """Return how reading the kind went then, for this place."""
        entries = [one for one in self._manifest.coverage if one.kind == kind.name and one.verb == "list"]
        fitting = [one for one in entries if one.namespace in {None, place}]
        if fitting:
            best = min(fitting, key=lambda one: _ORDER.index(one.state))
            return _for_place(best, kind, place)
        if entries:
            return _of_some_namespaces(kind, place, entries)
        return self._not_noted(kind, place)

    def _not_noted(self, kind: Kind, place: str | None) -> CoverageEntry:
        found = self._manifest.discovery
        entry = CoverageEntry(kind=kind.name, verb="list", state=CoverageState.UNAVAILABLE, namespace=place)
        is_known = bool(found.versions) and not found.problem and kind.group not in found.failed
        if is_known and kind.name not in found.versions:
            reason = f"the server did not serve {kind.api}"
            return msgspec.structs.replace(entry, state=CoverageState.MISSING, reason=reason)
        if self._file(kind).name:
            reason = "the snapshot does not say whether this list is whole"
            return msgspec.structs.replace(entry, state=CoverageState.PARTIAL, reason=reason)
        return msgspec.structs.replace(entry, reason=f"the snapshot was taken without {kind.api}")

    def _file(self, kind: Kind) -> "_File":
        with self._lock:
            if kind.name not in self._files:
                self._files[kind.name] = _read_list(self._folder, kind)
            return self._files[kind.name]

    def _log_notes(self) -> dict[tuple[str, str, str, bool], LogNote]:
        with self._lock:
            if self._notes is None:
                self._notes = _read_notes(self._folder)
            return self._notes

    def _explain_no_log(self, namespace: str, pod: str) -> LogRead:
        noted = self._noted(_POD, namespace)
        file = self._file(_POD)
        is_whole = _worse(noted, file)[0] is CoverageState.OK
        if is_whole and file.find(namespace, pod) is None:
            return LogRead(LogState.NOT_FOUND, reason="there was no such pod")
        return LogRead(LogState.UNAVAILABLE, reason="the snapshot holds no log of this container")


class _File:
    """The objects of one list, by place and name; ``name`` is empty where there is no file."""

    def __init__(self, name: str, objects: Sequence[KubeObject], problem: str = "", *, is_whole: bool = True) -> None:
        self.name = name
        self.problem = problem
        self.is_whole = is_whole
        self._all = objects
        self._by_place: dict[str | None, list[KubeObject]] = {}
        self._by_name: dict[tuple[str | None, str], KubeObject] = {}
        for thing in objects:
            meta = thing.metadata
            self._by_place.setdefault(meta.namespace, []).append(thing)
            self._by_name[meta.namespace, meta.name] = thing

    def of(self, place: str | None) -> Sequence[KubeObject]:
        """Return the objects of one namespace, or all."""
        return self._all if place is None else self._by_place.get(place, ())

    def find(self, place: str | None, name: str) -> KubeObject | None:
        """Return the object of this name."""
        return self._by_name.get((place, name))


def _read_list(folder: Path, kind: Kind) -> _File:
    for served in (kind, kind.instead):
        for version in served.versions if served else ():
            file = _read_one(folder, served or kind, version)
            if file.name or file.problem:
                return file
    return _File("", (), "the file of the list is not there", is_whole=False)


def _read_one(folder: Path, kind: Kind, version: str) -> _File:
    name = list_file(kind, version)
    try:
        body = read_file(folder, name, MOST_LIST_BYTES)
        if body is None:
            return _File("", ())
        page = decode_page(kind, body)
    except ValueError as error:
        return _File(name, (), f"{name}: {error}", is_whole=False)
    if page.unreadable:
        problem = f"{page.unreadable:,} objects could not be understood: {page.problem[:200]}"
        return _File(name, page.objects, problem)
    return _File(name, page.objects, "the list goes on elsewhere" if page.next_page else "")


def _worse(noted: CoverageEntry, file: _File) -> tuple[CoverageState, str]:
    """Return how the read went: as noted then, unless the file is damaged since."""
    if not file.is_whole:
        return CoverageState.UNAVAILABLE, file.problem
    if file.problem and noted.state is CoverageState.OK:
        return CoverageState.PARTIAL, file.problem
    return noted.state, noted.reason


def _for_place(entry: CoverageEntry, kind: Kind, place: str | None) -> CoverageEntry:
    grant = grant_for(kind, "list", place) if entry.state is CoverageState.FORBIDDEN else None
    return msgspec.structs.replace(entry, namespace=place, grant=grant)


def _of_some_namespaces(kind: Kind, place: str | None, entries: Sequence[CoverageEntry]) -> CoverageEntry:
    names = sorted({one.namespace for one in entries if one.namespace})
    entry = CoverageEntry(kind=kind.name, verb="list", state=CoverageState.UNAVAILABLE, namespace=place)
    shown = f"the snapshot was taken of the namespaces {', '.join(names[:20])} only"
    state = CoverageState.PARTIAL if place is None else CoverageState.UNAVAILABLE
    return msgspec.structs.replace(entry, state=state, reason=shown)


def _read_notes(folder: Path) -> dict[tuple[str, str, str, bool], LogNote]:
    try:
        body = read_file(folder, LOGS, MOST_MANIFEST_BYTES)
        notes = msgspec.json.decode(body, type=list[LogNote]) if body else []
    except (ValueError, msgspec.MsgspecError):
        # A log without a file is then one the snapshot does not hold, which claims nothing.
        return {}
    return {(one.namespace, one.pod, one.container, one.previous): one for one in notes}


def _kind_named(name: str) -> Kind | None:
    try:
        return get_kind(name)
    except KeyError:
        return None


def _is_segment(text: str) -> bool:
    return is_name(text) and "/" not in text


_POD = get_kind(Pod.KIND)
_ORDER = list(CoverageState)
