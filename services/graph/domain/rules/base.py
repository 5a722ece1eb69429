"""What a rule is, what it sees, and what it says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.ranking.confidence import Confidence
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation: what was seen, on which object, in which field or Event or log; ``at`` where it has a time."""

    source: str  # object, event, log, metric, coverage
    about: Ref
    observation: str
    field_path: str = ""
    at: datetime | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would help: words for people, and where one is known, the action a person could propose.

    ``command`` is an argument list for the action type ``command``, or empty; never run by anything here.
    """

    text: str
    command: tuple[str, ...] = ()
    risk: str = "medium"


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule found its condition met on ``subject``. ``culprit`` is what to mend, where that is another object.

    ``steps`` raise or lower the rule's confidence for this case; ``explains`` are objects whose trouble follows.
    """

    subject: Ref
    summary: str
    seen: tuple[Seen, ...]
    culprit: Ref | None = None
    steps: tuple[tuple[float, str], ...] = ()
    explains: tuple[Ref, ...] = ()
    remedies: tuple[Remedy, ...] = ()


class Logs(Protocol):
    """Logs that were read for this diagnosis."""

    def lines(self, pod: Ref, container: str, *, previous: bool) -> tuple[str, ...]:
        """Return the lines that are known; none where none were read."""
        ...


class NoLogs:
    """For diagnoses that read none."""

    def lines(self, pod: Ref, container: str, *, previous: bool) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class View:
    """All a rule may look at: the inventory, the logs that were read, the time of the observation.

    ``known`` is where rules keep what many of them ask; nothing in it changes what any of them says.
    """

    inventory: Inventory
    now: datetime
    logs: Logs = field(default_factory=NoLogs)
    known: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)


Check = Callable[[View, KubeObject], Iterable[Hit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: data for the catalogue, and ``check``, which looks at one object of one of ``kinds``.

    ``conditions`` are the numbers of the conditions in docs/diagnosis-rules.md it covers. ``is_advice``: it says what
    could be better of a healthy object; such a hit is listed, and is never a candidate cause. ``shows_only``: it says
    that something is wrong, and not what; it stands behind findings of the same culprit that do. ``needs`` are kinds
    whose coverage must be ok before the rule may claim that something does not exist.
    """

    id: str
    title: str
    layer: Layer
    severity: Severity
    kinds: tuple[type[KubeObject], ...]
    condition: str
    explanation: str
    remediation: str
    base: float
    check: Check
    conditions: tuple[int, ...] = ()
    needs: tuple[type[KubeObject], ...] = ()
    is_advice: bool = False
    shows_only: bool = False
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule concluded, with the arithmetic of its confidence."""

    rule: Rule
    hit: Hit
    confidence: Confidence

    @property
    def culprit(self) -> Ref:
        """What to mend."""
        return self.hit.culprit or self.hit.subject
