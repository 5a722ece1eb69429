"""Every case of every rule again, with each kind in turn refused or cut short: less is known, and nothing new is.

All rules look at every world, so that one rule's loss is no other's false find.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.ranking.examination import Examination, examine
from services.graph.domain.ranking.ranking import Hypothesis, rank_findings
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.rules.base import View
from services.graph.domain.rules.catalogue import RULES
from services.graph.domain.walking.walk import Walk
from tests.support.cluster import NOW, an_inventory
from tests.unit.graph.rules import (
    test_container_rules,
    test_platform_admission,
    test_platform_edge,
    test_platform_nodes,
    test_platform_services,
    test_platform_storage,
    test_start_rules,
    test_workload_rules,
)

LOSSES = (CoverageState.FORBIDDEN, CoverageState.TRUNCATED)
# What stands in for a finding whose evidence is lost: each says only what is still seen of the pod itself.
IN_PLACE_OF_MORE = frozenset({"pod-stuck-creating", "pod-unschedulable-taint"})


class Known(NamedTuple):
    """A world of a case: its objects, the logs of it, what its author left unread."""

    objects: Sequence[KubeObject]
    logs: Any
    unread: Mapping[str, CoverageState]


def _worlds() -> Iterator[tuple[str, Known]]:
    for module in (test_container_rules, test_start_rules, test_workload_rules):
        for case in module.CASES:
            for name, build in (("met", case.met), ("unmet", case.unmet)):
                world = build()
                yield f"{case.rule_id} {name}", Known(world.objects, world, world.unread)
    for module in (
        test_platform_admission,
        test_platform_edge,
        test_platform_nodes,
        test_platform_services,
        test_platform_storage,
    ):
        for rule_id, trial in module.FOUND.items():
            yield f"{rule_id} found", Known(trial.objects, None, trial.unread or {})


WORLDS = dict(_worlds())


def _look(known: Known, unread: Mapping[str, CoverageState]) -> tuple[Examination, dict[Ref, Hypothesis]]:
    inventory = an_inventory(*known.objects, unread=unread)
    view = View(inventory, NOW, known.logs) if known.logs is not None else View(inventory, NOW)
    things = [thing for kind in KINDS for thing in inventory.all(kind.kept)]
    examination = examine(view, things, RULES)
    ranked = rank_findings(examination.findings, inventory, Walk({}, frozenset()))
    return examination, {one.culprit: one for one in ranked}


def _found(examination: Examination) -> set[tuple[str, Ref]]:
    return {(one.rule.id, one.hit.subject) for one in examination.findings}


@pytest.mark.parametrize("name", WORLDS)
def test_a_loss_makes_nothing_missing_nothing_surer_and_nobody_newly_guilty(name: str) -> None:
    known = WORLDS[name]
    whole, blamed = _look(known, known.unread)
    facts = _found(whole)
    for kind in (kind.name for kind in KINDS):
        for state in LOSSES:
            less, ranked = _look(known, {**known.unread, kind: state})
            for one in less.findings:
                where = f"{kind} {state}: {one.rule.id}: {one.hit.summary}"
                absent = [seen.about.kind for seen in one.hit.seen if seen.source == "coverage"]
                assert kind not in absent, f"it is called absent: {where}"
                is_known = (one.rule.id, one.hit.subject) in facts
                is_humble = one.rule.is_advice or one.rule.shows_only or one.rule.id in IN_PLACE_OF_MORE
                assert is_known or is_humble, f"it is said only where less is known: {where}"
            for culprit, one in ranked.items():
                if culprit in blamed:
                    surer = f"{kind} {state}: {culprit}"
                    assert one.confidence.value <= blamed[culprit].confidence.value + 1e-9, surer


def test_the_cases_are_all_there() -> None:
    assert len(WORLDS) > 250
