import json

import pytest

from services.gateway.domain.records import Role
from services.gateway.ui.ask import ApiRefused
from services.gateway.ui.pages.operations.moments import begin_of_day, end_of_day, local_moment, zone_of
from services.gateway.ui.pages.operations.rules_text import place_errors, read_object, write_rules
from services.gateway.ui.pages.operations.silence_form import silence_of
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest

PART = {"HX-Request": "true"}
RULES = """{
  "grouping": [
    {"id": "a", "name": "A"},
    {
      "id": "b",
      "name": "B {[]}, \\"quoted\\"",
      "match": {"labels": {"team": ["shop", "pay"]}},
      "when": "signal.nme == 'x'"
    }
  ],
  "ownership": [
    {"id": "o", "name": "O", "owner": "ann"}
  ]
}"""


def refusal_of(call, *arguments: object) -> dict:
    with pytest.raises(ApiRefused) as refused:
        call(*arguments)
    return refused.value.problem


def token_named(gw: GatewayUnderTest, name: str) -> dict:
    return next(one for one in gw.get("/api/tokens").json["items"] if one["name"] == name)


# --- moments


def test_a_day_begins_and_ends_at_midnight_utc():
    assert begin_of_day("2026-11-27") == "2026-11-27T00:00:00+00:00"
    assert end_of_day("2026-11-27") == "2026-11-28T00:00:00+00:00"
    assert (begin_of_day(None), end_of_day("soon"), end_of_day("9999-12-31")) == (None, "soon", "9999-12-31")


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-11-29T22:00", "Europe/Berlin", "2026-11-29T21:00:00+00:00"),
        ("2026-07-01T22:00", "Europe/Berlin", "2026-07-01T20:00:00+00:00"),
        ("2026-11-29T22:00", "", "2026-11-29T22:00:00+00:00"),
        ("  ", "UTC", None),
    ],
)
def test_a_time_is_read_on_the_clocks_of_its_zone(text: str, zone: str, moment: str | None):
    assert local_moment(text, zone_of(zone), "startsAt") == moment


def test_what_is_no_time_or_zone_is_refused_by_field():
    assert list(refusal_of(zone_of, "Berlin")["errors"]) == ["timezone"]
    assert list(refusal_of(zone_of, "../etc/passwd")["errors"]) == ["timezone"]
    assert list(refusal_of(local_moment, "tonight", zone_of("UTC"), "endsAt")["errors"]) == ["endsAt"]


# --- silences


def test_a_silence_lasts_from_now_and_matches_what_was_entered():
    form = {
        "comment": " db-3 is replaced ",
        "names": "Down, Slow,,",
        "services": "db-3",
        "labels": "team=shop, pay\n\nenv = prod",
        "lasts": "60",
        "timezone": "Europe/Berlin",
    }

    assert silence_of(form, ["critical"], START) == {
        "kind": "silence",
        "comment": "db-3 is replaced",
        "match": {
            "names": ["Down", "Slow"],
            "services": ["db-3"],
            "severities": ["critical"],
            "labels": {"team": ["shop", "pay"], "env": ["prod"]},
        },
        "when": "",
        "endsAt": START.replace(hour=START.hour + 1).isoformat(),
        "timezone": "Europe/Berlin",
    }


def test_only_a_maintenance_window_repeats():
    form = {"comment": "x", "startsAt": "2026-11-29T22:00", "endsAt": "2026-11-29T23:00", "repeat": "FREQ=WEEKLY"}

    planned = silence_of({**form, "kind": "maintenance_window"}, [], START)
    by_rule = silence_of({**form, "kind": "maintenance_window", "repeatRule": "FREQ=DAILY;COUNT=3"}, [], START)

    assert (planned["repeat"], by_rule["repeat"]) == ("FREQ=WEEKLY", "FREQ=DAILY;COUNT=3")
    assert "repeat" not in silence_of(form, [], START)


@pytest.mark.parametrize(
    ("form", "field"), [({"labels": "team", "lasts": "60"}, "labels"), ({}, "endsAt"), ({"lasts": "99999"}, "endsAt")]
)
def test_a_silence_that_cannot_be_read_names_the_field(form: dict, field: str):
    assert list(refusal_of(silence_of, form, [], START)["errors"]) == [field]


def test_a_silence_is_previewed_and_then_set(gw: GatewayUnderTest):
    form = {"comment": "db-3 is replaced", "services": "db-3", "lasts": "60", "timezone": "UTC"}

    tried = gw.post("/operations/silences/try", data=form, headers=PART, role=Role.RESPONDER)
    before = gw.get("/api/silences").json["total"]
    made = gw.post("/operations/silences", data=form, role=Role.RESPONDER)

    assert "would have held back" in tried.text
    assert (before, gw.get("/api/silences").json["total"]) == (0, 1)
    assert made.headers["Location"] == "/operations/silences"
    assert "db-3 is replaced" in gw.get("/operations/silences").text


def test_a_silence_of_everything_is_refused_in_the_form(gw: GatewayUnderTest):
    answer = gw.post("/operations/silences", data={"comment": "all", "lasts": "60"}, headers=PART)

    assert answer.status_code == 422
    assert 'class="problem"' in answer.text


def test_a_silence_is_ended(gw: GatewayUnderTest):
    gw.post("/operations/silences", data={"comment": "x", "services": "db", "lasts": "60"})
    silence = gw.get("/api/silences").json["items"][0]

    answer = gw.post(f"/operations/silences/{silence['id']}/end", headers=PART)

    assert answer.status_code == 204
    assert gw.get("/api/silences").json["items"][0]["state"] == "ended"


# --- rules


def test_a_refusal_names_the_line_of_the_text():
    errors = {"grouping[1].when": ["x"], "grouping.1.match.labels.team": ["y"], "ownership.0.nme": ["z"], "reason": []}

    assert list(place_errors(errors, RULES)) == [
        "line 8: grouping[1].when",
        "line 7: grouping.1.match.labels.team",
        "line 12: ownership.0.nme",
        "reason",
    ]


def test_what_is_no_json_is_refused_with_line_and_column():
    assert refusal_of(read_object, '{\n  "grouping": [,]\n}', "rules")["errors"] == {
        "rules": ["line 2, column 16: expecting value"]
    }
    assert "one object" in refusal_of(read_object, "[]", "rules")["detail"]
    assert "JSON" in refusal_of(read_object, "[" * 100_000, "rules")["detail"]


def test_rules_in_force_as_text_are_the_same_rules(gw: GatewayUnderTest):
    text = RULES.replace("signal.nme", "signal.name")
    saved = gw.post("/operations/rules/save", data={"rules": text, "version": "0", "reason": "why"})
    first = gw.get("/api/rules").json

    again = gw.post("/operations/rules/save", data={"rules": write_rules(first), "version": "1"})
    second = gw.get("/api/rules").json

    assert (saved.status_code, again.status_code) == (303, 303)
    assert json.loads(write_rules(first)) == json.loads(text)
    assert (second["grouping"], second["ownership"]) == (first["grouping"], first["ownership"])


def test_rules_are_tried_without_effect_and_a_stale_save_is_refused(gw: GatewayUnderTest):
    text = RULES.replace("signal.nme", "signal.name")

    tried = gw.post("/operations/rules/try", data={"rules": text, "hours": "24"}, headers=PART, role=Role.RESPONDER)
    whole = gw.post("/operations/rules/try", data={"rules": text, "version": "0"}, role=Role.RESPONDER)
    version = gw.get("/api/rules").json["version"]
    stale = gw.post("/operations/rules/save", data={"rules": text, "version": "7"}, headers=PART)

    assert "What they would have made of the past" in tried.text
    assert "signal.name" in whole.text, "without script, what was typed is still there"
    assert (version, stale.status_code) == (0, 412)


def test_a_condition_that_is_wrong_is_refused_at_its_line(gw: GatewayUnderTest):
    answer = gw.post("/operations/rules/save", data={"rules": RULES, "version": "0"}, headers=PART)

    assert answer.status_code == 422
    assert "line 8: grouping[1].when" in answer.text


def test_only_admins_are_offered_to_save_rules_and_only_they_can(gw: GatewayUnderTest):
    offered = gw.get("/operations/rules/edit", role=Role.RESPONDER).text
    forged = gw.post("/operations/rules/save", data={"rules": "{}", "version": "0"}, headers=PART, role=Role.APPROVER)

    assert "Put into force" not in offered
    assert "Try it" in offered
    assert forged.status_code == 403


def test_an_earlier_version_is_taken_up_again(gw: GatewayUnderTest):
    gw.post("/operations/rules/save", data={"rules": '{"ownership": []}', "version": "0", "reason": "first"})
    gw.post("/operations/rules/save", data={"rules": RULES.replace("nme", "name"), "version": "1"})

    edit = gw.get("/operations/rules/edit?from=1").text

    assert 'name="version" value="2"' in edit, "based on what is in force"
    assert "signal.name" not in edit.split("<textarea")[1].split("</textarea>")[0]
    assert "first" in gw.get("/operations/rules/versions").text
    assert gw.get("/operations/rules/versions/1").status_code == 200


# --- mapping


def test_a_mapping_is_tried_and_saved(gw: GatewayUnderTest):
    form = {"paths": '{"title": ["check.headline"]}', "version": "0"}

    tried = gw.post("/operations/rules/mapping/try", data=form, headers=PART)
    saved = gw.post("/operations/rules/mapping/save", data=form, headers=PART)

    assert "There is nothing to read again" in tried.text or "read again" in tried.text
    assert "Mapping 1 is in force." in saved.headers["HX-Trigger"]
    assert gw.get("/api/mapping").json["paths"] == {"title": ["check.headline"]}


def test_a_mapping_that_is_wrong_is_refused_at_its_line(gw: GatewayUnderTest):
    form = {"paths": '{\n  "titel": ["a"]\n}', "version": "0"}

    answer = gw.post("/operations/rules/mapping/save", data=form, headers=PART)

    assert answer.status_code == 422
    assert "line 2: paths.titel" in answer.text


# --- access


def test_a_token_is_made_and_its_secret_is_shown_in_the_answer_alone(gw: GatewayUnderTest):
    form = {"name": "ann", "role": "responder", "scopes": ["incidents:read", "rules:read"], "days": "30"}

    answer = gw.post("/operations/tokens", data=form, headers=PART)
    token = token_named(gw, "ann")

    secret = answer.text.split('id="new-token-secret">')[1].split("<")[0]
    assert gw.get("/api/me", token=secret).json["name"] == "ann"
    assert (token["role"], token["scopes"]) == ("responder", ["incidents:read", "rules:read"])
    assert token["expiresAt"].startswith("2026-12-01")
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret not in str(answer.headers)
    assert secret not in gw.get("/operations/tokens").text


def test_a_token_is_made_without_script_too(gw: GatewayUnderTest):
    answer = gw.post("/operations/tokens", data={"name": "bob", "role": "viewer", "until": "2026-12-24", "days": "90"})

    assert answer.status_code == 200
    assert "new-token-secret" in answer.text
    assert token_named(gw, "bob")["expiresAt"] == "2026-12-25T00:00:00Z"


def test_a_refused_token_says_why_where_it_was_asked_for(gw: GatewayUnderTest):
    taken = gw.post("/operations/tokens", data={"name": "viewer", "role": "viewer"}, headers=PART)
    forged = gw.post("/operations/tokens", data={"name": "me", "role": "admin"}, headers=PART, role=Role.APPROVER)

    assert (taken.status_code, forged.status_code) == (409, 403)
    assert 'class="problem"' in taken.text


def test_a_token_is_revoked(gw: GatewayUnderTest):
    token = gw.post("/api/tokens", json={"name": "ann", "role": "viewer"}).json

    answer = gw.post(f"/operations/tokens/{token['id']}/revoke", headers=PART)

    assert answer.status_code == 204
    assert gw.get("/api/me", token=token["token"]).status_code == 401


def test_tokens_are_shown_to_admins_only_and_sessions_to_everybody(gw: GatewayUnderTest):
    for_admin, for_viewer = gw.get("/operations/tokens").text, gw.get("/operations/tokens", role=Role.VIEWER).text

    assert "New token" in for_admin
    assert "New token" not in for_viewer
    assert "Your sessions" in for_viewer


def test_a_session_of_ones_own_is_ended(gw: GatewayUnderTest):
    session = gw.post("/api/session", json={}, role=Role.VIEWER).json

    answer = gw.post(f"/operations/sessions/{session['id']}/end", headers=PART, role=Role.VIEWER)

    assert answer.status_code == 204
    assert gw.get("/api/sessions", role=Role.VIEWER).json["items"][0]["state"] != "live"


# --- audit


def test_the_audit_log_is_shown_under_its_filters_and_verified(gw: GatewayUnderTest):
    gw.post("/operations/tokens", data={"name": "ann", "role": "viewer"})
    gw.post("/operations/rules/save", data={"rules": "{}", "version": "0", "reason": "why"})

    made = gw.get("/operations/audit?type=token_made&actor=token:admin&since=2026-11-01&until=").text
    checked = gw.get("/operations/audit/verify", headers=PART).text
    without_script = gw.get("/operations/audit/verify").text

    assert "Token ann made" in made
    assert "Rules" not in made.split('id="audit-list"')[1]
    assert gw.get("/api/audit").json["head"]["hash"] in made
    assert "whole" in checked
    assert "of the audit log" in checked
    assert "of the audit log" in without_script
    assert "<h1>Operations</h1>" in without_script
