"""Try one rule on a small cluster: does it find its fault, and does it leave what is healthy alone."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.rules.base import Hit, Rule, View
from tests.support.cluster import NOW, an_inventory


class Found(NamedTuple):
    """A cluster with a fault: the first object has it, unless ``subject`` is another; ``culprit`` is to be mended."""

    objects: Sequence[KubeObject]
    culprit: Ref | None = None
    subject: Ref | None = None
    says: str = ""
    unread: Mapping[str, CoverageState] | None = None


class Clean(NamedTuple):
    """A cluster in which a rule has nothing to say, and why."""

    why: str
    objects: Sequence[KubeObject]
    unread: Mapping[str, CoverageState] | None = None


def try_rule(rule: Rule, objects: Sequence[KubeObject], unread: Mapping[str, CoverageState] | None = None) -> list[Hit]:
    """Return all the rule says of a cluster."""
    inventory = an_inventory(*objects, unread=unread)
    view = View(inventory, NOW)
    return [hit for kind in rule.kinds for thing in inventory.all(kind) for hit in rule.check(view, thing)]


def confidence(rule: Rule, hit: Hit) -> float:
    """Return how sure the rule is of a hit."""
    return rule.base + sum(delta for delta, _ in hit.steps)


def expect(rule: Rule, trial: Found) -> None:
    """Assert that the rule finds the fault once, blames what is to blame, and shows evidence for it."""
    hits = try_rule(rule, trial.objects, trial.unread)
    first = trial.objects[0].ref
    subject = trial.subject or first
    assert [hit.subject for hit in hits] == [subject]
    hit = hits[0]
    assert (hit.culprit or hit.subject) == (trial.culprit or subject)
    assert trial.says in hit.summary
    assert hit.seen
    assert all(one.observation for one in hit.seen)
    assert 0 < confidence(rule, hit) < 1


def by_id(rules: Sequence[Rule]) -> dict[str, Rule]:
    """Return the rules by id; two of one id are an error."""
    found = {rule.id: rule for rule in rules}
    assert len(found) == len(rules)
    return found


def expect_humble(rule: Rule, trial: Found) -> None:
    """Assert that whatever cannot be read is never called absent, and makes the rule no surer and no other culprit.

    Each kind in turn is forbidden, then cut short while what was read stays.
    """
    before = {hit.subject: hit for hit in try_rule(rule, trial.objects, trial.unread)}
    for kind in KINDS:
        for state in (CoverageState.FORBIDDEN, CoverageState.TRUNCATED):
            unread = {**(trial.unread or {}), kind.name: state}
            for hit in try_rule(rule, trial.objects, unread):
                claims = [one.about.kind for one in hit.seen if one.source == "coverage"]
                assert kind.name not in claims, f"{kind.name} {state}: {hit.summary}"
                known = before.get(hit.subject)
                assert known, f"{kind.name} {state}: said only without it: {hit.summary}"
                assert confidence(rule, hit) <= confidence(rule, known) + 1e-9, f"{kind.name} {state}: {hit.steps}"
