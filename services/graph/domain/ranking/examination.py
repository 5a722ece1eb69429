"""Run rules on objects: every rule on each object of its kinds, and no rule costs another its turn."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.ranking.confidence import Confidence
from services.graph.domain.reading.coverage import Coverage, CoverageState
from services.graph.domain.reading.kinds import get_kind
from services.graph.domain.rules.base import Finding, Hit, Rule, View

# What a kind that could not be read costs: the rule's own evidence is there, what would speak against it may not be.
_UNREAD, _NO_EVENTS = -0.05, -0.03
_WHOLE = frozenset({CoverageState.OK, CoverageState.MISSING})


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that ended with an error on one object; what it would have said there is not known."""

    rule_id: str
    subject: Ref
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at: objects by kind, and the rules that had an object to look at."""

    objects: Mapping[str, int]
    rules: tuple[str, ...]
    failures: tuple[RuleFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """What rules found, in the order of the objects and the catalogue."""

    findings: tuple[Finding, ...]
    checked: Checked


def examine(view: View, subjects: Iterable[KubeObject], rules: Iterable[Rule]) -> Examination:
    """Run every rule on each subject of its kinds. Never raises for what a rule does."""
    by_kind = _by_kind(rules)
    findings: list[Finding] = []
    failures: list[RuleFailure] = []
    seen: Counter[str] = Counter()
    used: dict[str, None] = {}
    penalties = _Penalties(view.inventory.coverage)
    for subject in subjects:
        seen[subject.KIND] += 1
        for rule in by_kind.get(subject.KIND, ()):
            used[rule.id] = None
            hits = _run(rule, view, subject, failures)
            findings.extend(Finding(rule, hit, penalties.confidence(rule, hit)) for hit in hits)
    kinds = dict(sorted(seen.items()))
    return Examination(tuple(findings), Checked(kinds, tuple(used), tuple(failures)))


def _by_kind(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for kind in rule.kinds:
            found[kind.KIND].append(rule)
    return found


def _run(rule: Rule, view: View, subject: KubeObject, failures: list[RuleFailure]) -> list[Hit]:
    try:
        return list(rule.check(view, subject))
    except Exception as error:  # noqa: BLE001 - an odd object that breaks one rule must not cost the diagnosis.
        failures.append(RuleFailure(rule.id, subject.ref, f"{type(error).__name__}: {error}"[:300]))
        return []


class _Penalties:
    """What gaps in the reading cost, worked out once for each rule and namespace."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._known: dict[tuple[str, str | None], tuple[tuple[float, str], ...]] = {}

    def confidence(self, rule: Rule, hit: Hit) -> Confidence:
        """Return the rule's base with the steps of the hit, and those for what was not read."""
        confidence = Confidence(rule.base)
        for delta, reason in (*hit.steps, *self._of(rule, hit.subject.namespace)):
            confidence = confidence.step(delta, reason)
        return confidence

    def _of(self, rule: Rule, namespace: str | None) -> tuple[tuple[float, str], ...]:
        key = (rule.id, namespace)
        if key not in self._known:
            needs = [kind.KIND for kind in rule.needs]
            steps = [
                (_UNREAD, f"{get_kind(name).plural} {self._state(name, namespace)}")
                for name in needs
                if not self._is_whole(name, namespace)
            ]
            if Event.KIND not in needs and not self._is_whole(Event.KIND, namespace):
                steps.append((_NO_EVENTS, f"events {self._state(Event.KIND, namespace)}"))
            self._known[key] = tuple(steps)
        return self._known[key]

    def _is_whole(self, kind: str, namespace: str | None) -> bool:
        where = namespace if get_kind(kind).is_namespaced else None
        return self._coverage.state(kind, where) in _WHOLE

    def _state(self, kind: str, namespace: str | None) -> str:
        where = namespace if get_kind(kind).is_namespaced else None
        state = self._coverage.state(kind, where)
        return f"could not be read whole ({state})" if state else "were not read"
