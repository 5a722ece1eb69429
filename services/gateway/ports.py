"""The interfaces the gateway needs of the outside. Their docstrings are the specification."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from services.gateway.domain.inbox import IncidentFacets, IncidentFigures
from services.gateway.domain.records import (
    EntryDraft,
    IncidentSource,
    IncidentStatus,
    Record,
    TimelineEntry,
)
from shared.contracts.base import Contract
from shared.contracts.severity import Severity

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Committed(Contract, frozen=True, kw_only=True):
    """What one commit changed; given to listeners once it is durable. ``seq`` rises by one per commit."""

    seq: int
    puts: tuple[Record, ...]
    removes: tuple[tuple[str, str], ...] = ()


class RecordQuery(Contract, frozen=True, kw_only=True):
    """A page of one kind, newest first (by the ``at`` facet, then id), or oldest first.

    Every field given narrows the list. ``since`` is inclusive, ``until`` exclusive. ``cursor`` comes from
    the page before. ``total`` counts all matches, over all pages; a caller who does not show it says so.
    """

    parent: str | None = None
    states: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    oldest_first: bool = False
    limit: int = 50
    cursor: str | None = None
    with_total: bool = True


@dataclass(frozen=True, slots=True)
class RecordPage(Generic[R]):
    """One page: its records, how many match in all (None when not asked for), where the next page begins."""

    records: list[R]
    total: int | None
    next_cursor: str | None


class IncidentQuery(Contract, frozen=True, kw_only=True):
    """A page of the inbox. Values within one field are alternatives; different fields narrow together.

    ``text`` is split at white space; every word must occur, ignoring case, somewhere in title, description,
    services, labels, signal names or number (``INC-42``). None among ``owners`` stands for nobody. ``since`` is
    inclusive and ``until`` exclusive, of when it was opened; ``updated_since`` and ``resolved_since`` are
    inclusive. ``sort`` is one of ``updatedAt``, ``createdAt``, ``severity``, ``number``, with ``-`` before it for
    descending; ties are broken by number, so the order is total and a cursor never skips or repeats an incident
    that does not move.
    """

    statuses: tuple[IncidentStatus, ...] = ()
    severities: tuple[Severity, ...] = ()
    sources: tuple[IncidentSource, ...] = ()
    owners: tuple[str | None, ...] = ()
    rule_ids: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    updated_since: datetime | None = None
    resolved_since: datetime | None = None
    sort: str = "-createdAt"
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One page of the inbox. ``items`` are ready JSON, each an ``IncidentSummary``, to be sent as they are."""

    items: list[bytes]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """A timeline entry with its own hash, read off its stored bytes."""

    entry: TimelineEntry
    hash: str


class Transaction(Protocol):
    """One unit of change. It sees what is committed plus its own puts.

    Nothing is written before the work returns. At commit the store checks that no record this transaction
    read (found or not found) has been written since; if one has, nothing is written and the work runs again.
    So "version is n" and "key is absent" need no words of their own: reading is the precondition.
    """

    @property
    def now(self) -> datetime:
        """The time of this transaction; the same at every call within one run."""
        ...

    def find(self, kind: type[R], record_id: str) -> R | None:
        """Return the record, or None. Either answer is a precondition of the commit."""
        ...

    def get(self, kind: type[R], record_id: str) -> R:
        """Return the record, or raise ``RecordNotFound``."""
        ...

    def put(self, record: Record) -> None:
        """Write ``record`` whole, over whatever has its id. Putting again within one transaction replaces.

        An ``Incident`` with number 0 is given the next number; a ``Delivery`` with ``accepted_seq`` 0 is given
        the sequence of the commit. Timeline entries and chain heads are refused here: see ``append``.
        """
        ...

    def remove(self, kind: type[Record], record_id: str) -> None:
        """Delete the record; nothing happens if there is none. Timeline entries are refused."""
        ...

    def remove_incident(self, incident_id: str) -> None:
        """Delete an incident with its activity, hints and whole timeline; nothing happens if there is none."""
        ...

    def remove_chain(self, chain_id: str) -> None:
        """Delete every entry of a chain, and its head; nothing happens if there is none."""
        ...

    def append(self, incident_id: str, draft: EntryDraft) -> None:
        """Append to the incident's timeline, or to another chain. Never conflicts: the committer gives its place."""
        ...


class StoreReads(Protocol):
    """What can be read of the store, at any time and from any thread."""

    def find(self, kind: type[R], record_id: str) -> R | None:
        """Return the newest durable state of the record, or None."""
        ...

    def get(self, kind: type[R], record_id: str) -> R:
        """Return the newest durable state of the record, or raise ``RecordNotFound``."""
        ...

    def list_records(self, kind: type[R], query: RecordQuery) -> RecordPage[R]:
        """Return a page of one kind, as it was at some instant after the call began."""
        ...

    def list_incidents(self, query: IncidentQuery) -> IncidentPage:
        """Return a page of the inbox, as it was at some instant after the call began."""
        ...

    def count_facets(self, query: IncidentQuery) -> IncidentFacets:
        """Return how many incidents match, and how many by each facet, all as of one instant after the call began.

        A facet is counted with its own filter left aside: it says what there is to choose from. The labels of
        each key are a facet of their own in that. Sort, limit and cursor are not read.
        """
        ...

    def measure_incidents(self, query: IncidentQuery, *, first_day: date, last_day: date) -> IncidentFigures:
        """Return counts and times of the incidents that match, all as of one instant after the call began.

        ``per_day`` has every day from the first to the last, and counts on each of all incidents that match
        without regard to ``since`` and ``until``. Sort, limit and cursor are not read.
        """
        ...

    def find_incident_id(self, number: int) -> str | None:
        """Return the id of the incident that bears ``number``, or None."""
        ...

    def list_timeline(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[ChainedEntry]:
        """Return entries with a sequence above ``after``, in order. Costs the page, not the timeline."""
        ...

    def list_newest_entries(self, incident_id: str, limit: int) -> list[ChainedEntry]:
        """Return the last ``limit`` entries, oldest of them first."""
        ...

    def list_entry_bytes(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[bytes]:
        """Return the stored bytes of the entries that ``list_timeline`` returns: what their hashes are of.

        They are JSON without a line break.
        """
        ...


class Store(StoreReads, Protocol):
    """Where everything the gateway must remember is kept.

    **Atomic**: of one transaction all or nothing is ever visible, also after power loss. **Durable**: when
    ``transact`` returns, the change survives power loss. **Isolated**: see ``Transaction``. **Ordered**:
    commits have a sequence without holes; listeners see them in it. Safe to use from many threads.
    """

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` and commit what it put; return what it returned.

        ``work`` may run several times and must have no effect outside the transaction. An exception from it
        is raised on and nothing is written. A transaction that put nothing costs no disk write. Raises
        ``StoreFull`` (507) when the disk is full, ``StoreUnavailable`` (503) when it cannot be written, and
        ``StoreBusy`` (503) after 50 conflicts: in each case nothing was written.
        """
        ...

    def subscribe(self, listener: Callable[[Committed], None]) -> None:
        """Call ``listener`` after every commit from now on, in order. It must be quick and must not raise."""
        ...

    def subscribe_waits(self, listener: Callable[[Sequence[float]], None]) -> None:
        """Call ``listener`` from now on with how long writers waited until their commits were durable, in seconds.

        It is called once for all commits that became durable together. It must be quick and must not raise.
        """
        ...

    @property
    def last_seq(self) -> int:
        """The sequence of the newest durable commit; 0 in an empty store."""
        ...

    def health(self) -> str | None:
        """Return None when writes work, else one sentence saying why they do not."""
        ...

    def close(self) -> None:
        """Finish what is under way, write the views behind, and release the lock. Later calls raise."""
        ...


class Blobs(Protocol):
    """Big things by the SHA-256 of their bytes (hex). A blob is durable before ``put`` returns."""

    def put(self, content: bytes) -> str:
        """Keep ``content`` and return its digest. Putting the same bytes again changes nothing."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes, checked against the digest; raise ``BlobNotFound`` or ``BlobDamaged``."""
        ...

    def collect(self, is_used: Callable[[str], bool], older_than: datetime) -> int:
        """Delete blobs nothing names, written before ``older_than``; return how many.

        The age protects a blob that was put for a commit which is still under way.
        """
        ...


class JobQueue(Protocol):
    """The broker, as far as the relay needs it."""

    def publish(self, task: str, message: bytes, *, queue: str) -> None:
        """Hand one message to the broker; raise ``BrokerUnavailable`` if it may not have arrived.

        Never blocks longer than a few seconds. A message may be delivered twice or never: jobs are the truth.
        """
        ...

    def health(self) -> str | None:
        """Return None when the broker answers, else one sentence saying why it does not."""
        ...
