"""What was looked at, and what could not be: by kind, namespace and verb, with the right that would mend it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from services.graph.domain.reading.kinds import Kind


class CoverageState(StrEnum):
    """How a read went. Only ``ok`` proves that what is not in the answer does not exist."""

    OK = "ok"
    # Some objects could not be understood, or a page failed after others came.
    PARTIAL = "partial"
    # Limits of ours ended the reading.
    TRUNCATED = "truncated"
    FORBIDDEN = "forbidden"
    # The server has no such API.
    MISSING = "missing"
    TIMEOUT = "timeout"
    # The server, or what it asks, answered with an error or with what is no answer.
    UNAVAILABLE = "unavailable"


class Grant(msgspec.Struct, frozen=True, rename="camel"):
    """The rule of a role that would allow the read; in a ClusterRole, or a Role where ``namespace`` is set."""

    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    namespace: str | None = None


class CoverageEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One read. ``namespace`` None: of the whole cluster. ``stale`` : the objects are of an earlier, good read."""

    kind: str
    verb: str
    state: CoverageState
    namespace: str | None = None
    count: int = 0
    pages: int = 0
    milliseconds: int = 0
    reason: str = ""
    grant: Grant | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every read that was tried."""

    entries: tuple[CoverageEntry, ...] = ()
    # Read namespace by namespace there are thousands of entries, and the question comes for every object not seen.
    _best: dict[tuple[str, str, str | None], CoverageState] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for entry in self.entries:
            key = entry.kind, entry.verb, entry.namespace
            self._best[key] = min(entry.state, self._best.get(key, entry.state), key=_ORDER.index)

    def state(self, kind: str, namespace: str | None, verb: str = "list") -> CoverageState | None:
        """Return how reading the kind went where an object of ``namespace`` would have been seen; None: not tried.

        A read of the whole cluster tells of every namespace; the best read counts.
        """
        found = {self._best.get((kind, verb, None)), self._best.get((kind, verb, namespace))} - {None}
        return min(found, key=_ORDER.index) if found else None  # type: ignore[arg-type]  # None is taken out.

    def proves_absence(self, kind: str, namespace: str | None) -> bool:
        """Answer whether an object of this kind that was not seen does not exist."""
        return self.state(kind, namespace) is CoverageState.OK

    def gaps(self) -> list[CoverageEntry]:
        """Return the reads that leave something unknown; an API the server lacks leaves nothing unknown."""
        return [entry for entry in self.entries if entry.state not in {CoverageState.OK, CoverageState.MISSING}]

    def plus(self, entries: Iterable[CoverageEntry]) -> "Coverage":
        """Return this with more reads."""
        return Coverage((*self.entries, *entries))


_ORDER = list(CoverageState)


def grant_for(kind: Kind, verb: str, namespace: str | None = None, subresource: str = "") -> Grant:
    """Return the rule that would allow ``verb`` on ``kind``."""
    resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
    return Grant((kind.group,), (resource,), (verb,), namespace)
