"""What the graph worker needs of the outside: a cluster to read, live or as a snapshot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import msgspec

from services.graph.domain.access.question import Access, AccessQuestion
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import CoverageEntry
from services.graph.domain.reading.kinds import Kind
from shared.contracts.messages import Claim, Claimed, Results, ResultsRecorded


@dataclass(frozen=True, slots=True)
class KindRead:
    """What a list brought: the objects, cut down, and how it went. Never an exception for what a server answers."""

    objects: Sequence[KubeObject]
    coverage: CoverageEntry


class Lookup(StrEnum):
    """What asking for one object brought; ``forbidden`` and ``unknown`` say nothing of whether it exists."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ObjectRead:
    """One object asked for by name."""

    lookup: Lookup
    thing: KubeObject | None
    coverage: CoverageEntry


class LogState(StrEnum):
    """How reading a container's log went."""

    OK = "ok"
    # The container has not begun: 400 "is waiting to start" of the server.
    WAITING = "waiting"
    # It has no earlier instance.
    NO_PREVIOUS = "no_previous"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    TIMEOUT = "timeout"
    # The node does not answer, or the server failed.
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class LogRead:
    """The end of a container's log, oldest line first."""

    state: LogState
    lines: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Which kinds the server serves, each with the version we read; ``failed`` groups could not be asked."""

    versions: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    # What discovery itself met, where not even the list of groups could be read.
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read at most, of one kind in one place."""

    most_objects: int = 50_000
    page: int = 500
    seconds: float = 20.0
    log_lines: int = 200
    log_bytes: int = 256 << 10


class ClusterSource(Protocol):
    """A cluster that can be read, and never written. Safe to use from many threads.

    No method raises for what a server answers or fails to answer: the result says so. Each ends within the limits'
    seconds and a little.
    """

    @property
    def name(self) -> str:
        """How people call this cluster: the context's name, or the snapshot's."""
        ...

    def discover(self) -> Discovery:
        """Return what the server serves; asked once, then kept."""
        ...

    def read_kind(self, kind: Kind, namespace: str | None, limits: Limits) -> KindRead:
        """List the objects of a kind in one namespace, or in all of them.

        A kind the server does not serve is ``missing``; a right that lacks, ``forbidden`` with the grant.
        """
        ...

    def read_object(self, kind: Kind, namespace: str | None, name: str, limits: Limits) -> ObjectRead:
        """Get one object by name."""
        ...

    def read_log(self, namespace: str, pod: str, container: str, *, previous: bool, limits: Limits) -> LogRead:
        """Read the end of a container's log, of this instance or of the one before."""
        ...

    def ask_access(self, question: AccessQuestion, limits: Limits) -> Access:
        """Ask the server whether the account may do something."""
        ...

    def close(self) -> None:
        """Close the connections. Calling it twice changes nothing."""
        ...


class ClusterBook(Protocol):
    """The clusters that can be read, by name."""

    def names(self) -> list[str]:
        """Return all names, sorted; raise an ``AppError`` if they cannot all be known."""
        ...

    def snapshots(self) -> list[str]:
        """Return the names of those that need nothing outside, sorted."""
        ...

    def open(self, name: str) -> ClusterSource:
        """Return the cluster; raise an ``AppError`` that says why it cannot be opened."""
        ...


class Door(Protocol):
    """The gateway's internal door, as far as the graph worker uses it."""

    def claim(self, claim: Claim) -> Claimed | None:
        """Begin an attempt; None if it is not ours to begin."""
        ...

    def report(self, results: Results) -> ResultsRecorded:
        """Report results; they are on disk when this returns."""
        ...

    def get_blob(self, digest: str) -> bytes:
        """Return the bytes of a blob; raise an ``AppError`` if they cannot be had."""
        ...

    def put_blob(self, content: bytes) -> str:
        """Keep ``content`` at the gateway and return its digest."""
        ...


class Pulse(Protocol):
    """Keeps a claimed attempt alive, and knows whether it is still wanted."""

    def tell(self, share: float | None, note: str) -> None:
        """Say how far the work is. Raises ``JobStopped`` when it is not wanted any more, or took too long."""
        ...


@dataclass(frozen=True, slots=True)
class RawPage:
    """Objects as the server sent them, and in which API. Only the last page of a list carries ``coverage``.

    ``starts_anew``: the server forgot where it was (410), and what came before this page comes again.
    """

    kind: Kind
    version: str
    items: tuple[msgspec.Raw, ...]
    coverage: CoverageEntry | None = None
    starts_anew: bool = False


class RawListing(Protocol):
    """What can give objects uncut, to be written down."""

    def read_pages(self, kind: Kind, namespace: str | None, limits: Limits) -> Iterator[RawPage]:
        """Yield a list page by page; at least one page comes, and the last says how it went. Raises nothing."""
        ...


class RawSource(ClusterSource, RawListing, Protocol):
    """A cluster that can be read both ways."""
