"""Rules as data: which signals group together and how, who owns what they open, and how it all changed."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from shared.contracts.base import Contract
from shared.contracts.severity import Severity

# The id of the rules in force; earlier versions are kept under their number.
CURRENT = "current"


class RuleEffect(StrEnum):
    """What a rule does with the signals it matches."""

    GROUP = "group"
    SUPPRESS = "suppress"


class ResolveOn(StrEnum):
    """Which resolves end an incident: of any of its signals, of the one that fired last, of all, or none."""

    FIRST = "first"
    LAST = "last"
    ALL = "all"
    NEVER = "never"


class ThresholdOf(StrEnum):
    """What a threshold counts: different signals, or reports, repeats included."""

    SIGNALS = "signals"
    REPORTS = "reports"


class Match(Contract, frozen=True, kw_only=True):
    """Equalities that must all hold; the values of one field are alternatives, an empty field matches all."""

    sources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    labels: dict[str, tuple[str, ...]] = {}


class Threshold(Contract, frozen=True, kw_only=True):
    """Open an incident only once ``count`` signals (or reports) came within ``within_seconds``."""

    count: int
    of: ThresholdOf = ThresholdOf.SIGNALS
    within_seconds: float


class FlapControl(Contract, frozen=True, kw_only=True):
    """A signal that changed ``changes`` times within ``within_seconds`` flaps.

    While it flaps its changes stay off the timeline, and its incident resolves only after ``quiet_seconds``
    without one.
    """

    changes: int = 6
    within_seconds: float = 1_800.0
    quiet_seconds: float = 600.0


class GroupingRule(Contract, frozen=True, kw_only=True):
    """Which signals it takes, and what becomes of them. The first enabled rule that matches decides.

    A signal matches when ``match`` holds and ``when``, a CEL condition over ``signal``, is true or empty.
    ``group_by`` names what the dedup key is made of: ``name``, ``source``, ``service``, ``namespace``,
    ``cluster``, ``dedupKey`` (the sender's) or ``labels.<name>``. None for a time means the gateway's default.
    """

    id: str
    name: str
    description: str = ""
    enabled: bool = True
    match: Match = Match()
    when: str = ""
    effect: RuleEffect = RuleEffect.GROUP
    group_by: tuple[str, ...] = ("source", "name", "cluster", "namespace", "service")
    window_seconds: float | None = None
    threshold: Threshold | None = None
    resolve_on: ResolveOn = ResolveOn.ALL
    stable_seconds: float | None = None
    reopen_seconds: float | None = None
    flap: FlapControl = FlapControl()


class OwnershipRule(Contract, frozen=True, kw_only=True):
    """Who owns the incidents that matching signals open; the first enabled rule that matches decides."""

    id: str
    name: str
    description: str = ""
    enabled: bool = True
    match: Match = Match()
    when: str = ""
    owner: str


class RuleBook(Record, frozen=True, kw_only=True):
    """All rules in their order, as of one ``version``.

    The rules in force stand under the id ``current``; every version stands under its number too, and stays.
    """

    KIND: ClassVar[str] = "rules"

    id: str = CURRENT
    version: int
    grouping: tuple[GroupingRule, ...] = ()
    ownership: tuple[OwnershipRule, ...] = ()
    changed_by: str
    changed_at: datetime
    reason: str = ""

    @property
    def record_id(self) -> str:
        """``current``, or the version."""
        return self.id

    def facets(self) -> Facets:
        """The history is listed newest first; the copy in force stands apart."""
        return Facets(state="current" if self.id == CURRENT else "past", at=self.changed_at)


class PendingGroup(Record, frozen=True, kw_only=True):
    """What came for a dedup key whose rule has a threshold, until there is enough of it to open an incident."""

    KIND: ClassVar[str] = "pending_group"

    dedup_key: str
    # Fingerprint and time of each report that counts, oldest first, capped at the threshold.
    reports: tuple[tuple[str, datetime], ...] = ()
    changed_at: datetime

    @property
    def record_id(self) -> str:
        """The dedup key."""
        return self.dedup_key

    def facets(self) -> Facets:
        """Dropped with age."""
        return Facets(at=self.changed_at)
