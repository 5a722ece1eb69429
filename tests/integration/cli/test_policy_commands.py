"""The approval policy on the command line: what is asked, how it is told, and files checked without a gateway."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.stand_in_gateway import Gateway

PATH = "/api/policy/explain"
RULE = {
    "approvals": 2,
    "selfApproval": False,
    "approverRole": "approver",
    "approvers": [["oncall-*", "ann"], ["*-eu"]],
    "executorRole": "responder",
    "approvalMinutes": 30,
    "pendingMinutes": 240,
    "askAtOnce": False,
}
FREEZE = {
    "name": "year-end",
    "reason": "Half of us are \x1b[2Jaway.",
    "startsAt": "2026-12-20T00:00:00Z",
    "until": "2027-01-04T00:00:00Z",
    "breakGlassRole": "admin",
}
FOUND: dict[str, Any] = {
    "action": None,
    "policy": {
        "at": "2026-12-24T19:00:00Z",
        "type": "kubernetes",
        "risk": "low",
        "environments": ["production"],
        "riskRule": {**RULE, "approvals": 1},
        "overrides": [
            {
                "number": 3,
                "reason": "They lose work.",
                "matched": {"verbs": ["drain"]},
                "hours": ["every day 20:00-07:00 UTC"],
                "tightens": [
                    {"member": "approvals", "from": 1, "to": 2},
                    {"member": "selfApproval", "from": True, "to": False},
                    {"member": "approvers", "from": [], "to": [["oncall-*"]]},
                ],
            }
        ],
        "rule": RULE,
        "isDigestRequired": True,
        "freezes": [FREEZE],
        "nextFreezes": [{**FREEZE, "name": "sunday", "until": None, "breakGlassRole": None}],
        "nextFreeAt": "2027-01-04T00:00:00Z",
    },
}
STANDS = {
    "id": "act_1",
    "incidentId": "inc_1",
    "title": "Drain it",
    "state": "pending",
    "approvalsGiven": 0,
    "approvals": [{"by": "token:bob", "whyNot": "approver_revoked"}, {"by": "token:cy", "whyNot": None}],
    "href": "/api/incidents/inc_1/actions/act_1",
}


def fields(output: str) -> dict[str, str]:
    return dict(line.split("\t", 1) for line in output.splitlines() if "\t" in line)


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (("--action", "act_1"), {"actionId": "act_1"}),
        (("--type", "manual", "--risk", "low"), {"type": "manual", "risk": "low"}),
        (("--type", "command", "--target", "lb-1"), {"type": "command", "payload": {"target": "lb-1"}}),
        (
            ("--type", "kubernetes", "--verb", "drain", "--context", "prod", "--namespace", "pay"),
            {"type": "kubernetes", "payload": {"verb": "drain", "context": "prod", "namespace": "pay"}},
        ),
        (
            ("--action", "act_1", "--at", "2026-12-24T20:00:00+01:00"),
            {"actionId": "act_1", "at": "2026-12-24T20:00:00+01:00"},
        ),
    ],
)
def test_what_is_asked_is_what_was_said(gateway: Gateway, run: Any, words: tuple[str, ...], sent: Any) -> None:
    gateway.answer("POST", PATH, (200, FOUND))

    assert run("policy", "explain", *words).exit_code == 0
    assert gateway.asked[0][2] == sent


def test_it_is_told_which_approvals_it_takes_by_whom_and_why(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", PATH, (200, FOUND))
    result = run("policy", "explain", "--type", "manual")

    told = fields(result.stdout)
    assert (told["environment"], told["approvals needed"]) == ("production", "2")
    assert told["by"] == "approver or above, one of oncall-* ann and one of *-eu"
    assert (told["proposer may approve"], told["digest needed"]) == ("no", "yes")
    assert (told["frozen"], "2027-01-04 00:00:00Z" in told["free again"]) == ("yes", True)
    override = next(line for line in result.stdout.splitlines() if line.startswith("3\t"))
    assert override.split("\t")[1:] == [
        "verbs=drain, every day 20:00-07:00 UTC",
        "approvals 1 -> 2, selfApproval yes -> no, approvers anyone -> oncall-*",
        "They lose work.",
    ]
    held, following = (line.split("\t") for line in result.stdout.splitlines()[-2:])
    assert (held[0], held[1], held[4]) == ("year-end", "holds", "admin")
    assert "\x1b" not in result.stdout
    assert (following[0], following[1], following[3]) == ("sunday", "next", "no end in sight")


def test_of_an_action_it_is_told_whose_approval_does_not_count(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", PATH, (200, {**FOUND, "action": STANDS}))

    told = fields(run("policy", "explain", "--action", "act_1").stdout)
    assert (told["action"], told["state"], told["approvals given"]) == ("act_1", "pending", "0")
    assert told["approvals"] == "token:bob (not counted: approver revoked), token:cy"


def test_json_is_what_the_gateway_said(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", PATH, (200, FOUND))

    assert json.loads(run("policy", "explain", "--type", "manual", "--json").stdout) == FOUND


@pytest.mark.parametrize(
    "words",
    [(), ("--action", "act_1", "--type", "manual"), ("--action", "act_1", "--verb", "drain"), ("--type", "magic")],
    ids=["nothing", "both", "a place of one there is", "no type"],
)
def test_what_cannot_be_asked_is_a_matter_of_usage(gateway: Gateway, run: Any, words: tuple[str, ...]) -> None:
    assert run("policy", "explain", *words).exit_code == 2
    assert gateway.asked == []


def test_an_execution_says_why_it_cannot_wait(gateway: Gateway, run: Any) -> None:
    problem = {
        "title": "A freeze holds",
        "detail": "The freeze year-end holds.",
        "code": "action_frozen",
        "status": 409,
    }
    path = "/api/incidents/INC-1/actions/act_1/execute"
    gateway.answer("POST", path, (409, problem))
    result = run("actions", "execute", "INC-1", "act_1", "--break-glass", "Customers cannot pay.")

    assert gateway.asked[0][2] == {"breakGlass": "Customers cannot pay."}
    assert (result.exit_code, "The freeze year-end holds." in result.stderr) == (1, True)


def test_a_good_file_is_told_by_what_is_in_it(tmp_path: Path, run: Any) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[environments.production]\ncontexts = ["prod-*"]\n[[overrides]]\napprovals = 2\n')

    result = run("policy", "check", str(file))
    assert result.exit_code == 0, result.output
    assert fields(result.stdout) == {"file": str(file), "environments": "production", "overrides": "1"}
    assert json.loads(run("policy", "check", str(file), "--json").stdout)["problems"] == []


def test_everything_that_is_wrong_with_a_file_is_told_by_its_place_and_ends_with_2(tmp_path: Path, run: Any) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"risk": {"low": {"approvals": 0}}, "freezes": [{"name": "a"}], "colour": "red"}')

    result = run("policy", "check", str(file))
    assert result.exit_code == 2
    assert "3 problems were found." in result.stderr
    places = {line.split("\t")[0] for line in result.stdout.splitlines()}
    assert {"risk.low.approvals", "freezes.0.reason", "colour"} < places
    found = json.loads(run("policy", "check", str(file), "--json").stdout)
    assert {one["place"] for one in found["problems"]} < places


def test_a_file_that_is_not_there_is_a_matter_of_usage(tmp_path: Path, run: Any) -> None:
    assert run("policy", "check", str(tmp_path / "none.toml")).exit_code == 2
