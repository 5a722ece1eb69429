"""Actions on the command line: what is sent, what is printed, and that nobody approves what they did not see."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.stand_in_gateway import Gateway, page

PATH = "/api/incidents/INC-1/actions"
ONE = f"{PATH}/act_1"
RULE = {
    "approvals": 2,
    "selfApproval": False,
    "approverRole": "approver",
    "executorRole": "responder",
    "approvalMinutes": 30,
    "pendingMinutes": 240,
    "askAtOnce": False,
}
PREVIEW = {
    "id": "apv_1",
    "digest": "d1",
    "succeeded": True,
    "length": 9,
    "redacted": 0,
    "createdBy": "token:ann",
    "createdAt": "2026-11-01T12:00:00Z",
    "href": f"{ONE}/previews/apv_1",
}
ACTION: dict[str, Any] = {
    "id": "act_1",
    "incidentId": "inc_1",
    "type": "command",
    "payload": {"argv": ["systemctl", "restart", "ha proxy"], "target": "lb-1"},
    "title": "Restart the balancer",
    "risk": "critical",
    "state": "pending",
    "digest": "c0ffee",
    "reviewDigest": "5eed",
    "approvalsGiven": 1,
    "approvalsNeeded": 2,
    "expiresAt": "2026-11-01T16:00:00Z",
    "proposedBy": "token:ann",
    "proposedAt": "2026-11-01T12:00:00Z",
    "updatedAt": "2026-11-01T12:00:00Z",
    "version": 3,
    "href": ONE,
    "rationale": "It leaks.",
    "rollback": "",
    "expectedEffect": "",
    "allowedCalls": ["approve", "reject"],
    "rule": RULE,
    "isDigestRequired": True,
    "previews": [PREVIEW],
    "approvals": [{"by": "token:bob", "holds": True}],
    "end": None,
    "execution": None,
    "supersedes": None,
    "supersededBy": None,
}


def fields(output: str) -> dict[str, str]:
    return dict(line.split("\t", 1) for line in output.splitlines() if "\t" in line)


def test_actions_are_listed_of_one_incident_or_of_all(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/actions", page(ACTION))
    gateway.answer("GET", PATH, page(ACTION))

    result = run("actions", "list", "--state", "pending", "--risk", "critical")
    run("actions", "list", "INC-1")

    names, cells = (line.split("\t") for line in result.stdout.splitlines())
    shown = dict(zip(names, cells, strict=True))
    assert (shown["action"], shown["approvals"], shown["state"]) == ("act_1", "1 of 2", "pending")
    assert "state=pending&risk=critical" in gateway.asked[0][1]
    assert gateway.asked[1][1].startswith(f"{PATH}?")


def test_an_action_is_shown_with_what_its_dry_runs_put_out(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", ONE, (200, ACTION))
    gateway.answer("GET", PREVIEW["href"], (200, {**PREVIEW, "actionId": "act_1", "output": "would\n\x1b[2Jrestart"}))

    result = run("actions", "show", "INC-1", "act_1", "--previews")

    shown = fields(result.stdout)
    assert (shown["command"], shown["target"]) == ("systemctl restart 'ha proxy'", "lb-1")
    assert shown["approvals"] == "1 of 2, token:bob"
    assert result.stdout.endswith("preview apv_1\n  would\n  \\x1b[2Jrestart\n")


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (
            ("--manual", "Fail over.", "--risk", "low", "--effect", "Writes work."),
            {
                "type": "manual",
                "payload": {"instructions": "Fail over."},
                "risk": "low",
                "expectedEffect": "Writes work.",
            },
        ),
        (
            ("--target", "lb-1", "--supersedes", "act_0", "--", "systemctl", "restart", "--now"),
            {
                "type": "command",
                "payload": {"argv": ["systemctl", "restart", "--now"], "target": "lb-1"},
                "supersedes": "act_0",
            },
        ),
        (("--kubernetes", "-"), {"type": "kubernetes", "payload": {"verb": "scale"}}),
    ],
)
def test_every_type_can_be_proposed(gateway: Gateway, run: Any, words: tuple[str, ...], sent: dict[str, Any]) -> None:
    gateway.answer("POST", PATH, (201, ACTION))

    result = run("actions", "propose", "INC-1", "--title", "Do it", *words, stdin='{"verb": "scale"}')

    assert result.exit_code == 0, result.output
    assert gateway.asked[0][2] == {"title": "Do it", **sent}
    assert fields(result.stdout)["action"] == "act_1"


@pytest.mark.parametrize(
    "words",
    [(), ("--manual", "x", "--target", "y", "--", "ls"), ("--target", "y"), ("--manual", "x", "--", "ls")],
)
def test_a_proposal_is_of_one_type(gateway: Gateway, run: Any, words: tuple[str, ...]) -> None:
    assert run("actions", "propose", "INC-1", "--title", "Do it", *words).exit_code == 2
    assert gateway.asked == []


def test_what_a_dry_run_put_out_is_attached(gateway: Gateway, run: Any, tmp_path: Path) -> None:
    gateway.answer("POST", f"{ONE}/previews", (201, ACTION))
    (tmp_path / "diff").write_text("would scale")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    run("actions", "preview", "INC-1", "act_1", str(tmp_path / "diff"), "--failed")
    refused = run("actions", "preview", "INC-1", "act_1", str(tmp_path / "binary"))

    assert gateway.asked[0][2] == {"output": "would scale", "succeeded": False}
    assert (refused.exit_code, len(gateway.asked)) == (2, 1)


def test_an_approver_sees_all_of_it_and_approves_exactly_that(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", ONE, (200, ACTION))
    gateway.answer("GET", PREVIEW["href"], (200, {**PREVIEW, "actionId": "act_1", "output": "would restart"}))
    gateway.answer("POST", f"{ONE}/approve", (200, {**ACTION, "state": "approved"}))

    result = run("actions", "approve", "INC-1", "act_1", "--reason", "As planned.", stdin="y\n")

    assert result.exit_code == 0
    assert "would restart" in result.stdout
    assert gateway.asked[-1][2] == {"approved": True, "digest": "5eed", "reason": "As planned."}


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_without_a_yes_nothing_is_approved(gateway: Gateway, run: Any, answer: str) -> None:
    gateway.answer("GET", ONE, (200, {**ACTION, "previews": []}))

    result = run("actions", "approve", "INC-1", "act_1", stdin=answer)

    assert result.exit_code == 1
    assert [method for method, *_ in gateway.asked] == ["GET"]


def test_a_script_says_which_digest_was_seen(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", f"{ONE}/approve", (200, ACTION))

    assert run("actions", "approve", "INC-1", "act_1", "--json").exit_code == 2
    assert run("actions", "approve", "INC-1", "act_1", "--digest", "abc", "--json").exit_code == 0
    assert [asked[2] for asked in gateway.asked] == [{"approved": True, "digest": "abc", "reason": ""}]


@pytest.mark.parametrize(
    ("words", "path", "sent"),
    [
        (("ask",), "request-approval", None),
        (("reject", "--reason", "no"), "approve", {"approved": False, "reason": "no"}),
        (("execute",), "execute", None),
        (("execute", "--result", "Done."), "execute", {"succeeded": True, "result": "Done."}),
        (("execute", "--result", "No.", "--failed"), "execute", {"succeeded": False, "result": "No."}),
        (("withdraw", "--reason", "late"), "withdraw", {"reason": "late"}),
    ],
)
def test_every_other_call_sends_what_it_says(gateway: Gateway, run: Any, words, path, sent) -> None:
    gateway.answer("POST", f"{ONE}/{path}", (200, ACTION))
    command, *options = words

    assert run("actions", command, "INC-1", "act_1", *options).exit_code == 0
    assert gateway.asked[0][2] == sent


def test_what_is_not_approved_ends_with_the_code_of_what_one_may_not_do(gateway: Gateway, run: Any) -> None:
    problem = {"title": "The action is not approved", "code": "action_not_approved", "status": 403}
    gateway.answer("POST", f"{ONE}/execute", (403, problem))

    result = run("actions", "execute", "INC-1", "act_1")

    assert result.exit_code == 4
    assert "action_not_approved" in result.stderr
    assert run("actions", "execute", "INC-1", "act_1", "--failed").exit_code == 2


def test_the_policy_is_a_table_with_what_tightens_it(gateway: Gateway, run: Any) -> None:
    override = dict.fromkeys(RULE) | {
        "types": ["kubernetes"],
        "verbs": [],
        "contexts": [],
        "namespaces": ["pay"],
        "approvals": 2,
    }
    gateway.answer("GET", "/api/actions/policy", (200, {"risk": {"critical": RULE}, "overrides": [override]}))

    names, *rows = (line.split("\t") for line in run("actions", "policy").stdout.splitlines())
    critical, tightened = (dict(zip(names, row, strict=True)) for row in rows)

    assert (critical["approvals"], critical["approval holds"], critical["of"]) == ("2", "30 min", "")
    assert (tightened["of"], tightened["approvals"], tightened["approver"]) == (
        "types=kubernetes, namespaces=pay",
        "2",
        "",
    )
