"""The approval policy: its file, its defaults, and how overrides tighten it."""

from pathlib import Path

import pytest

from services.gateway.approval_file import read_approval_file
from services.gateway.domain.actions.policy import DEFAULT_RULES, ApprovalPolicy, PolicyOverride, needs_digest
from services.gateway.domain.records import ActionRisk, Role
from services.gateway.settings import read_gateway_settings
from shared.contracts.action import KubernetesVerb
from shared.errors import SettingsInvalid
from tests.support.actions import a_change, a_preview, an_action
from tests.support.clock import START

LEAST = {"FAULTLINE_BROKER_URL": "redis://h/0", "FAULTLINE_DOOR_KEY": "secret-of-the-door"}
GOOD = """
[risk.medium]
selfApproval = false
askAtOnce = false

[risk.critical]
approvals = 3
approverRole = "admin"
executorRole = "approver"
approvalMinutes = 15
pendingMinutes = 60

[[overrides]]
types = ["kubernetes"]
verbs = ["delete", "drain"]
contexts = ["prod-*"]
namespaces = ["pay", "shop-*"]
approvals = 2
selfApproval = false
"""


def a_file(tmp_path: Path, text: str, name: str = "approvals.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold():
    policy = read_gateway_settings(LEAST).approvals

    assert policy == ApprovalPolicy()
    needed = {risk: (rule.approvals, rule.self_approval) for risk, rule in policy.risk.items()}
    assert needed == {"low": (1, True), "medium": (1, True), "high": (1, False), "critical": (2, False)}


def test_a_file_says_only_what_differs(tmp_path: Path):
    path = a_file(tmp_path, GOOD)
    policy = read_gateway_settings({**LEAST, "FAULTLINE_GATEWAY_APPROVAL_FILE": str(path)}).approvals

    assert policy.risk[ActionRisk.LOW] == DEFAULT_RULES[ActionRisk.LOW]
    medium, critical = policy.risk[ActionRisk.MEDIUM], policy.risk[ActionRisk.CRITICAL]
    assert (medium.self_approval, medium.ask_at_once, medium.approvals) == (False, False, 1)
    assert (critical.approvals, critical.approver_role, critical.executor_role) == (3, Role.ADMIN, Role.APPROVER)
    assert (critical.approval_minutes, critical.pending_minutes) == (15, 60)
    assert policy.overrides[0].verbs == ("delete", "drain")


def test_json_says_the_same(tmp_path: Path):
    text = '{"risk": {"low": {"approvals": 2}}, "overrides": [{"types": ["command"], "executorRole": "admin"}]}'
    policy = read_approval_file(a_file(tmp_path, text, "approvals.json"))

    assert policy.risk[ActionRisk.LOW].approvals == 2
    assert policy.overrides == (PolicyOverride(types=("command",), executor_role=Role.ADMIN),)


def test_an_empty_file_is_the_defaults(tmp_path: Path):
    assert read_approval_file(a_file(tmp_path, "")) == ApprovalPolicy()


def test_every_problem_is_named_at_once_by_its_place(tmp_path: Path):
    text = """
    colour = "red"
    [risk.low]
    approvals = 0
    selfApproval = 1
    approverRole = "responder"
    [risk.high]
    approvalMinutes = true
    pendingMinutes = "60"
    aprovals = 1
    [risk.huge]
    [[overrides]]
    types = ["kubernetes", "magic"]
    verbs = []
    """
    path = a_file(tmp_path, text)
    with pytest.raises(SettingsInvalid) as refused:
        read_gateway_settings({**LEAST, "FAULTLINE_PORT": "x", "FAULTLINE_GATEWAY_APPROVAL_FILE": str(path)})

    for place in (
        "FAULTLINE_PORT",
        "FAULTLINE_GATEWAY_APPROVAL_FILE",
        "colour",
        "risk.low.approvals",
        "risk.low.selfApproval",
        "risk.low.approverRole",
        "risk.high.approvalMinutes",
        "risk.high.pendingMinutes",
        "risk.high.aprovals",
        "risk.huge",
        "overrides.0.types.1",
        "overrides.0.verbs",
    ):
        assert place in refused.value.detail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", "[risk"),
        ("a.toml", "[risk]\nlow = 1"),
        ("a.toml", "risk = 1"),
        ("a.json", "["),
        ("a.json", "[]"),
        ("a.json", '{"overrides": {}}'),
        ("a.json", '{"overrides": [1]}'),
        ("a.json", '{"risk": {"low": {"approvals": 1.0}}}'),
    ],
)
def test_what_is_no_policy_is_refused_with_the_file_it_is_in(tmp_path: Path, name: str, text: str):
    with pytest.raises(ValueError, match=name):
        read_approval_file(a_file(tmp_path, text, name))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="cannot be read"):
        read_approval_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("override", "action", "matches"),
    [
        ({}, a_change(), True),
        ({}, an_action(), True),
        ({"types": ("manual",)}, a_change(), False),
        ({"types": ("manual", "kubernetes")}, a_change(), True),
        ({"namespaces": ("shop",)}, a_change(), True),
        ({"namespaces": ("sh*",)}, a_change(), True),
        ({"namespaces": ("SHOP",)}, a_change(), False),
        ({"namespaces": ("*",)}, a_change(verb=KubernetesVerb.DELETE, namespace=None), True),
        ({"namespaces": ("shop",)}, a_change(namespace=None), False),
        ({"namespaces": ("shop",)}, an_action(), False),
        ({"contexts": ("prod-*",), "verbs": ("scale",)}, a_change(), True),
        ({"contexts": ("prod-*",), "verbs": ("drain",)}, a_change(), False),
        ({"contexts": ("stage-*",)}, a_change(), False),
    ],
)
def test_an_override_matches_what_all_its_lists_match(override, action, matches):
    assert ApprovalPolicy(overrides=(PolicyOverride(**override, approvals=9),)).rule_for(action, START).approvals == (
        9 if matches else 1
    )


def test_overrides_tighten_and_never_loosen():
    loose = PolicyOverride(
        approvals=1,
        self_approval=True,
        approver_role=Role.APPROVER,
        executor_role=Role.RESPONDER,
        approval_minutes=10_000,
        pending_minutes=10_000,
        ask_at_once=True,
    )
    tight = PolicyOverride(
        approvals=3,
        self_approval=False,
        approver_role=Role.ADMIN,
        executor_role=Role.APPROVER,
        approval_minutes=5,
        pending_minutes=6,
        ask_at_once=False,
    )
    for risk in ActionRisk:
        action = a_change(risk=risk)
        assert ApprovalPolicy(overrides=(loose,)).rule_for(action, START) == DEFAULT_RULES[risk]
        for order in ((loose, tight), (tight, loose)):
            rule = ApprovalPolicy(overrides=order).rule_for(action, START)
            assert (rule.approvals, rule.self_approval, rule.approver_role) == (3, False, Role.ADMIN)
            assert (rule.executor_role, rule.approval_minutes, rule.pending_minutes) == (Role.APPROVER, 5, 6)
            assert rule.ask_at_once is False


def test_a_digest_is_named_from_high_risk_on_and_after_a_second_preview():
    once, twice = (a_preview(1),), (a_preview(1), a_preview(2))
    named = {
        (risk, len(previews)): needs_digest(an_action(risk=risk, previews=previews))
        for risk in ActionRisk
        for previews in ((), once, twice)
    }

    assert [key for key, needed in named.items() if not needed] == [
        ("low", 0),
        ("low", 1),
        ("medium", 0),
        ("medium", 1),
    ]
