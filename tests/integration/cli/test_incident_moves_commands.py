"""Merging, splitting, relating and back-dating on the command line: what is sent, what is printed, how they end."""

import json
from typing import Any

from tests.integration.cli.stand_in_gateway import Gateway
from tests.integration.cli.test_commands import INCIDENT

MERGED = INCIDENT | {"status": "merged", "relations": [{"type": "merged_into", "incidentId": "inc_2"}]}


def test_an_incident_is_merged_into_another(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/incidents/INC-42/merge", (200, MERGED))

    result = run("incidents", "merge", "INC-42", "INC-41", "--reason", "the same")

    assert result.exit_code == 0
    assert gateway.asked == [("POST", "/api/incidents/INC-42/merge", {"into": "INC-41", "reason": "the same"})]
    assert "relations\tmerged_into inc_2" in result.stdout


def test_a_merge_is_undone(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/incidents/INC-42/split", (200, INCIDENT))

    assert run("incidents", "split", "INC-42", "--reason", "another").exit_code == 0
    assert gateway.asked == [("POST", "/api/incidents/INC-42/split", {"reason": "another"})]


def test_merging_without_a_reason_is_not_sent(gateway: Gateway, run: Any) -> None:
    assert run("incidents", "merge", "INC-42", "INC-41").exit_code == 2
    assert gateway.asked == []


def test_incidents_are_related_and_no_longer(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/incidents/INC-42/relations", (200, INCIDENT))
    gateway.answer("DELETE", "/api/incidents/INC-42/relations/INC-41", (200, INCIDENT))

    assert run("incidents", "relate", "INC-42", "INC-41").exit_code == 0
    assert json.loads(run("incidents", "relate", "INC-42", "INC-41", "--remove", "--json").stdout)["id"] == "inc_1"
    assert [(method, body) for method, _, body in gateway.asked] == [
        ("POST", {"incidentId": "INC-41"}),
        ("DELETE", None),
    ]


def test_milestones_are_corrected(gateway: Gateway, run: Any) -> None:
    corrected = INCIDENT | {"durations": {"timeToAcknowledgeSeconds": 5_400.0, "timeToResolveSeconds": None}}
    gateway.answer("PATCH", "/api/incidents/INC-42/milestones", (200, corrected))

    result = run(
        "incidents", "backdate", "INC-42", "--detected", "2026-11-23T12:00:00+01:00", "--reason", "the first call"
    )

    assert result.exit_code == 0
    expected = {"detectedAt": "2026-11-23T12:00:00+01:00", "reason": "the first call"}
    assert gateway.asked[0][2] == expected
    assert "time to acknowledge\t1:30:00" in result.stdout
    assert "time to resolve" not in result.stdout


def test_correcting_nothing_is_not_sent(gateway: Gateway, run: Any) -> None:
    result = run("incidents", "backdate", "INC-42", "--reason", "why")

    assert (result.exit_code, gateway.asked) == (2, [])


def test_a_refused_merge_says_what_stands_against_it(gateway: Gateway, run: Any) -> None:
    refusal = {"title": "The target has ended", "detail": "The target is closed.", "code": "merge_target_ended"}
    gateway.answer("POST", "/api/incidents/INC-42/merge", (409, refusal))

    result = run("incidents", "merge", "INC-42", "INC-41", "--reason", "the same")

    assert result.exit_code == 1
    assert "merge_target_ended" in result.output


def test_a_merged_incident_is_shown_itself_when_asked(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/incidents/INC-42", (200, MERGED))

    run("incidents", "show", "INC-42", "-n", "0", "--itself")

    assert gateway.asked[0][1] == "/api/incidents/INC-42?redirect=false"
