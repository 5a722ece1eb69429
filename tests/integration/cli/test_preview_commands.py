"""The mapping, previews and explanations on the command line: what is sent, what is printed, how they end."""

import json
from typing import Any

import pytest

from services.cli.api_client import ApiClient
from services.cli.commands.previews import await_preview
from services.cli.errors import CommandFailed
from tests.integration.cli.stand_in_gateway import Gateway, page

MAPPING = {"version": 2, "paths": {"title": ["check.headline"]}, "changedBy": "token:ann", "changedAt": None}


def side(title: str, severity: str, **labels: str) -> dict[str, Any]:
    outcome = {"fingerprint": "fp1", "status": "firing", "outcome": "joined", "severity": severity}
    decided = {"ruleId": "default", "dedupKey": "k1", "suppressedBy": None}
    reading = {"name": "disk", "title": title, "service": "db", "labels": labels, "dedupKey": None, "link": None}
    signals = [{"outcome": {**outcome, **decided}, "reading": reading}]
    return {"outcome": "joined", "code": None, "reason": "", "signals": signals, "warnings": []}


REFUSED = {"outcome": "quarantined", "code": "no_title", "reason": "no title", "signals": [], "warnings": []}
CHANGED = {
    "deliveryId": "dlv_1",
    "before": side("Disk", "medium", a="1"),
    "after": side("Disk full", "high", a="2"),
    "isDifferent": True,
}
SAME = {**CHANGED, "deliveryId": "dlv_2", "after": CHANGED["before"], "isDifferent": False}
HEALED = {**CHANGED, "deliveryId": "dlv_3", "before": REFUSED}
PENDING = {"id": "prv_1", "isReady": False, "deliveries": [{**CHANGED, "after": None, "isDifferent": None}, SAME]}


def ready(*deliveries: Any) -> tuple[int, Any]:
    return 200, {"id": "prv_1", "isReady": True, "deliveries": list(deliveries)}


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_the_mapping_is_shown_and_can_be_given_back(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/mapping", (200, MAPPING))
    gateway.answer("PUT", "/api/mapping", (200, {**MAPPING, "version": 3}))

    assert "version\t2\n" in (shown := run("mapping", "show").stdout)
    assert "title\tcheck.headline\n" in shown
    result = run("mapping", "set", "-", stdin=run("mapping", "show", "--json").stdout)

    assert gateway.asked[-1] == ("PUT", "/api/mapping", {"paths": MAPPING["paths"]})
    assert "version\t3\n" in result.stdout


def test_the_mapping_file_of_the_worker_is_taken_too(gateway: Gateway, run: Any) -> None:
    gateway.answer("PUT", "/api/mapping", (200, MAPPING))

    run("mapping", "set", "-", stdin='{"title": "check.headline", "severity": ["level", "sev"]}')

    assert gateway.asked[0][2] == {"paths": {"title": ["check.headline"], "severity": ["level", "sev"]}}


@pytest.mark.parametrize(
    ("method", "path", "word"), [("PUT", "/api/mapping", "set"), ("POST", "/api/mapping/try", "try")]
)
def test_a_refused_mapping_names_the_fields(gateway: Gateway, run: Any, method: str, path: str, word: str) -> None:
    errors = {"paths": {"titel": ["is no field"]}}
    gateway.answer(
        method, path, (422, {"title": "The input is not valid", "code": "validation_failed", "errors": errors})
    )

    result = run("mapping", word, "-", stdin='{"paths": {"titel": ["x"]}}')

    assert (result.exit_code, result.stdout) == (1, "")
    assert "paths: titel: is no field" in result.stderr


def test_a_mapping_that_cannot_be_shown_ends_as_every_command(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/mapping", (401, {"title": "No"}))

    assert run("mapping", "show").exit_code == 4


def test_a_tried_mapping_is_waited_for_and_shown_before_and_after(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/mapping/try", (202, {"previewId": "prv_1"}))
    gateway.answer("GET", "/api/previews/prv_1", (200, PENDING), ready(CHANGED, SAME, HEALED))

    result = run("mapping", "try", "-", stdin='{"paths": {"title": ["x"]}}')

    assert gateway.asked[0][2] == {"paths": {"title": ["x"]}}
    assert len(gateway.asked) == 3
    shown = rows(result.stdout)
    before, after = "Disk [medium]: joined by default", "Disk full [high]: joined by default"
    assert shown[1:4] == [
        ["dlv_1", "yes", before, after],
        ["dlv_2", "no", before, before],
        ["dlv_3", "yes", "quarantined (no_title): no title", after],
    ]
    assert [row[1:] for row in shown[5:] if row[0] == "dlv_1"] == [
        ["1", "severity", "medium", "high"],
        ["1", "title", "Disk", "Disk full"],
        ["1", "label a", "1", "2"],
    ]
    assert ["dlv_3", "1", "title", "", "Disk full"] in shown
    assert "dlv_2" not in [row[0] for row in shown[5:]]


def test_with_nothing_to_read_again_that_is_said(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/mapping/try", (202, {"previewId": "prv_1"}))
    gateway.answer("GET", "/api/previews/prv_1", ready())

    result = run("mapping", "try", "-", stdin='{"paths": {}}')

    assert (result.exit_code, result.stdout) == (0, "")
    assert "no delivery to read again" in result.stderr


def test_a_preview_that_is_never_ready_is_given_up_after_30_seconds(gateway: Gateway) -> None:
    gateway.answer("GET", "/api/previews/prv_1", (200, PENDING))
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds * 40

    with pytest.raises(CommandFailed, match="1 of 2") as failed:
        await_preview(ApiClient(gateway.url, None), "prv_1", clock=lambda: now[0], sleep=sleep)

    assert failed.value.exit_code == 1
    assert now[0] == 130.0


def test_a_replay_is_previewed_without_being_done(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/deliveries/dlv_1/preview", (202, {"previewId": "prv_1"}))
    gateway.answer("GET", "/api/previews/prv_1", ready(CHANGED))

    shown = rows(run("deliveries", "preview", "dlv_1").stdout)
    as_json = json.loads(run("deliveries", "preview", "dlv_1", "--json").stdout)

    assert shown[1][:2] == ["dlv_1", "yes"]
    assert as_json["deliveries"] == [CHANGED]
    assert {path for method, path, _ in gateway.asked if method == "POST"} == {"/api/deliveries/dlv_1/preview"}


def test_a_delivery_is_explained_in_sentences_with_the_rules_looked_at(gateway: Gateway, run: Any) -> None:
    considered = [
        {"ruleId": "checkout", "name": "Checkout", "whyNot": "its namespace is not shop"},
        {"ruleId": "default", "name": "Default", "whyNot": None},
    ]
    signal = {"outcome": {"fingerprint": "fp1"}, "title": "Disk \x1b[2J", "considered": considered}
    explained = {
        "deliveryId": "dlv_1",
        "story": ["am sent 9 bytes.", "It was read."],
        "signals": [{**signal, "story": ["fp1 was reported firing: joined.", "Now it is firing."]}],
    }
    gateway.answer("GET", "/api/deliveries/dlv_1/explanation", (200, explained))

    assert run("deliveries", "explain", "dlv_1").stdout.splitlines() == [
        "am sent 9 bytes.",
        "It was read.",
        "",
        "Disk \\x1b[2J",
        "fp1 was reported firing: joined.",
        "Now it is firing.",
        "rule\tname\twhy not",
        "checkout\tCheckout\tits namespace is not shop",
        "default\tDefault\tit took the signal",
    ]


@pytest.mark.parametrize("word", ["preview", "explain"])
def test_a_delivery_that_is_not_there_ends_with_5(run: Any, word: str) -> None:
    result = run("deliveries", word, "dlv_9")

    assert (result.exit_code, result.stderr) == (5, "Error: Not found [not_found]\n")


def test_deliveries_that_were_previewed_or_only_noted_can_be_listed(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/deliveries", page())

    assert run("deliveries", "list", "--state", "previewed", "--outcome", "noted").exit_code == 0
    assert "state=previewed&outcome=noted" in gateway.asked[0][1]
