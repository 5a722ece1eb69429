import json

import pytest

from services.gateway.domain.records import Role
from services.gateway.ui.ask import ApiRefused
from services.gateway.ui.pages.operations.rule_fields import fields_of, is_whole, rule_of
from services.gateway.ui.pages.operations.rules_form import form_of, rules_of
from services.gateway.ui.pages.operations.typed_values import (
    read_labels,
    read_seconds,
    read_values,
    write_labels,
    write_seconds,
    write_values,
)
from tests.support.gateway import GatewayUnderTest

PART = {"HX-Request": "true"}
FULL = {
    "id": "batch",
    "name": "Batch",
    "description": "Jobs of the night",
    "enabled": False,
    "match": {
        "names": ["Failed, late", 'Say "no"'],
        "services": ["a"],
        "severities": ["low", "info"],
        "labels": {"team": ["shop", "pay"]},
    },
    "when": 'signal.namespace == "batch"',
    "groupBy": [],
    "windowSeconds": 5400,
    "threshold": {"count": 5, "of": "reports", "withinSeconds": 600},
    "resolveOn": "never",
    "stableSeconds": 1.5,
    "reopenSeconds": 0,
    "flap": {"changes": 7, "withinSeconds": 1800, "quietSeconds": 60},
}
OWNERSHIP = {"id": "pay", "name": "Payments", "match": {"namespaces": ["pay"]}, "owner": "team-payments"}


def sent(**rules: dict) -> dict:
    """The form of these grouping rules as a browser sends it, each under its key."""
    form: dict = {"version": "0", "grouping": list(rules)}
    for key, fields in rules.items():
        form |= {f"{key}.{name}": value for name, value in ({"enabled": "1"} | fields).items()}
    return form


@pytest.mark.parametrize(("rule", "part"), [(FULL, "grouping"), (OWNERSHIP, "ownership"), ({"id": "a"}, "grouping")])
def test_a_rule_comes_out_of_the_form_as_it_went_in(rule: dict, part: str):
    assert rule_of(fields_of(rule, "r0", part)) == rule
    assert is_whole(rule, part)


@pytest.mark.parametrize(
    "rule",
    [
        5,
        {"id": "a", "unknown": 1},
        {"id": "a", "owner": "ann"},
        {"id": "a", "match": []},
        {"id": "a", "match": {"names": "x"}},
        {"id": "a", "match": {"names": [" x"]}},
        {"id": "a", "match": {"labels": {"a=b": ["c"]}}},
        {"id": "a", "windowSeconds": float("inf")},
        {"id": "a", "windowSeconds": -5},
        {"id": "a", "threshold": {"count": 1.5, "withinSeconds": 60}},
    ],
)
def test_what_the_form_cannot_hold_is_not_put_into_it(rule: object):
    assert not is_whole(rule, "grouping")
    with pytest.raises(ApiRefused) as refused:
        form_of({"grouping": [{"id": "fine"}, rule]})
    assert list(refused.value.problem["errors"]) == ["grouping.1"]


def test_values_and_labels_are_read_as_they_are_written():
    assert read_values(" a , b,,c ") == ["a", "b", "c"]
    assert read_values(write_values(["a, b", 'c "d"'])) == ["a, b", 'c "d"']
    assert read_labels(write_labels({"team": ["a", "b, c"]})) == {"team": ["a", "b, c"]}
    with pytest.raises(ValueError, match="quote"):
        read_values('"a, b')
    with pytest.raises(ValueError, match="line 2"):
        read_labels("a=b\nteam")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1h 30m", 5400), ("1d2h", 93_600), ("0.5m", 30), ("", None)]
)
def test_a_length_of_time_is_read(text: str, seconds: float | None):
    assert read_seconds(text) == seconds
    assert read_seconds(write_seconds(seconds)) == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "5 weeks", "1e9", "9" * 400, "m"])
def test_what_is_no_length_of_time_is_refused(text: str):
    with pytest.raises(ValueError, match="30m"):
        read_seconds(text)


def test_rules_of_the_form_are_put_into_force(gw: GatewayUnderTest):
    form = sent(r3={"name": "All of checkout!", "services": "checkout"}, r1={"name": "B", "id": "b", "removed": "1"})

    saved = gw.post("/operations/rules/save", data=form | {"reason": "why"})
    rules = gw.get("/api/rules").json

    assert saved.status_code == 303
    assert [(rule["id"], rule["match"]["services"]) for rule in rules["grouping"]] == [
        ("all-of-checkout", ["checkout"])
    ]
    assert rules["grouping"][0]["enabled"]


def test_a_refusal_stands_at_its_field_by_the_name_people_read(gw: GatewayUnderTest):
    form = sent(
        r0={"name": "Left out", "when": "no", "removed": "1"},
        r4={"name": "Mine", "when": "signal.nme == 'x'", "groupBy": "severity", "thresholdCount": "3"},
    )

    shape = gw.post("/operations/rules/save", data=form, headers=PART)
    domain = gw.post("/operations/rules/save", data=form | {"r4.thresholdWithin": "10m"}, headers=PART)
    typed = gw.post("/operations/rules/try", data=form | {"r4.windowSeconds": "soon"}, headers=PART)

    assert (shape.status_code, domain.status_code, typed.status_code) == (422, 422, 422)
    assert 'data-field="r4.thresholdWithin"' in shape.text
    assert 'data-field="r4.when"' in domain.text
    assert 'data-field="r4.groupBy"' in domain.text
    assert "Grouping 1 Mine: Condition" in domain.text
    assert 'data-field="r4.windowSeconds"' in typed.text


def test_rules_are_added_moved_and_left_out_without_effect(gw: GatewayUnderTest):
    form = sent(r0={"name": "First"}, r1={"name": "Second"})

    def after(do: str) -> str:
        return gw.post("/operations/rules/edit", data=form | {"do": do}, headers=PART).text

    assert after("down.r0").index('id="rule-r1"') < after("down.r0").index('id="rule-r0"')
    assert "First is now 1 of 2." in after("up.r0"), "the first stays the first"
    assert 'name="r0.removed"' in after("remove.r0")
    assert 'id="rule-r2"' in after("add.ownership")
    assert 'id="rule-r0"' in after("up.r99"), "what is not there changes nothing"
    assert gw.get("/api/rules").json["version"] == 0


def test_the_form_becomes_json_and_json_the_form(gw: GatewayUnderTest):
    form = sent(r0={"name": "Mine", "id": "mine", "windowSeconds": "1h", "names": "A"})

    text = gw.post("/operations/rules/edit", data=form | {"do": "json"}, headers=PART).text
    back = gw.post(
        "/operations/rules/edit", data={"rules": json.dumps({"grouping": [FULL]}), "do": "form"}, headers=PART
    )
    lost = gw.post(
        "/operations/rules/edit", data={"rules": '{"grouping": [{"id": "a", "nme": 1}]}', "do": "form"}, headers=PART
    )

    assert "&#34;windowSeconds&#34;: 3600" in text
    assert 'value="1h 30m"' in back.text
    assert lost.status_code == 422
    assert "Nothing was changed" in lost.text
    assert "the form has no place for nme" in lost.text


def test_a_condition_is_checked_alone(gw: GatewayUnderTest):
    form = sent(r0={"name": "", "when": "signal.nme == 'x'"}, r1={"when": "signal.name == 'x'", "windowSeconds": "1h"})

    wrong = gw.post("/operations/rules/check", data=form | {"check": "r0"}, headers=PART, role=Role.RESPONDER)
    fine = gw.post("/operations/rules/check", data=form | {"check": "r1"}, headers=PART, role=Role.RESPONDER)
    whole = gw.post("/operations/rules/check", data=form | {"check": "r1"}, role=Role.RESPONDER)
    viewer = gw.post("/operations/rules/check", data=form | {"check": "r1"}, headers=PART, role=Role.VIEWER)

    assert "Condition: signal has no field nme" in wrong.text
    assert "It can be read" in fine.text
    assert "It can be read" in whole.text, "without script, on the whole page"
    assert viewer.status_code == 403


def test_an_empty_form_asks_for_no_rules(gw: GatewayUnderTest):
    assert rules_of([]) == {"grouping": [], "ownership": []}
    assert "No grouping rule yet." in gw.get("/operations/rules/edit").text


def test_what_stands_in_a_rule_stays_text(gw: GatewayUnderTest):
    payload = """"'><script>alert(1)</script>"""
    form = sent(r0={"name": payload, "id": payload, "labels": payload, "when": payload, "names": payload})

    page = gw.post("/operations/rules/edit", data=form | {"do": "up.r0"}).text
    refused = gw.post("/operations/rules/try", data=form, headers=PART).text

    assert "<script>alert" not in page + refused
    assert page.count("&lt;script&gt;alert(1)") >= 5


def test_rules_a_form_has_no_place_for_stand_as_json_and_the_page_says_why(gw: GatewayUnderTest):
    said = "A form has no place for all that stands in these rules"
    rules = {"grouping": [{"id": "odd", "name": "Odd", "when": " signal.name == 'a'"}]}
    assert gw.call("PUT", "/api/rules", json=rules | {"reason": "odd"}).status_code == 200

    opened = gw.get("/operations/rules/edit").text
    asked_for = gw.get("/operations/rules/edit?as=json").text

    assert said in opened
    assert "Rules as JSON" in opened
    assert said in asked_for
    assert gw.call("PUT", "/api/rules", json={"grouping": [FULL], "reason": "plain"}).status_code == 200
    assert said not in gw.get("/operations/rules/edit").text
    assert said not in gw.get("/operations/rules/edit?as=json").text
