"""An investigation of the same cluster with each API in turn lost: less is known, and nothing wrongly."""

import re
from datetime import timedelta
from functools import cache

import pytest

from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.keepsake import recall
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.rules.catalogue import RULES
from services.graph.handlers.investigate import investigate
from shared.contracts.diagnosis import DiagnosisStatus
from shared.contracts.investigation import InvestigationQuestion
from shared.contracts.signal import EntityHint
from tests.support.clock import FixedClock
from tests.support.cluster import NOW
from tests.support.degraded import LOGS, DegradedCluster
from tests.support.small_shop import WELL, a_shop

LOSSES = [state for state in CoverageState if state is not CoverageState.OK]
ABSENT = {"mail-config", "fast", "ghost"}
SHOP = a_shop()


def _investigate(source, earlier=None):
    entities = (
        EntityHint(kind="deployment", name="checkout", namespace="shop"),
        EntityHint(kind="deployment", name="web", namespace="shop"),
        EntityHint(kind="statefulset", name="orders", namespace="shop"),
        EntityHint(kind="service", name="ghost", namespace="shop"),
    )
    question = InvestigationQuestion(incident_id="inc_1", entities=entities, onset=NOW - timedelta(minutes=5))
    return investigate(source, question, earlier=earlier, clock=FixedClock(NOW), rules=RULES)


@cache
def _whole():
    return _investigate(SHOP)


@pytest.mark.parametrize("state", LOSSES)
@pytest.mark.parametrize("kind", [*(kind.name for kind in KINDS), LOGS])
def test_a_kind_that_is_lost_makes_nothing_absent_blames_nobody_who_is_well_and_changes_nothing(kind, state):
    whole, kept = _whole()

    less, body = _investigate(DegradedCluster(SHOP, state, {kind}), recall(kept))

    absent = {entity.resource.name for entity in less.entities if entity.presence == "absent"}
    assert absent <= {entity.resource.name for entity in whole.entities if entity.presence == "absent"} | ABSENT
    assert not [edge for edge in less.edges if edge.state == "absent" and edge.target.rpartition("/")[2] in WELL]
    assert not {one.culprit.name for one in less.hypotheses} & WELL
    assert not [one for one in less.changes if re.search("gone|was made", one.summary)]
    surest = {one.culprit: one.confidence for one in whole.hypotheses}
    assert all(one.confidence <= surest.get(one.culprit, 1.0) + 1e-9 for one in less.hypotheses)
    if state is not CoverageState.MISSING:
        assert less.status is DiagnosisStatus.PARTIAL
    assert recall(body).cluster == "test"


@pytest.mark.parametrize("state", LOSSES)
def test_what_a_poor_look_kept_makes_nothing_new_for_a_rich_one(state):
    _, poor = _investigate(DegradedCluster(SHOP, state))

    rich, _ = _investigate(SHOP, recall(poor))

    assert rich.changes == ()
