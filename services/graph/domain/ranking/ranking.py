"""Findings to ranked hypotheses: one a culprit, causes before what follows from them, each sum shown.

Missing data only ever lowers a confidence: every step upward rests on something that was seen. That a trouble follows
from another moves it down the list and leaves its confidence alone, because the other may be invisible tomorrow.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.ranking.confidence import MOST, Confidence
from services.graph.domain.ranking.explanations import callees_named, implied_by, kinds_that_cause, touched_by
from services.graph.domain.ranking.recent_change import change_before
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Finding, Seen
from services.graph.domain.walking.owners import owners_of
from services.graph.domain.walking.walk import Walk
from shared.contracts.severity import Severity

# Shares of what is missing to certainty: so nothing adds up to more than it, and order is kept near the top.
_NEAR = ((0, 0.3, "it is what was asked about"), (1, 0.15, "one step away"), (2, 0.05, "two steps away"))
_ALSO, _MOST_ALSO = 0.15, 3
_CHANGED = 0.2
_UNTIED = -0.3
# A rule that names another object as the culprit knows more than its confidence says.
_STATED_MARGIN = 0.2
_MERGED_INTO_OWNERS = frozenset({"Pod", "ReplicaSet", "Job"})


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A candidate cause: the culprit, its findings with the leading one first, and what follows from it.

    ``follows_from``: it is a symptom of that one. ``is_tied``: something connects it to what was asked about.
    """

    culprit: Ref
    findings: tuple[Finding, ...]
    confidence: Confidence
    distance: int = 0
    explains: tuple[Ref, ...] = ()
    follows_from: Ref | None = None
    is_tied: bool = True

    @property
    def lead(self) -> Finding:
        """The finding that says most."""
        return self.findings[0]

    @property
    def severity(self) -> Severity:
        """The worst of its findings."""
        return max((finding.rule.severity for finding in self.findings), key=lambda severity: severity.rank)


def rank_findings(findings: Iterable[Finding], inventory: Inventory, walk: Walk) -> list[Hypothesis]:
    """Return the hypotheses, the likeliest cause first. Advice is none, nor is what is merely worth knowing."""
    groups = _by_culprit([one for one in findings if is_trouble(one)], inventory)
    causes = _causes(groups, inventory)
    tied = _tied(groups, causes, walk)
    explained: dict[Ref, list[Ref]] = defaultdict(list)
    for symptom, cause in causes.items():
        explained[cause].append(symptom)
    far = max(walk.steps.values(), default=0) + 1
    # In a whole namespace or cluster nothing is nearer than anything else.
    is_scope = not any(walk.steps.values()) or sum(step == 0 for step in walk.steps.values()) > 1
    found = []
    for culprit, own in groups.items():
        distance = min(walk.steps.get(ref, far) for ref in (culprit, *(one.hit.subject for one in own)))
        confidence = _confidence(own, inventory)
        confidence = confidence if is_scope else _placed(confidence, walk.steps.get(culprit, far), culprit in tied)
        follows = causes.get(culprit)
        below = tuple(sorted(explained[culprit], key=str))
        found.append(Hypothesis(culprit, _telling_first(own), confidence, distance, below, follows, culprit in tied))
    return in_order(found)


def is_trouble(finding: Finding) -> bool:
    """Answer whether a finding can be a cause."""
    return not finding.rule.is_advice and finding.rule.severity is not Severity.INFO


def _by_culprit(findings: Iterable[Finding], inventory: Inventory) -> dict[Ref, list[Finding]]:
    groups: dict[Ref, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.culprit].append(finding)
    for culprit in list(groups):
        above = [owner for owner in _above(inventory, culprit) if owner in groups]
        if above:
            groups[above[-1]].extend(groups.pop(culprit))
    return {culprit: _leading_first(found) for culprit, found in groups.items()}


def _above(inventory: Inventory, culprit: Ref) -> Sequence[Ref]:
    """Return the controllers above what is or makes a pod; of one that was not read, by the pods that name it."""
    if culprit.kind not in _MERGED_INTO_OWNERS:
        return ()
    thing = inventory.find_ref(culprit)
    if thing is not None:
        return owners_of(inventory, thing)
    chains = (owners_of(inventory, pod) for pod in inventory.in_namespace(Pod, culprit.namespace))
    chain = next((one for one in chains if culprit in one), [])
    return chain[chain.index(culprit) + 1 :] if chain else ()


def _leading_first(findings: Iterable[Finding]) -> list[Finding]:
    def key(finding: Finding) -> tuple[float, int, str, str]:
        return (-finding.confidence.value, -finding.rule.severity.rank, finding.rule.id, str(finding.hit.subject))

    return sorted(findings, key=key)


def _telling_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return them for people: what is wrong before what only shows that something is. Each part stays in its order."""
    return tuple(sorted(findings, key=lambda finding: finding.rule.shows_only))


def _confidence(findings: Sequence[Finding], inventory: Inventory) -> Confidence:
    """Return the best finding's confidence, raised by what other rules found of the same culprit.

    The best is chosen with the change already counted: else losing a finding could raise the sum.
    """
    best = max((_with_change(one, inventory) for one in findings), key=lambda one: one.value)
    for title in _also(findings)[:_MOST_ALSO]:
        best = _raised(best, _ALSO, f"also found: {title}")
    return best


def _also(findings: Sequence[Finding]) -> list[str]:
    """Return what other rules found that rests on something else too: the same field read twice proves nothing more."""
    known = {_identity(seen) for seen in findings[0].hit.seen}
    others: dict[str, str] = {}
    for one in findings[1:]:
        rests_on = {_identity(seen) for seen in one.hit.seen}
        if one.rule.id != findings[0].rule.id and rests_on - known:
            others[one.rule.id] = one.rule.title
        known |= rests_on
    return list(others.values())


def _identity(seen: Seen) -> tuple[str, Ref, str]:
    return seen.source, seen.about, seen.field_path if seen.source == "object" and seen.field_path else seen.observation


def _with_change(finding: Finding, inventory: Inventory) -> Confidence:
    change = change_before(inventory, finding)
    return _raised(finding.confidence, _CHANGED, change) if change else finding.confidence


def _raised(confidence: Confidence, share: float, reason: str) -> Confidence:
    return confidence.step(round(share * (MOST - confidence.value), 4), reason)


def _placed(confidence: Confidence, distance: int, is_tied: bool) -> Confidence:  # noqa: FBT001 - one of its two facts.
    if not is_tied:
        return confidence.step(_UNTIED, "nothing ties it to what was asked about")
    near = [(share, reason) for steps, share, reason in _NEAR if steps == distance]
    return _raised(confidence, *near[0]) if near else confidence


def _causes(groups: dict[Ref, list[Finding]], inventory: Inventory) -> dict[Ref, Ref]:
    """Return for each symptom the culprit its leading finding follows from; never in a circle."""
    candidates = _Candidates(groups, inventory)
    value = {culprit: own[0].confidence.value for culprit, own in groups.items()}
    found: dict[Ref, Ref] = {}
    # The least sure first: where two would explain each other, the surer one is the cause.
    for culprit in sorted(groups, key=lambda one: (value[one], str(one))):
        causes = [candidates.of(culprit, finding) for finding in groups[culprit]]
        if all(causes):
            cause = next((one for one in causes[0] if culprit not in _chain(found, one)), None)
            if cause is not None:
                found[culprit] = cause
    return found


class _Candidates:
    """Which culprits could be behind a finding; found by the objects they touch, not by trying each on each."""

    def __init__(self, groups: dict[Ref, list[Finding]], inventory: Inventory) -> None:
        self._inventory = inventory
        self._value = {culprit: own[0].confidence.value for culprit, own in groups.items()}
        self._stated: dict[Ref, set[Ref]] = defaultdict(set)
        self._implied: dict[Ref, set[Ref]] = defaultdict(set)
        troubled = {one.hit.subject for own in groups.values() for one in own}
        for culprit, own in groups.items():
            self._stated[culprit].add(culprit)
            for ref in touched_by(inventory, own):
                self._stated[ref].add(culprit)
            for ref in implied_by(inventory, culprit, troubled):
                self._implied[ref].add(culprit)

    def of(self, culprit: Ref, finding: Finding) -> list[Ref]:
        """Return the candidates: those rules name, then those relations lead to, the surest first."""
        subject, value = finding.hit.subject, self._value[culprit]
        named = callees_named(self._inventory, finding)
        own = self._sufferers(culprit, subject)
        by_rule = {*self._stated.get(subject, ()), *self._stated.get(culprit, ())} - own
        by_relation = {*self._implied.get(subject, ()), *(ref for ref in named if ref in self._value)} - by_rule - own
        stated = self._sorted(culprit, finding, by_rule, value - _STATED_MARGIN)
        return [*stated, *self._sorted(culprit, finding, by_relation, value)]

    def _sufferers(self, culprit: Ref, subject: Ref) -> frozenset[Ref]:
        """Return who a rule says only suffers from the culprit: those cannot be behind it again."""
        thing = self._inventory.find_ref(subject)
        own = frozenset({subject, *(owners_of(self._inventory, thing) if thing is not None else ())})
        return frozenset() if culprit in own else own

    def _sorted(self, culprit: Ref, finding: Finding, refs: Iterable[Ref], least: float) -> list[Ref]:
        likely = [ref for ref in refs if ref != culprit and self._value[ref] >= least]
        kinds = kinds_that_cause(finding) if likely else None
        able = [ref for ref in likely if kinds is None or ref.kind in kinds]
        return sorted(able, key=lambda one: (-self._value[one], str(one)))


def _chain(causes: dict[Ref, Ref], culprit: Ref) -> list[Ref]:
    chain = [culprit]
    while chain[-1] in causes:
        chain.append(causes[chain[-1]])
    return chain


def _tied(groups: dict[Ref, list[Finding]], causes: dict[Ref, Ref], walk: Walk) -> Collection[Ref]:
    tied = {
        culprit
        for culprit, own in groups.items()
        if culprit in walk.own
        or any(one.hit.subject in walk.own or not walk.own.isdisjoint(one.hit.explains) for one in own)
    }
    return {*tied, *(cause for symptom in tied for cause in _chain(causes, symptom))}


def in_order(found: list[Hypothesis]) -> list[Hypothesis]:
    """Return hypotheses, the likeliest cause first."""

    def key(one: Hypothesis) -> tuple[bool, bool, float, int, int, tuple[str, str, str]]:
        total = one.confidence.value
        name = (one.culprit.kind, one.culprit.namespace or "", one.culprit.name)
        return (not one.is_tied, one.follows_from is not None, -total, -one.severity.rank, one.distance, name)

    return sorted(found, key=key)
