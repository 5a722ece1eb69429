"""Write a snapshot of a cluster: what may be read, without secrets, and what could not be read and why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from services.graph.adapters.snapshot_files import (
    FORMAT_VERSION,
    Manifest,
    SnapshotExists,
    is_name,
    list_body,
    list_file,
    read_manifest,
    write_file,
    write_manifest,
)
from services.graph.adapters.snapshot_logs import write_logs
from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState
from services.graph.domain.reading.kinds import KINDS, Kind
from services.graph.domain.reading.redaction import redact_object
from services.graph.ports import Limits, RawListing, RawPage, RawSource

Report = Callable[[str, int, int | None], None]
_HAS_OBJECTS = frozenset({CoverageState.OK, CoverageState.PARTIAL, CoverageState.TRUNCATED})
_NO_ANSWER = frozenset({CoverageState.TIMEOUT, CoverageState.UNAVAILABLE})
# Where an account may not list in the whole cluster, so many namespaces are tried, as when a live cluster is read.
_MOST_NAMESPACES = 100
_LIMITS = Limits(seconds=120.0)


@dataclass(frozen=True, slots=True)
class SnapshotOrder:
    """What is written: these kinds, of these namespaces or (None) of the whole cluster.

    ``resume``: kinds that the folder already holds whole, of the same namespaces, are kept.
    """

    tool_version: str = ""
    kinds: tuple[Kind, ...] = KINDS
    namespaces: tuple[str, ...] | None = None
    with_logs: bool = True
    most_logs: int = 300
    resume: bool = False
    limits: Limits = _LIMITS


def write_snapshot(
    source: RawSource, folder: Path, order: SnapshotOrder, now: Callable[[], datetime], report: Report
) -> Manifest:
    """Write a snapshot into ``folder`` and return what it says of itself.

    The folder can be read at any moment: after each kind it says what it holds. Nothing a server answers is raised;
    ``SnapshotExists`` is, where the folder holds something else, ``NoSnapshot``, where what it holds is damaged, and
    ``OSError``, where the disk fails.
    """
    manifest = _begin(source, folder, order, now)
    write_manifest(folder, manifest)
    done = {entry.kind for entry in manifest.coverage}
    writer = _Writer(source, folder, order)
    # Namespaces first: where lists of the whole cluster are refused, their names are what is left.
    dead: CoverageEntry | None = None
    kinds = sorted(order.kinds, key=lambda kind: kind.name != Namespace.KIND)
    for number, kind in enumerate(kinds):
        report(kind.plural, number, len(kinds))
        if kind.name in done:
            continue
        entries = [_not_asked(kind, dead)] if dead else writer.write_kind(kind)
        if not manifest.versions and number == 0 and entries[0].state in _NO_ANSWER:
            # A server that answers nothing is not asked fifty times more.
            dead = entries[0]
        manifest = msgspec.structs.replace(manifest, coverage=(*manifest.coverage, *entries))
        write_manifest(folder, manifest)
    report("lists", len(kinds), len(kinds))
    if order.with_logs:
        write_logs(source, folder, order.limits, order.most_logs, report)
    return manifest


def _begin(source: RawSource, folder: Path, order: SnapshotOrder, now: Callable[[], datetime]) -> Manifest:
    found = source.discover()
    return Manifest(
        format_version=FORMAT_VERSION,
        cluster=source.name,
        taken_at=now(),
        tool_version=order.tool_version,
        namespaces=order.namespaces,
        versions=found.versions,
        failed_groups=found.failed,
        discovery_problem=found.problem,
        coverage=_kept(folder, order, source.name),
    )


def _not_asked(kind: Kind, like: CoverageEntry) -> CoverageEntry:
    return CoverageEntry(kind=kind.name, verb="list", state=like.state, reason=like.reason)


class _Writer:
    """Reads one kind after the other and remembers the namespaces it saw."""

    def __init__(self, source: RawListing, folder: Path, order: SnapshotOrder) -> None:
        self._source = source
        self._folder = folder
        self._order = order
        self._namespaces = set(order.namespaces or ())

    def write_kind(self, kind: Kind) -> list[CoverageEntry]:
        """Write the file of a kind, or none where nothing could be read; return how each read went."""
        collected = _Collected()
        asked = self._order.namespaces if kind.is_namespaced else None
        entries = [self._read(kind, place, collected) for place in (asked if asked is not None else (None,))]
        if asked is None and kind.is_namespaced and entries[0].state is CoverageState.FORBIDDEN:
            places = sorted(self._namespaces)[:_MOST_NAMESPACES]
            entries += [self._read(kind, place, collected) for place in places]
        if self._order.namespaces is None:
            self._namespaces |= collected.namespaces(kind)
        if any(entry.state in _HAS_OBJECTS for entry in entries):
            served, version = collected.api or (kind, kind.versions[0])
            write_file(self._folder, list_file(served, version), list_body(served, version, collected.items))
        return entries

    def _read(self, kind: Kind, place: str | None, collected: "_Collected") -> CoverageEntry:
        begin = len(collected.items)
        for page in self._source.read_pages(kind, place, self._order.limits):
            if page.starts_anew:
                del collected.items[begin:]
            collected.add(page)
            if page.coverage is not None:
                return collected.judge(page.coverage, kind)
        reason = "the list ended without an answer"
        return CoverageEntry(
            kind=kind.name, verb="list", state=CoverageState.UNAVAILABLE, namespace=place, reason=reason
        )


class _Collected:
    """Objects of one kind, without secrets, as JSON."""

    def __init__(self) -> None:
        self.items: list[bytes] = []
        self.api: tuple[Kind, str] | None = None
        self._names: set[str] = set()
        self._problem = ""

    def add(self, page: RawPage) -> None:
        """Take the objects of a page; one that is none is left out, and said."""
        if page.items:
            self.api = (page.kind, page.version)
        for raw in page.items:
            try:
                item = msgspec.json.decode(raw, type=dict)
                redacted = redact_object(page.kind.name, item)
            except (msgspec.MsgspecError, RecursionError) as error:
                self._problem = f"objects were left out: {error}"
                continue
            self.items.append(msgspec.json.encode(redacted))
            self._names.update(_places(item, page.kind))

    def judge(self, entry: CoverageEntry, kind: Kind) -> CoverageEntry:
        """Return the entry as it is true of what is written."""
        entry = msgspec.structs.replace(entry, kind=kind.name)
        if self._problem and entry.state is CoverageState.OK:
            return msgspec.structs.replace(entry, state=CoverageState.PARTIAL, reason=self._problem)
        return entry

    def namespaces(self, kind: Kind) -> set[str]:
        """Return the namespaces that are, or in which something is."""
        return self._names if kind.is_namespaced or kind.name == Namespace.KIND else set()


def _places(item: dict[str, object], kind: Kind) -> Iterator[str]:
    meta = item.get("metadata")
    name = meta.get("name" if kind.name == Namespace.KIND else "namespace") if isinstance(meta, dict) else None
    if isinstance(name, str) and is_name(name):
        yield name


def _kept(folder: Path, order: SnapshotOrder, cluster: str) -> tuple[CoverageEntry, ...]:
    """Return the entries of the kinds that need not be read again. Raises ``SnapshotExists``."""
    if not folder.exists() or not any(folder.iterdir()):
        return ()
    if not order.resume:
        raise SnapshotExists(f"{folder} is not empty: name another folder, or go on with the snapshot in it.")
    before = read_manifest(folder)
    if (before.cluster, before.namespaces) != (cluster, order.namespaces):
        raise SnapshotExists(f"{folder} holds a snapshot of {before.cluster}, of other namespaces or another cluster.")
    well: dict[str, bool] = {}
    for entry in before.coverage:
        well[entry.kind] = well.get(entry.kind, True) and entry.state is CoverageState.OK
    whole = {kind.name for kind in order.kinds if well.get(kind.name) and _is_there(folder, kind)}
    return tuple(entry for entry in before.coverage if entry.kind in whole)


def _is_there(folder: Path, kind: Kind) -> bool:
    places = [(one, version) for one in (kind, kind.instead) if one for version in one.versions]
    return any((folder / list_file(one, version)).is_file() for one, version in places)
