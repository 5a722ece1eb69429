"""How many actions there are by what became of them."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from services.gateway.api import action_shapes
from services.gateway.domain.records import ActionState
from tests.support.actions import an_action
from tests.support.gateway import GatewayUnderTest

S = ActionState


def put(gw: GatewayUnderTest, *states: ActionState, days_ago: int = 0) -> None:
    at = gw.clock.now() - timedelta(days=days_ago)
    made = [replace(an_action(state=state), id=f"act_{days_ago}_{n}", proposed_at=at) for n, state in enumerate(states)]
    gw.store.transact(lambda tx: [tx.put(one) for one in made])


@pytest.mark.parametrize(
    ("states", "share"),
    [
        ((), None),
        ((S.EXECUTED, S.FAILED), None),
        ((*[S.VERIFIED] * 3, S.INEFFECTIVE, S.UNKNOWN), 0.75),
    ],
    ids=["none", "none that was looked at", "some"],
)
def test_the_share_that_helped_is_of_those_that_were_looked_at(gw: GatewayUnderTest, states, share):
    put(gw, *states)
    found = gw.get("/api/actions/stats").json

    assert (found["total"], found["verifiedShare"]) == (len(states), share)
    assert {state: count for state, count in found["byState"].items() if count} == {
        state: states.count(state) for state in states
    }
    assert action_shapes.ActionStatsShape().validate(found) == {}


def test_only_those_of_the_time_asked_for_are_counted(gw: GatewayUnderTest):
    put(gw, S.VERIFIED, days_ago=9)
    put(gw, S.INEFFECTIVE)
    since = (gw.clock.now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert gw.get(f"/api/actions/stats?since={since}").json["verifiedShare"] == 0
