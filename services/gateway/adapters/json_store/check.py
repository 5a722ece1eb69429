"""Check a data folder against itself: every line, every sequence, every timeline's chain, and the index."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from services.gateway.adapters.json_store.files import RealFiles
from services.gateway.adapters.json_store.inbox_index import InboxIndex
from services.gateway.adapters.json_store.journal import Journal
from services.gateway.adapters.json_store.layout import Layout, read_store_id
from services.gateway.adapters.json_store.lines import Entry, Line
from services.gateway.adapters.json_store.lock import FolderLock
from services.gateway.adapters.json_store.recovery import Progress, index_identity, open_index, silent
from services.gateway.adapters.json_store.segments import Segment
from services.gateway.adapters.json_store.state import decode
from services.gateway.adapters.staging import hash_entry
from services.gateway.adapters.transaction import Key
from services.gateway.domain.records import RECORD_KINDS, ChainHead, Incident, TimelineEntry, is_audit_chain, month_of
from services.gateway.domain.records.timeline import GENESIS_HASH
from services.gateway.errors import StoreDamaged

_MAX_PROBLEMS = 100
_REPORT_EVERY = 5_000


@dataclass(slots=True)
class CheckReport:
    """What was looked at, and one sentence for everything that is not as it was written."""

    commits: int = 0
    records: int = 0
    incidents: int = 0
    entries: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, problem: str) -> None:
        """Note a problem; beyond a hundred they are only counted by the last line."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)
        elif len(self.problems) == _MAX_PROBLEMS:
            self.problems.append("there are more problems than are listed here")


class _Link(msgspec.Struct, frozen=True, rename="camel"):
    """What the chain needs of a timeline entry."""

    incident_id: str
    sequence: int
    previous_hash: str


@dataclass(slots=True)
class _Seen:
    """The newest state the journal tells, as far as checking needs it."""

    revisions: dict[Key, int] = field(default_factory=dict)
    links: dict[Key, tuple[_Link, str]] = field(default_factory=dict)
    heads: dict[str, ChainHead] = field(default_factory=dict)


def check(data_dir: Path, progress: Progress = silent) -> CheckReport:
    """Read the whole journal of ``data_dir`` and report. Writes nothing and needs no lock.

    A folder in use, or a plain copy of one, may end in a commit that was just being written; that is no problem.
    """
    layout, files = Layout(data_dir), RealFiles()
    report, seen = CheckReport(), _Seen()
    if not layout.format.exists():
        report.add(f"{data_dir} holds no store")
        return report
    try:
        journal = Journal(files, layout.journal, store_id := read_store_id(files, layout))
        for segment, line in journal.replay_base():
            _take(report, seen, segment, line)
        for segment, line in journal.replay():
            report.commits += 1
            _take(report, seen, segment, line)
            if report.commits % _REPORT_EVERY == 0:
                progress("reading the journal", report.commits, 0)
    except StoreDamaged as error:
        report.add(str(error))
        return report
    report.records = len(seen.revisions)
    report.incidents = sum(kind == Incident.KIND for kind, _ in seen.revisions)
    _check_chains(report, seen, progress)
    _check_index(report, seen, layout.index, index_identity(store_id, journal.base), journal.last_seq)
    return report


def rebuild_index(data_dir: Path, progress: Progress = silent) -> int:
    """Throw the index away and build it anew; return how many commits it holds. Needs the folder for itself."""
    layout, files = Layout(data_dir), RealFiles()
    lock = FolderLock(layout.lock, wait_seconds=0)
    try:
        for suffix in ("", "-wal", "-shm"):
            layout.index.with_name(layout.index.name + suffix).unlink(missing_ok=True)
        (layout.root / "VIEWS").unlink(missing_ok=True)
        store_id = read_store_id(files, layout)
        journal = Journal(files, layout.journal, store_id)
        open_index(layout.index, journal, InboxIndex(), store_id, progress).close()
        return journal.last_seq
    finally:
        lock.release()


def _take(report: CheckReport, seen: _Seen, segment: Segment, line: Line) -> None:
    for entry in line.entries:
        try:
            _take_entry(seen, entry, line.seq)
        except (msgspec.MsgspecError, KeyError) as error:
            report.add(f"{segment.path}, byte {entry.offset}: {entry.key[0]} {entry.key[1]}: {error}")


def _take_entry(seen: _Seen, entry: Entry, seq: int) -> None:
    kind, record_id = entry.key
    if entry.body is None:
        seen.revisions.pop(entry.key, None)
        seen.links.pop(entry.key, None)
        seen.heads.pop(record_id, None) if kind == ChainHead.KIND else None
        return
    if kind not in RECORD_KINDS:
        raise KeyError("of a kind this version does not know")
    seen.revisions[entry.key] = seq
    if kind == TimelineEntry.KIND:
        seen.links[entry.key] = (msgspec.json.decode(entry.body, type=_Link), hash_entry(entry.body))
        return
    record = decode(entry.key, entry.body)
    if isinstance(record, ChainHead):
        seen.heads[record_id] = record


def _check_chains(report: CheckReport, seen: _Seen, progress: Progress) -> None:
    chains: dict[str, list[tuple[_Link, str]]] = defaultdict(list)
    for link in seen.links.values():
        chains[link[0].incident_id].append(link)
    report.entries = len(seen.links)
    for done, incident_id in enumerate(seen.heads.keys() | chains.keys()):
        head = seen.heads.get(incident_id, ChainHead(incident_id=incident_id))
        for problem in _chain_problems(sorted(chains[incident_id], key=lambda link: link[0].sequence), head):
            report.add(f"{_name_of(incident_id)}: {problem}")
        if done % _REPORT_EVERY == 0:
            progress("checking timelines", done, len(seen.heads))


def _name_of(chain_id: str) -> str:
    return f"audit log of {month_of(chain_id)}" if is_audit_chain(chain_id) else f"timeline of {chain_id}"


def _chain_problems(links: list[tuple[_Link, str]], head: ChainHead) -> list[str]:
    previous, sequence = GENESIS_HASH, 0
    for link, own in links:
        sequence += 1
        if link.sequence != sequence:
            return [f"entry {sequence} is missing"]
        if link.previous_hash != previous:
            return [f"entry {sequence} does not follow the one before it"]
        previous = own
    if (sequence, previous) != (head.sequence, head.hash):
        return [f"it ends at entry {sequence} with {previous[:12]}…; its head says {head.sequence}, {head.hash[:12]}…"]
    return []


def _check_index(report: CheckReport, seen: _Seen, path: Path, identity: str, last_seq: int) -> None:
    """Compare the index where it says it is up to date; behind or absent it is replayed at the next start."""
    if not path.exists():
        return
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            meta = dict(connection.execute("SELECT name, value FROM meta"))
            if meta.get("identity") != identity or int(meta.get("seq", 0)) != last_seq:
                return
            rows = {
                (kind, record_id): rev
                for kind, record_id, rev in connection.execute("SELECT kind, id, revision FROM records")
            }
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        report.add(f"{path}: {error}; `faultline store rebuild` makes it anew")
        return
    wrong = sum(rows.get(key) != revision for key, revision in seen.revisions.items()) + len(
        rows.keys() - seen.revisions.keys()
    )
    if wrong:
        report.add(f"{path}: {wrong} records differ from the journal; `faultline store rebuild` makes it anew")
