"""Rules, noise and changes on the command line: what is sent, what is printed, how they end."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.stand_in_gateway import Gateway, page

RULE = {
    "id": "checkout",
    "name": "Checkout",
    "enabled": True,
    "match": {"namespaces": ["shop", "pay"], "labels": {"team": ["checkout"]}},
    "when": "signal.severity != 'info'",
    "effect": "group",
    "groupBy": ["namespace", "labels.team"],
}
DEFAULT = {**RULE, "id": "default", "name": "Default", "match": {}, "when": "", "groupBy": ["name"]}
OWNERSHIP = {"id": "shop", "name": "Shop", "enabled": False, "match": {}, "when": "", "owner": "ann"}
SHOWN = {
    "version": 7,
    "grouping": [RULE],
    "ownership": [OWNERSHIP],
    "builtIn": [DEFAULT],
    "changedBy": "token:admin",
    "changedAt": "2026-11-23T12:00:00Z",
    "reason": "the last one",
}
TRIED = {
    "since": "2026-11-22T12:00:00Z",
    "deliveries": 3,
    "signals": 4,
    "isWhole": False,
    "before": {"incidents": 3, "outcomes": {"opened": 3, "joined": 1}, "rules": {"default": 4}},
    "after": {"incidents": 1, "outcomes": {"opened": 1, "joined": 3}, "rules": {"checkout": 4}},
    "different": 2,
    "differences": [
        {
            "deliveryId": "dlv_1",
            "receivedAt": "2026-11-23T12:00:00Z",
            "fingerprint": "fp1",
            "title": "Slow \x1b[2J",
            "before": {"outcome": "opened", "ruleId": "default", "dedupKey": "k1"},
            "after": {"outcome": "joined", "ruleId": "checkout", "dedupKey": "k2"},
        }
    ],
}
INVALID = {
    "title": "The input is not valid",
    "detail": "Not valid: grouping[0].when, grouping[1].id.",
    "code": "validation_failed",
    "errors": {"grouping[0].when": ["unknown name: sginal"], "grouping[1].id": ["default is a built-in rule"]},
}


@pytest.fixture
def rules_file(tmp_path: Path) -> str:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"grouping": [RULE], "ownership": [], "reason": "from the file"}))
    return str(file)


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_rules_are_shown_in_their_order_with_the_built_in_ones_last(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/rules", (200, SHOWN))

    shown = rows(run("rules", "show").stdout)

    assert ["version", "7"] in shown
    at = shown.index(["rule", "name", "state", "takes", "effect", "grouped by"])
    takes = "namespace=shop|pay, labels.team=checkout, signal.severity != 'info'"
    assert shown[at + 1] == ["checkout", "Checkout", "on", takes, "group", "namespace, labels.team"]
    assert shown[at + 2] == ["default", "Default", "built in", "all", "group", "name"]
    assert shown[-1] == ["shop", "Shop", "off", "all", "ann"]


def test_an_older_version_is_shown_and_an_unknown_one_ends_with_5(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/rules/versions/3", (200, {**SHOWN, "version": 3}))

    assert "version\t3\n" in run("rules", "show", "--version", "3").stdout
    result = run("rules", "show", "--version", "4")
    assert (result.exit_code, result.stderr) == (5, "Error: Not found [not_found]\n")


def test_versions_are_listed_with_their_reasons(gateway: Gateway, run: Any) -> None:
    version = {"version": 7, "groupingRules": 2, "ownershipRules": 1, "changedBy": "token:ann"}
    gateway.answer(
        "GET", "/api/rules/versions", page({**version, "changedAt": "2026-11-23T12:00:00Z", "reason": "calmer"})
    )

    (cells,) = rows(run("rules", "versions", "-n", "5").stdout)[1:]

    assert (cells[0], *cells[2:]) == ("7", "token:ann", "2", "1", "calmer")
    assert "limit=5" in gateway.asked[0][1]


def test_rules_are_set_with_the_reason_and_the_version_they_are_based_on(
    gateway: Gateway, run: Any, rules_file: str
) -> None:
    gateway.answer("PUT", "/api/rules", (200, SHOWN))

    result = run("rules", "set", rules_file, "--reason", "calmer", "--base", "6")

    assert result.exit_code == 0
    assert gateway.asked == [("PUT", "/api/rules", {"grouping": [RULE], "ownership": [], "reason": "calmer"})]
    assert gateway.if_match == ['"6"']
    assert "version\t7\n" in result.stdout


def test_without_options_the_reason_of_the_file_counts_and_any_version_will_do(
    gateway: Gateway, run: Any, rules_file: str
) -> None:
    gateway.answer("PUT", "/api/rules", (200, SHOWN))

    run("rules", "set", rules_file)

    assert gateway.asked[0][2]["reason"] == "from the file"
    assert gateway.if_match == [None]


def test_what_rules_show_prints_can_be_given_back(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/rules", (200, SHOWN))
    gateway.answer("PUT", "/api/rules", (200, SHOWN))

    result = run("rules", "set", "-", stdin=run("rules", "show", "--json").stdout)

    assert result.exit_code == 0
    # The reason of the last version is not that of the next.
    assert gateway.asked[1][2] == {"grouping": [RULE], "ownership": [OWNERSHIP]}


def test_rules_that_others_changed_meanwhile_are_not_replaced(gateway: Gateway, run: Any, rules_file: str) -> None:
    problem = {"title": "The record has changed meanwhile", "code": "version_conflict", "currentVersion": 8}
    gateway.answer("PUT", "/api/rules", (412, problem))

    result = run("rules", "set", rules_file, "--base", "7")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: The record has changed meanwhile [version_conflict]\n"


@pytest.mark.parametrize(("method", "path", "word"), [("PUT", "/api/rules", "set"), ("POST", "/api/rules/try", "try")])
def test_refused_rules_are_named_field_by_field(
    gateway: Gateway, run: Any, rules_file: str, method: str, path: str, word: str
) -> None:
    gateway.answer(method, path, (422, INVALID))

    result = run("rules", word, rules_file)

    assert result.exit_code == 1
    assert "grouping[0].when: unknown name: sginal; grouping[1].id: default is a built-in rule" in result.stderr


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "is not JSON"), ("[]", "holds no JSON object"), ('{"reason": "\xff', "is not JSON")],
)
def test_a_file_that_holds_no_rules_is_a_usage_error_and_nothing_is_sent(
    gateway: Gateway, run: Any, text: str, why: str
) -> None:
    result = run("rules", "set", "-", stdin=text)

    assert result.exit_code == 2
    assert f"FILE {why}" in result.stderr
    assert gateway.asked == []


def test_a_file_that_is_not_there_is_a_usage_error(run: Any, tmp_path: Path) -> None:
    for words in (("rules", "set"), ("rules", "try"), ("mapping", "set"), ("mapping", "try")):
        assert run(*words, str(tmp_path / "none.json")).exit_code == 2, words


def test_a_trial_sets_before_and_after_beside_each_other(gateway: Gateway, run: Any, rules_file: str) -> None:
    gateway.answer("POST", "/api/rules/try", (200, TRIED))

    result = run("rules", "try", rules_file, "--hours", "48")

    assert gateway.asked[0][2]["hours"] == 48
    shown = rows(result.stdout)
    assert ["tried on", "4 signals of 3 deliveries, only the newest: there was more"] in shown
    at = shown.index(["", "before", "after"])
    assert shown[at + 1 : at + 6] == [
        ["incidents", "3", "1"],
        ["opened", "3", "1"],
        ["joined", "1", "3"],
        ["rule default", "4", "0"],
        ["rule checkout", "0", "4"],
    ]
    assert (shown[-1][0], *shown[-1][2:]) == (
        "dlv_1",
        "Slow \\x1b[2J",
        "opened by default in k1",
        "joined by checkout in k2",
    )


def test_noise_is_shown_with_its_share(gateway: Gateway, run: Any) -> None:
    line = {"source": "am", "ruleId": "default", "deliveries": 9, "signals": 40, "repeats": 30, "noise": 0.975}
    quiet = {**line, "ruleId": "", "signals": 0, "noise": None, "outcomes": {}}
    lines = [{**line, "outcomes": {"joined": 39, "opened": 1}}, quiet]
    gateway.answer("GET", "/api/noise", (200, {"since": "2026-11-23T12:00:00Z", "lines": lines}))

    shown = rows(run("noise", "--hours", "72").stdout)

    assert "hours=72" in gateway.asked[0][1]
    assert shown[1] == ["am", "default", "9", "40", "30", "97.5%", "joined=39, opened=1"]
    assert shown[2][5] == ""


def test_noise_that_cannot_be_read_ends_as_every_command(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/noise", (403, {"title": "Forbidden"}))

    assert run("noise").exit_code == 4
    assert run("noise", "--hours", "0").exit_code == 2


def test_changes_are_listed_by_service_and_source(gateway: Gateway, run: Any) -> None:
    change = {"id": "chg_1", "source": "argo", "summary": "Deploy 1.42", "occurredAt": "2026-11-23T12:00:00Z"}
    gateway.answer("GET", "/api/changes", page({**change, "service": "shop", "namespace": None, "link": "https://x"}))

    (cells,) = rows(run("changes", "list", "--service", "shop", "--source", "argo", "--source", "pd").stdout)[1:]

    assert (cells[0], *cells[2:]) == ("chg_1", "argo", "shop", "", "Deploy 1.42", "https://x")
    assert "service=shop&source=argo&source=pd" in gateway.asked[0][1]


def test_changes_that_cannot_be_listed_end_with_the_reason(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/changes", (422, {**INVALID, "detail": "", "errors": {"service": ["is too long"]}}))

    result = run("changes", "list", "--service", "x")

    assert result.exit_code == 1
    assert "service: is too long" in result.stderr
