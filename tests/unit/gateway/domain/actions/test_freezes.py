"""Which freezes hold for an action, which come next, when none does, and who may break them."""

from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.domain.actions.freezing import pass_freezes
from services.gateway.domain.actions.policy import (
    ApprovalPolicy,
    Environment,
    Freeze,
    Hours,
    Weekday,
    freezes_at,
    next_free_at,
    next_freezes,
)
from services.gateway.domain.records import EntryType, Role
from services.gateway.errors import ActionFrozen
from tests.support.actions import ANN, BOB, DEE, a_change, an_action
from tests.support.clock import START

HOUR = timedelta(hours=1)
PRODUCTION = Environment(name="production", contexts=("prod-*",))
ALL_WEEK = Hours(zone="UTC")


def a_freeze(begins: float = -1, ends: float = 1, **fields) -> Freeze:
    given = {"name": "year-end", "reason": "Half of us are away."} | fields
    if "hours" not in given:
        given |= {"from_at": START + begins * HOUR, "until": START + ends * HOUR}
    return Freeze(**given)


def frozen_by(*freezes: Freeze) -> ApprovalPolicy:
    return ApprovalPolicy(environments=(PRODUCTION,), freezes=freezes)


def names(found) -> list[str]:
    return [one.name for one in found]


@pytest.mark.parametrize(
    ("seconds", "holds"),
    [(-3_601, False), (-3_600, True), (0, True), (3_599, True), (3_600, False)],
    ids=["before", "first moment", "within", "last second", "over"],
)
def test_a_freeze_holds_from_a_moment_until_before_another(seconds, holds):
    found = freezes_at(frozen_by(a_freeze()), an_action(), START + timedelta(seconds=seconds))

    assert names(found) == (["year-end"] if holds else [])


@pytest.mark.parametrize(
    ("lists", "action", "holds"),
    [
        ({}, an_action(), True),
        ({"environments": ("production",)}, a_change(context="prod-eu"), True),
        ({"environments": ("production",)}, a_change(context="stage"), False),
        ({"environments": ("production",)}, an_action(), False),
        ({"environments": ("production", "unknown")}, an_action(), True),
        ({"namespaces": ("pay",)}, a_change(namespace="pay"), True),
        ({"namespaces": ("pay",)}, a_change(namespace="shop"), False),
        ({"contexts": ("prod-*",), "types": ("command",)}, a_change(), False),
    ],
)
def test_a_freeze_is_about_what_all_its_lists_match(lists, action, holds):
    policy = frozen_by(a_freeze(**lists))

    assert bool(freezes_at(policy, action, START)) is holds
    assert (next_free_at(policy, action, START) == START) is not holds
    assert bool(next_freezes(policy, action, START - 2 * HOUR)) is holds


def test_what_comes_next_is_told_soonest_first_and_once_for_each():
    weekly = a_freeze(name="friday", hours=(Hours(days=(Weekday.FRI,), from_time="16:00", zone="UTC"),))
    policy = frozen_by(
        a_freeze(name="later", begins=24 * 30, ends=24 * 31), weekly, a_freeze(name="past", begins=-3, ends=-2)
    )

    found = next_freezes(policy, an_action(), START)

    assert names(found) == ["friday", "later"]
    assert found[0].starts_at == datetime(2026, 11, 6, 16, tzinfo=UTC)
    assert found[0].until == datetime(2026, 11, 7, tzinfo=UTC)


def test_it_is_free_when_the_last_of_those_that_relieve_one_another_is_over():
    policy = frozen_by(
        a_freeze(ends=1), a_freeze(name="second", begins=0.5, ends=2), a_freeze(name="third", begins=2, ends=3)
    )

    assert names(freezes_at(policy, an_action(), START)) == ["year-end"]
    assert next_free_at(policy, an_action(), START) == START + 3 * HOUR
    assert next_free_at(policy, an_action(), START + 3 * HOUR) == START + 3 * HOUR


def test_no_end_is_in_sight_of_what_holds_all_week_by_one_freeze_or_by_two():
    working = a_freeze(name="days", hours=(Hours(from_time="08:00", to_time="20:00", zone="UTC"),))
    resting = a_freeze(name="nights", hours=(Hours(from_time="20:00", to_time="08:00", zone="UTC"),))

    for policy in (frozen_by(a_freeze(hours=(ALL_WEEK,))), frozen_by(working, resting)):
        assert next_free_at(policy, an_action(), START) is None
    assert freezes_at(frozen_by(a_freeze(hours=(ALL_WEEK,))), an_action(), START)[0].until is None


def test_where_nothing_is_frozen_nothing_is_told_whatever_is_said():
    assert pass_freezes(frozen_by(), an_action(), ANN, START, reason="It burns.") == []


@pytest.mark.parametrize(
    ("roles", "subject", "reason", "passes"),
    [
        pytest.param((None,), DEE, "It burns.", False, id="nobody may"),
        pytest.param((Role.ADMIN,), DEE, "It burns.", True, id="the role may, with a reason"),
        pytest.param((Role.ADMIN,), DEE, "", False, id="not without a reason"),
        pytest.param((Role.ADMIN,), BOB, "It burns.", False, id="a lower role may not"),
        pytest.param((Role.RESPONDER,), BOB, "It burns.", True, id="a higher role may"),
        pytest.param((Role.ADMIN, Role.RESPONDER), BOB, "It burns.", False, id="every freeze must let through"),
        pytest.param((Role.ADMIN, None), DEE, "It burns.", False, id="one that nobody may break counts"),
        pytest.param((Role.APPROVER, Role.RESPONDER), BOB, "It burns.", True, id="all let through"),
    ],
)
def test_glass_is_broken_only_by_whom_every_freeze_lets_through_and_with_a_reason(roles, subject, reason, passes):
    freezes = [a_freeze(name=f"freeze-{number}", break_glass_role=role) for number, role in enumerate(roles)]
    if not passes:
        with pytest.raises(ActionFrozen) as refused:
            pass_freezes(frozen_by(*freezes), an_action(), subject, START, reason=reason)
        assert [one["name"] for one in refused.value.fields["freezes"]] == [freeze.name for freeze in freezes]
        return

    (entry,) = pass_freezes(frozen_by(*freezes), an_action(), subject, START, reason=reason)

    assert (entry.type, entry.actor, entry.payload["reason"]) == (EntryType.ACTION_FREEZE_BROKEN, subject.id, reason)
    assert entry.payload["freezes"] == [freeze.name for freeze in freezes]
    assert reason in entry.message


@pytest.mark.parametrize(
    ("freeze", "words"),
    [
        (a_freeze(), "Nobody may execute it before."),
        (a_freeze(break_glass_role=Role.ADMIN), "takes the role admin"),
        (a_freeze(break_glass_role=Role.APPROVER), "Say in breakGlass why"),
        (a_freeze(hours=(ALL_WEEK,)), "with no end in sight"),
    ],
    ids=["nobody", "another role", "a reason", "no end"],
)
def test_a_refusal_names_the_freeze_why_it_holds_until_when_and_what_helps(freeze, words):
    with pytest.raises(ActionFrozen) as refused:
        pass_freezes(frozen_by(freeze), an_action(), BOB, START, reason="")

    detail = refused.value.detail
    assert detail.startswith("The freeze year-end holds ")
    assert "Half of us are away." in detail
    assert words in detail
    if not freeze.hours:
        assert "until 2026-11-01T13:00:00Z" in detail
        assert refused.value.fields["nextFreeAt"] == "2026-11-01T13:00:00Z"
