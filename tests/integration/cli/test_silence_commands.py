"""Silences on the command line: what is sent, what is printed, how they end."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.cli.stand_in_gateway import Gateway, page

SILENCE = {
    "id": "sil_1",
    "kind": "silence",
    "comment": "db-3 is being replaced",
    "match": {"services": ["db-3", "db-4"], "labels": {"team": ["pay"]}},
    "when": "",
    "startsAt": "2026-11-23T12:00:00Z",
    "endsAt": "2026-11-23T14:00:00Z",
    "repeat": None,
    "timezone": "UTC",
    "state": "live",
    "createdBy": "token:ann",
    "endedAt": None,
    "endJobId": "job_7",
}
ADD = ("silences", "add", "--comment", "db-3 is being replaced")


def test_silences_are_listed_with_what_they_match(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/silences", page(SILENCE))

    result = run("silences", "list", "--state", "live", "--kind", "silence")

    names, cells = (line.split("\t") for line in result.stdout.splitlines())
    assert dict(zip(names, cells, strict=True))["matches"] == "service=db-3|db-4, labels.team=pay"
    assert "state=live&kind=silence" in gateway.asked[0][1]


def test_a_silence_is_set_from_now_on(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/silences", (201, SILENCE))

    begun = datetime.now(UTC).replace(microsecond=0)
    result = run(
        *ADD, "--match", "service=db-3", "--match", "service=db-4", "--match", "labels.team=pay", "--for", "2h"
    )
    over = datetime.now(UTC)

    assert result.exit_code == 0
    assert "silence\tsil_1\n" in result.stdout
    sent = gateway.asked[0][2]
    assert begun + timedelta(hours=2) <= datetime.fromisoformat(sent.pop("endsAt")) <= over + timedelta(hours=2)
    assert sent == {
        "kind": "silence",
        "comment": "db-3 is being replaced",
        "match": {"services": ["db-3", "db-4"], "labels": {"team": ["pay"]}},
    }


def test_a_window_that_recurs_is_a_maintenance_window_and_lasts_from_its_beginning_on(
    gateway: Gateway, run: Any
) -> None:
    gateway.answer("POST", "/api/silences", (201, {**SILENCE, "kind": "maintenance_window"}))

    run(
        *(*ADD, "--when", "signal.namespace == 'batch'", "--from", "2026-11-01T02:00:00+01:00", "--for", "1h30m"),
        *("--repeat", "FREQ=WEEKLY;BYDAY=SU", "--timezone", "Europe/Berlin"),
    )

    assert gateway.asked[0][2] == {
        "kind": "maintenance_window",
        "comment": "db-3 is being replaced",
        "when": "signal.namespace == 'batch'",
        "startsAt": "2026-11-01T02:00:00+01:00",
        "endsAt": "2026-11-01T03:30:00+01:00",
        "repeat": "FREQ=WEEKLY;BYDAY=SU",
        "timezone": "Europe/Berlin",
    }


def test_a_trial_shows_what_would_have_been_held_back_and_sets_nothing(gateway: Gateway, run: Any) -> None:
    held = {"deliveryId": "dlv_1", "receivedAt": "2026-11-23T12:00:00Z", "fingerprint": "fp1", "title": ""}
    counts = {"lookedAt": 10, "isWhole": True, "deliveries": 2, "signals": 5, "fingerprints": 3, "incidents": 1}
    tried = {"since": "2026-11-16T12:00:00Z", **counts, "heldBack": [{**held, "outcome": "opened", "incidentId": None}]}
    gateway.answer("POST", "/api/silences/try", (200, tried))

    result = run(*ADD, "--match", "service=db-3", "--until", "2026-11-02T12:00:00Z", "--try")

    assert [asked[:2] for asked in gateway.asked] == [("POST", "/api/silences/try")]
    assert gateway.asked[0][2]["endsAt"] == "2026-11-02T12:00:00Z"
    assert "looked at\t10 deliveries\nheld back\t5 reports of 3 signals in 2 deliveries\n" in result.stdout
    cells = result.stdout.splitlines()[-1].split("\t")
    assert (cells[0], *cells[2:]) == ("dlv_1", "fp1", "opened", "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "either --for or --until"),
        (("--for", "2h", "--until", "2026-11-02T12:00:00Z"), "either --for or --until"),
        (("--for", "soon"), "not a duration"),
        (("--for", "999999d", "--from", "9000-01-01T00:00:00Z"), "after the year 9999"),
        (("--until", "2026-11-02T12:00:00"), "not a time with its offset"),
        (("--for", "2h", "--match", "team=pay"), "'team' is no field"),
        (("--for", "2h", "--timezone", "Europe/Berlin"), "--timezone goes with --repeat"),
    ],
)
def test_what_cannot_be_understood_is_a_usage_error_and_nothing_is_sent(
    gateway: Gateway, run: Any, words: tuple[str, ...], why: str
) -> None:
    result = run(*ADD, *words)

    assert result.exit_code == 2
    assert why in result.stderr
    assert gateway.asked == []


def test_a_refused_silence_names_the_fields(gateway: Gateway, run: Any) -> None:
    errors = {"match": ["it would hold back every signal"], "endsAt": ["it must be after startsAt"]}
    problem = {"title": "The input is not valid", "code": "validation_failed", "errors": errors}
    gateway.answer("POST", "/api/silences", (422, problem))

    result = run(*ADD, "--until", "2020-11-02T12:00:00Z")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "match: it would hold back every signal; endsAt: it must be after startsAt" in result.stderr


def test_one_silence_that_is_over_does_not_stop_the_others_from_ending(gateway: Gateway, run: Any) -> None:
    over = {"title": "The silence is over", "code": "silence_ended"}
    gateway.answer("POST", "/api/silences/sil_1/end", (200, {**SILENCE, "endedAt": "2026-11-23T13:00:00Z"}))
    gateway.answer("POST", "/api/silences/sil_2/end", (409, over))

    result = run("silences", "end", "sil_2", "sil_1")

    assert result.stdout.splitlines() == [
        "of\tended\tproblem",
        "sil_2\t\tThe silence is over",
        "sil_1\t2026-11-23T13:00:00Z\t",
    ]
    assert result.exit_code == 1


def test_an_unknown_silence_ends_with_5(gateway: Gateway, run: Any) -> None:
    result = run("silences", "end", "sil_9", "--json")

    assert json.loads(result.stderr)["exitCode"] == result.exit_code == 5
