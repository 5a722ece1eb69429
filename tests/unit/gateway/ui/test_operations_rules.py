import json

import pytest

from services.gateway.domain.records import Role
from services.gateway.ui.ask import ApiRefused
from services.gateway.ui.pages.operations.rules_text import place_errors, read_object, write_rules
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

    assert (saved.status_code, again.status_code) == (303, 422)
    assert "There is nothing to put into force" in again.text
    assert json.loads(write_rules(first)) == json.loads(text)
    assert second == first


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
    gw.post(
        "/operations/rules/save",
        data={"rules": '{"ownership": [{"id": "o", "name": "O", "owner": "ann"}]}', "version": "0", "reason": "first"},
    )
    gw.post("/operations/rules/save", data={"rules": RULES.replace("nme", "name"), "version": "1"})

    edit = gw.get("/operations/rules/edit?from=1&as=json").text

    assert 'name="version" value="2"' in edit, "based on what is in force"
    assert "signal.name" not in edit.split("<textarea")[1].split("</textarea>")[0]
    assert "first" in gw.get("/operations/rules/versions").text
    assert gw.get("/operations/rules/versions/1").status_code == 200


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
