"""The commands against a gateway that answers as it is told: what is sent, what is printed, how they end."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.cli.options import read_connection
from tests.integration.cli.stand_in_gateway import Gateway, page

INCIDENT = {
    "id": "inc_1",
    "number": 42,
    "title": "Checkout \x1b[2Jdown",
    "status": "new",
    "severity": "critical",
    "services": ["checkout"],
    "labels": {"team": "pay"},
    "owner": None,
    "allowedTransitions": ["triage", "cancelled"],
    "createdAt": "2026-11-23T12:00:00Z",
    "updatedAt": "2026-11-23T12:00:00Z",
    "milestones": {"detectedAt": "2026-11-23T12:00:00Z", "resolvedAt": None},
    "entities": [{"kind": "pod", "name": "checkout-1", "namespace": "pay"}],
    "signalCount": 2,
    "firingCount": 1,
    "version": 1,
    "timeline": {"count": 1, "headSequence": 1, "headHash": "ab" * 32, "entries": []},
}
ENTRY = {
    "sequence": 1,
    "occurredAt": "2026-11-23T12:00:00Z",
    "type": "incident_opened",
    "actor": "token:admin",
    "message": "opened",
}
JOB = {
    "id": "job_1",
    "kind": "intake.normalise_deliveries",
    "queue": "intake",
    "state": "failed",
    "attempt": 5,
    "maxAttempts": 5,
    "createdAt": "2026-11-23T12:00:00Z",
    "error": "boom",
    "retryOf": None,
}


def test_the_inbox_is_printed_as_lines_with_tabs_when_piped(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/incidents", page(INCIDENT))

    result = run("incidents", "list", "--status", "new", "--status", "triage", "-q", "check out")

    names, cells = (line.split("\t") for line in result.stdout.splitlines())
    assert names[:4] == ["incident", "severity", "status", "title"]
    assert cells[:4] == ["INC-42", "critical", "new", "Checkout \\x1b[2Jdown"]
    assert "status=new&status=triage" in gateway.asked[0][1]
    assert "q=check+out" in gateway.asked[0][1]
    assert gateway.tokens == ["Bearer t0ken"]


def test_a_list_goes_on_to_the_next_page_until_the_limit(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/incidents", page(*[INCIDENT] * 100, cursor="c1", total=300), page(*[INCIDENT] * 20))

    result = run("incidents", "list", "--limit", "120", "--json")

    assert len(json.loads(result.stdout)["items"]) == 120
    assert "cursor=c1&limit=20" in gateway.asked[1][1]


def test_an_incident_is_shown_with_the_end_of_its_timeline(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/incidents/INC-42", (200, INCIDENT))
    gateway.answer("GET", "/api/incidents/inc_1/timeline", page(ENTRY))

    result = run("incidents", "show", "INC-42")

    assert result.exit_code == 0
    assert f"timeline head\t1 {'ab' * 32}" in result.stdout
    assert "may go to\ttriage, cancelled" in result.stdout
    assert "incident_opened\ttoken:admin\topened" in result.stdout


def test_an_incident_is_opened_with_what_was_given_and_nothing_else(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/incidents", (201, INCIDENT))

    result = run(
        "incidents", "create", "Checkout down", "--severity", "high", "--service", "a", "--label", "team:pay:eu"
    )

    assert result.exit_code == 0
    assert gateway.asked[0][2] == {
        "title": "Checkout down",
        "severity": "high",
        "services": ["a"],
        "labels": {"team": "pay:eu"},
    }


def test_a_refused_move_says_what_is_allowed(gateway: Gateway, run: Any) -> None:
    problem = {"title": "Illegal move", "code": "illegal_transition", "allowed": ["triage"]}
    gateway.answer("PATCH", "/api/incidents/INC-42", (409, problem))

    result = run("incidents", "move", "INC-42", "closed", "--reason", "done")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: Illegal move; allowed: triage [illegal_transition]\n"
    assert gateway.asked[0][2] == {"status": "closed", "reason": "done"}


def test_under_json_an_error_is_one_line_of_json(gateway: Gateway, run: Any) -> None:
    result = run("jobs", "show", "job_9", "--json")

    assert json.loads(result.stderr) == {"title": "Not found", "code": "not_found", "exitCode": 5}
    assert result.exit_code == 5


@pytest.mark.parametrize(("status", "exit_code"), [(401, 4), (403, 4), (404, 5), (500, 1)])
def test_the_exit_code_says_what_was_wrong(gateway: Gateway, run: Any, status: int, exit_code: int) -> None:
    gateway.answer("GET", "/api/tokens", (status, {"title": "No"}))

    assert run("tokens", "list").exit_code == exit_code


def test_nobody_there_ends_with_3(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTLINE_URL", "http://127.0.0.1:1")

    for words in (("status",), ("incidents", "list"), ("verify",)):
        result = run(*words)
        assert result.exit_code == 3, words
        assert "Cannot reach Faultline at http://127.0.0.1:1" in result.stderr


def test_one_refused_replay_does_not_stop_the_others(gateway: Gateway, run: Any) -> None:
    for name in ("dlv_1", "dlv_3"):
        gateway.answer("POST", f"/api/deliveries/{name}/replay", (202, {"deliveryId": "dlv_9", "jobId": "job_9"}))

    result = run("deliveries", "replay", "dlv_1", "dlv_2", "dlv_3")

    assert [line.split("\t")[:2] for line in result.stdout.splitlines()[1:]] == [
        ["dlv_1", "job_9"],
        ["dlv_2", ""],
        ["dlv_3", "job_9"],
    ]
    assert result.exit_code == 5
    assert "1 of 3 were refused" in result.stderr


def test_all_dead_letters_are_driven_again_but_those_that_were(gateway: Gateway, run: Any) -> None:
    jobs = [{**JOB, "id": "job_3", "state": "pending", "retryOf": "job_2"}, {**JOB, "id": "job_2"}]
    gateway.answer("GET", "/api/jobs", page(*jobs, cursor="c"), page(JOB))
    gateway.answer("POST", "/api/jobs/job_1/retry", (202, {**JOB, "id": "job_4"}))

    result = run("jobs", "retry", "--all-failed")

    assert result.exit_code == 0
    assert [path for method, path, _ in gateway.asked if method == "POST"] == ["/api/jobs/job_1/retry"]


def test_a_new_token_is_shown_and_its_end_is_asked_for_in_utc(gateway: Gateway, run: Any) -> None:
    made = {"token": "fl_s3cret", "id": "tok_1", "name": "am", "role": "service", "expiresAt": None}
    gateway.answer("POST", "/api/tokens", (201, made))

    result = run("tokens", "create", "am", "--role", "service", "--expires-in-days", "30")

    assert "token\tfl_s3cret" in result.stdout
    assert gateway.asked[0][2]["expiresAt"].endswith("Z")


def test_a_token_is_revoked(gateway: Gateway, run: Any) -> None:
    gateway.answer("DELETE", "/api/tokens/tok_1", (204, None))

    assert run("tokens", "revoke", "tok_1").stdout == "revoked tok_1\n"


def test_verification_goes_through_all_parts_and_ends_with_6_when_something_was_altered(
    gateway: Gateway, run: Any
) -> None:
    problem = {"incidentId": "inc_1", "auditMonth": None, "sequence": 3, "problem": "the entry is missing"}
    counts = {"auditMonths": 2, "auditEntries": 5}
    gateway.answer("GET", "/api/incidents", page(INCIDENT, total=3))
    gateway.answer(
        "GET",
        "/api/verify",
        (200, {**counts, "incidents": 2, "entries": 9, "problems": [], "nextCursor": "c"}),
        (200, {**counts, "incidents": 1, "entries": 3, "auditMonths": 0, "problems": [problem], "nextCursor": None}),
    )

    result = run("verify", "--json")

    assert json.loads(result.stdout) == {
        "incidents": 3,
        "entries": 12,
        "auditMonths": 2,
        "auditEntries": 10,
        "problems": [problem],
    }
    assert result.exit_code == 6


def test_status_shows_why_it_is_not_ready(gateway: Gateway, run: Any) -> None:
    checks = {"store": {"ok": True, "reason": None}, "broker": {"ok": False, "reason": "it does not answer"}}
    gateway.answer("GET", "/readyz", (503, {"ready": False, "checks": checks}))
    gateway.answer("GET", "/healthz", (200, {"status": "alive", "version": "0.1.0"}))
    for path in ("/api/deliveries", "/api/jobs"):
        gateway.answer("GET", path, page(total=7))

    result = run("status")

    assert result.exit_code == 1
    assert "check broker\tit does not answer" in result.stdout
    assert "backlog\t7 deliveries and 7 jobs wait, 7 jobs run" in result.stdout


def test_the_local_admin_token_is_not_sent_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "admin-token").write_text("s3cret\n")
    monkeypatch.setenv("FAULTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FAULTLINE_URL", "https://faultline.example.com")
    assert read_connection().token is None

    monkeypatch.setenv("FAULTLINE_URL", "http://127.0.0.1:8080")
    assert read_connection().token == "s3cret"
