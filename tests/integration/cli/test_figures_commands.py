"""`faultline stats`, `faultline retention`, and the filters of `faultline incidents list`."""

import json
from typing import Any

from tests.integration.cli.stand_in_gateway import Gateway, page

NONE = {"count": 0, "meanSeconds": None, "medianSeconds": None}
TIMES = {
    "incidents": 2,
    "timeToAcknowledge": {"count": 2, "meanSeconds": 130.5, "medianSeconds": 90},
    "timeToResolve": NONE,
}
STATS = {
    "total": 2,
    "byStatus": {"new": 2, "closed": 0},
    "bySeverity": {"high": 2},
    "times": TIMES,
    "timesBySeverity": {"high": TIMES, "low": {"incidents": 0, "timeToAcknowledge": NONE, "timeToResolve": NONE}},
    "timesByService": {"cart\x1b[2J": TIMES},
    "perDay": [{"day": "2026-11-22", "opened": 2, "resolved": 0}, {"day": "2026-11-23", "opened": 0, "resolved": 1}],
}
KIND = {
    "kind": "job",
    "days": 30,
    "setting": "FAULTLINE_GATEWAY_RETAIN_JOB_DAYS",
    "records": 40,
    "oldestAt": "2026-09-03T12:00:00Z",
    "toRemove": 29,
    "ids": ["job_59"],
}
RETENTION = {"at": "2026-11-01T12:00:00Z", "items": [KIND, {**KIND, "kind": "incident", "days": 0, "ids": []}]}


def test_statistics_are_printed_in_all_then_by_severity_and_service(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/stats", (200, STATS))

    result = run("stats", "--severity", "high", "--service", "cart")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "by status\tnew=2" in lines
    assert "last 2 days\t2 opened, 1 resolved" in lines
    assert lines[-3:] == [
        "all\t2\t2\t2 min\t1 min\t0\t\t",
        "high\t2\t2\t2 min\t1 min\t0\t\t",
        "cart\\x1b[2J\t2\t2\t2 min\t1 min\t0\t\t",
    ]
    assert "service=cart" in gateway.asked[0][1]
    assert "severity=high" in gateway.asked[0][1]


def test_statistics_of_the_last_days_ask_from_then_on(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/stats", (200, STATS))

    result = run("stats", "--days", "7", "--json")

    assert json.loads(result.stdout) == STATS
    assert "since=" in gateway.asked[0][1]


def test_retention_shows_every_kind_and_its_setting(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/retention", (200, RETENTION))

    result = run("retention")

    _, job, incident = (line.split("\t") for line in result.stdout.splitlines())
    assert (job[0], job[1], job[2], job[4], job[5]) == ("job", "30 days", "40", "29", "job_59")
    assert incident[:2] == ["incident", "for ever"]


def test_retention_can_be_had_as_json(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/retention", (200, RETENTION))

    assert json.loads(run("retention", "--json").stdout) == RETENTION


def test_the_inbox_is_narrowed_by_what_is_open_and_owned_by_nobody(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/incidents", page())

    run("incidents", "list", "--open", "--unowned", "--rule", "rule-1", "--source", "webhook")

    asked = gateway.asked[0][1]
    assert {"open=true", "unowned=true", "ruleId=rule-1", "source=webhook"} <= set(asked.split("?")[1].split("&"))
