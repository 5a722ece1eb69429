import pytest

from services.gateway.domain.records import Role
from services.gateway.ui.ask import ApiRefused
from services.gateway.ui.pages.operations.moments import begin_of_day, end_of_day, local_moment, zone_of
from services.gateway.ui.pages.operations.silence_form import silence_of
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest

PART = {"HX-Request": "true"}


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
        "names": 'Down, "Slow, late",,\nLost',
        "services": "db-3",
        "labels": "team=shop, pay\n\nenv = prod",
        "lasts": "60",
        "timezone": "Europe/Berlin",
    }

    assert silence_of(form, ["critical"], START) == {
        "kind": "silence",
        "comment": "db-3 is replaced",
        "match": {
            "names": ["Down", "Slow, late", "Lost"],
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
    ("form", "field"),
    [
        ({"labels": "team", "lasts": "60"}, "labels"),
        ({"names": 'a, "b', "lasts": "60"}, "names"),
        ({}, "endsAt"),
        ({"lasts": "99999"}, "endsAt"),
    ],
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
