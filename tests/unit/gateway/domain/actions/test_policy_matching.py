"""Which actions a part of the policy is about, in which environment an action is, and that nothing ever loosens."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.domain.access import may
from services.gateway.domain.actions.policy import (
    DEFAULT_RULES,
    ApprovalPolicy,
    Environment,
    Hours,
    PolicyOverride,
    Weekday,
    names_approver,
)
from services.gateway.domain.records import ActionRisk, ActionType, Role
from shared.contracts.action import CommandPayload, KubernetesVerb
from tests.support.actions import a_change, an_action
from tests.support.clock import START

PRODUCTION = Environment(name="production", contexts=("prod-*",))
PAY = Environment(name="pay", contexts=("shared",), namespaces=("pay", "pay-*"))
SHOP = Environment(name="shop", contexts=("shared",), namespaces=("shop",))
PLACES = (PRODUCTION, PAY, SHOP)
NIGHT = Hours(days=(Weekday.SUN,), from_time="20:00", to_time="07:00", zone="Europe/Berlin")


def a_command(target: str = "prod-eu", **fields):
    return an_action(type=ActionType.COMMAND, command=CommandPayload(argv=("kubectl",), target=target), **fields)


@pytest.mark.parametrize(
    ("action", "environments"),
    [
        pytest.param(a_change(context="prod-eu"), ("production",), id="by its context"),
        pytest.param(a_change(context="PROD-eu"), ("unknown",), id="case counts"),
        pytest.param(a_change(context="shared", namespace="pay"), ("pay",), id="by its namespace"),
        pytest.param(a_change(context="shared", namespace="pay-eu"), ("pay",), id="by a pattern"),
        pytest.param(a_change(context="shared", namespace="other"), ("unknown",), id="of none"),
        pytest.param(a_change(context="shared", namespace=None), ("pay", "shop"), id="a node is in all of its context"),
        pytest.param(a_command("shared"), ("pay", "shop"), id="a command may be about any namespace"),
        pytest.param(a_command("prod-us"), ("production",), id="a command by its target"),
        pytest.param(a_command("lb-1"), ("unknown",), id="a target that is no context"),
        pytest.param(an_action(), ("unknown",), id="by hand"),
    ],
)
def test_an_action_is_in_every_environment_it_may_touch(action, environments):
    assert ApprovalPolicy(environments=PLACES).environments_of(action) == environments


@pytest.mark.parametrize(
    ("override", "action", "matches"),
    [
        ({"risks": ("high", "critical")}, a_change(risk=ActionRisk.HIGH), True),
        ({"risks": ("high", "critical")}, a_change(risk=ActionRisk.LOW), False),
        ({"environments": ("production",)}, a_change(context="prod-eu"), True),
        ({"environments": ("pay", "production")}, a_change(context="prod-eu"), True),
        ({"environments": ("pay",)}, a_change(context="prod-eu"), False),
        ({"environments": ("unknown",)}, an_action(), True),
        ({"environments": ("unknown",)}, a_change(context="prod-eu"), False),
        ({"environments": ("production",), "verbs": ("drain",)}, a_change(context="prod-eu"), False),
        ({"environments": ("production",), "types": ("command",)}, a_command(), True),
        ({"contexts": ("prod-*",)}, a_command(), True),
        ({"contexts": ("stage-*",)}, a_command(), False),
        ({"contexts": ("*",)}, an_action(), False),
        ({"namespaces": ("*",)}, a_command(), False),
        ({"verbs": ("scale",)}, a_command(), False),
        ({"environments": ("pay",), "namespaces": ("pay",)}, a_change(context="shared", namespace="pay"), True),
    ],
)
def test_an_override_is_about_what_all_its_lists_match(override, action, matches):
    policy = ApprovalPolicy(environments=PLACES, overrides=(PolicyOverride(**override, approvals=9),))

    assert (policy.rule_for(action, START).approvals == 9) is matches


@pytest.mark.parametrize(
    ("minutes", "needed"),
    [(0, 1), (7 * 60 - 1, 1), (7 * 60, 3), (18 * 60 - 1, 3), (18 * 60, 1)],
    ids=["noon", "before eight", "eight", "before seven", "seven"],
)
def test_an_override_with_hours_asks_only_in_them(minutes, needed):
    # START is noon UTC of a Sunday, one in the afternoon in Berlin.
    policy = ApprovalPolicy(overrides=(PolicyOverride(hours=(NIGHT,), approvals=3),))

    assert policy.rule_for(an_action(), START + timedelta(minutes=minutes)).approvals == needed
    assert policy.is_timed
    assert not ApprovalPolicy().is_timed


@pytest.mark.parametrize(
    ("lists", "subject", "is_named"),
    [
        ((), "token:ann", True),
        ((("ann",),), "token:ann", True),
        ((("ann",),), "token:anna", False),
        ((("oncall-*", "ann"),), "token:oncall-eu", True),
        ((("oncall-*",), ("*-eu",)), "token:oncall-eu", True),
        ((("oncall-*",), ("*-us",)), "token:oncall-eu", False),
        ((("*-us",), ("oncall-*",)), "token:oncall-eu", False),
        ((("*",),), "signature:sentry", False),
        ((("token:ann",),), "token:ann", False),
    ],
)
def test_an_approver_is_named_by_every_list(lists, subject, is_named):
    base = DEFAULT_RULES[ActionRisk.LOW]
    overrides = tuple(PolicyOverride(approvers=patterns) for patterns in lists)
    rule = ApprovalPolicy(risk={**DEFAULT_RULES, ActionRisk.LOW: base}, overrides=overrides).rule_for(
        an_action(), START
    )

    assert names_approver(rule, subject) is is_named


def maybe(strategy):
    return st.none() | strategy


def some(*words):
    """Return lists of words, most of them empty: else hardly any override would match."""
    lists = st.lists(st.sampled_from(words), min_size=1, max_size=2, unique=True).map(tuple)
    return st.integers(0, 5).flatmap(lambda number: st.just(()) if number else lists)


ROLES = st.sampled_from([Role.APPROVER, Role.ADMIN])
HOURS = st.builds(
    Hours,
    days=st.lists(st.sampled_from(list(Weekday)), min_size=1, max_size=7, unique=True).map(tuple),
    from_time=st.sampled_from(["00:00", "09:00", "22:00"]),
    to_time=st.sampled_from(["06:00", "17:00", "24:00"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
OVERRIDES = st.builds(
    PolicyOverride,
    risks=some(*ActionRisk),
    types=some(*ActionType),
    verbs=some(KubernetesVerb.SCALE, KubernetesVerb.DRAIN),
    contexts=some("prod-*", "shared", "*"),
    namespaces=some("pay", "*"),
    environments=some("production", "pay", "unknown"),
    hours=st.just(()) | st.lists(HOURS, max_size=2).map(tuple),
    approvals=maybe(st.integers(1, 10)),
    self_approval=maybe(st.booleans()),
    approver_role=maybe(ROLES),
    approvers=st.lists(st.sampled_from(["ann", "oncall-*", "*"]), max_size=2, unique=True).map(tuple),
    executor_role=maybe(st.sampled_from([Role.RESPONDER, Role.APPROVER, Role.ADMIN])),
    approval_minutes=maybe(st.integers(1, 10_000)),
    pending_minutes=maybe(st.integers(1, 10_000)),
    ask_at_once=maybe(st.booleans()),
)
ACTIONS = st.sampled_from(
    [make(risk=risk) for risk in ActionRisk for make in (an_action, a_change, a_command)]
    + [a_change(context="shared", namespace=name) for name in ("pay", None)]
)
MOMENTS = st.integers(0, 366 * 1_440).map(lambda minutes: START + timedelta(minutes=minutes))


@settings(max_examples=300)
@given(overrides=st.lists(OVERRIDES, max_size=3), more=OVERRIDES, place=st.integers(0, 3), action=ACTIONS, now=MOMENTS)
def test_another_override_never_loosens(overrides, more, place, action, now):
    fewer = ApprovalPolicy(environments=PLACES, overrides=tuple(overrides)).rule_for(action, now)
    many = [*overrides[:place], more, *overrides[place:]]
    rule = ApprovalPolicy(environments=PLACES, overrides=tuple(many)).rule_for(action, now)

    assert rule.approvals >= fewer.approvals
    assert fewer.self_approval or not rule.self_approval
    assert may(rule.approver_role, fewer.approver_role)
    assert may(rule.executor_role, fewer.executor_role)
    assert rule.approval_minutes <= fewer.approval_minutes
    assert rule.pending_minutes <= fewer.pending_minutes
    assert fewer.ask_at_once or not rule.ask_at_once
    for name in ("token:ann", "token:oncall-eu", "token:bob", "signature:sentry"):
        assert names_approver(fewer, name) or not names_approver(rule, name)


@given(overrides=st.lists(OVERRIDES, max_size=4), seed=st.randoms(), action=ACTIONS, now=MOMENTS)
def test_their_order_means_nothing(overrides, seed, action, now):
    shuffled = list(overrides)
    seed.shuffle(shuffled)
    one, other = (
        ApprovalPolicy(environments=PLACES, overrides=tuple(order)).rule_for(action, now)
        for order in (overrides, shuffled)
    )

    assert set(one.approvers) == set(other.approvers)
    assert [getattr(one, name) for name in one.__struct_fields__ if name != "approvers"] == [
        getattr(other, name) for name in other.__struct_fields__ if name != "approvers"
    ]
