"""Rules that somebody else's overtook: the page says so, keeps what was typed, and replaces nothing unseen."""

import json

from services.gateway.domain.records import Role
from tests.support.gateway import GatewayUnderTest

PART = {"HX-Request": "true"}
MINE = {
    "grouping": "r0",
    "r0.name": "Mine",
    "r0.id": "mine",
    "r0.enabled": "1",
}


def a_rule(name: str, **more: object) -> dict:
    return {"id": name.lower(), "name": name, **more}


def put(gw: GatewayUnderTest, *grouping: dict, reason: str = "", role: Role = Role.ADMIN) -> None:
    answer = gw.call("PUT", "/api/rules", json={"grouping": list(grouping), "reason": reason}, role=role)
    assert answer.status_code == 200


def names_in_force(gw: GatewayUnderTest) -> list[str]:
    return [rule["name"] for rule in gw.get("/api/rules").json["grouping"]]


def overtaken(gw: GatewayUnderTest) -> dict:
    """The form of rules that were begun on version 1, with version 2 in force."""
    put(gw, a_rule("A"), a_rule("B"), a_rule("C"), a_rule("D"))
    put(gw, a_rule("D"), a_rule("A"), a_rule("B", description="x"), a_rule("E"), reason="one <case>")
    return MINE | {"version": "1"}


def test_a_refused_save_says_what_is_in_force_now_and_what_it_changed(gw: GatewayUnderTest):
    form = overtaken(gw)

    refused = gw.post("/operations/rules/save", data=form, headers=PART)

    assert refused.status_code == 412
    assert "Somebody else put rules into force meanwhile" in refused.text
    assert "<strong>Version 2 is in force</strong>: set <time" in refused.text
    assert "by token:admin, “one &lt;case&gt;”" in refused.text
    assert "Since version 1, on which yours are based:" in refused.text
    assert [line.split("</li>")[0] for line in refused.text.split("<li>")[1:]] == [
        "Grouping: B was changed",
        "Grouping: E was added",
        "Grouping: C was left out",
        "Grouping: the order was changed",
    ]
    assert 'href="/operations/rules/versions/2"' in refused.text
    assert "Based on version 1" not in refused.text
    assert "<strong>Version 2 is in force by now</strong>" in refused.text, "in the place of what the page said before"
    assert "based on version 1, and stays as it was typed" in refused.text


def test_sent_again_without_a_word_it_is_refused_again(gw: GatewayUnderTest):
    form = overtaken(gw)

    first = gw.post("/operations/rules/save", data=form, headers=PART)
    again = gw.post("/operations/rules/save", data=form, headers=PART)

    assert (first.status_code, again.status_code) == (412, 412)
    assert "data-current-version" not in first.text, "the page's script takes no version over by itself"
    assert 'name="version" value="1"' in first.text
    assert names_in_force(gw) == ["D", "A", "B", "E"]


def test_on_the_new_base_it_is_put_into_force(gw: GatewayUnderTest):
    form = overtaken(gw)

    moved = gw.post("/operations/rules/edit", data=form | {"do": "base.2"}, headers=PART)
    untouched = names_in_force(gw)
    saved = gw.post("/operations/rules/save", data=form | {"version": "2"})

    assert moved.status_code == 200
    assert 'name="version" value="2"' in moved.text
    assert "<strong>Based on version 2</strong>, in force." in moved.text
    assert (moved.headers["HX-Retarget"], moved.headers["HX-Reswap"]) == ("#rules-base", "outerHTML")
    assert "Based on version 2 now." in json.loads(moved.headers["HX-Trigger"])["done"]["message"]
    assert untouched == ["D", "A", "B", "E"]
    assert saved.status_code == 303
    assert names_in_force(gw) == ["Mine"]


def test_a_base_that_was_overtaken_as_well_is_not_taken(gw: GatewayUnderTest):
    form = overtaken(gw) | {"do": "base.2"}
    put(gw, a_rule("F"))

    part = gw.post("/operations/rules/edit", data=form, headers=PART)
    whole = gw.post("/operations/rules/edit", data=form)

    for answer in (part, whole):
        assert answer.status_code == 412
        assert 'name="version" value="1"' in answer.text
        assert 'value="base.3"' in answer.text
    assert "HX-Retarget" not in part.headers


def test_without_script_the_page_says_the_same_and_keeps_what_was_typed(gw: GatewayUnderTest):
    form = overtaken(gw)

    refused = gw.post("/operations/rules/save", data=form)
    moved = gw.post("/operations/rules/edit", data=form | {"do": "base.2"})

    assert (refused.status_code, moved.status_code) == (412, 200)
    assert 'name="version" value="1"' in refused.text
    assert "Grouping: E was added" in refused.text
    assert 'value="base.2"' in refused.text
    assert 'name="version" value="2"' in moved.text
    assert "by now" not in moved.text
    for page in (refused, moved):
        assert 'value="mine"' in page.text


def test_a_page_made_anew_says_that_it_was_overtaken_before_anything_is_sent(gw: GatewayUnderTest):
    form = overtaken(gw)

    moved = gw.post("/operations/rules/edit", data=form | {"do": "up.r0"})
    current = gw.post("/operations/rules/edit", data=form | {"do": "up.r0", "version": "2"})

    assert "<strong>Version 2 is in force by now</strong>" in moved.text
    assert 'value="base.2"' in moved.text
    assert 'value="base.2"' not in current.text


def test_a_base_that_is_not_known_is_told_without_what_changed(gw: GatewayUnderTest):
    put(gw, a_rule("A"))

    lost = gw.post("/operations/rules/save", data=MINE | {"version": "7"}, headers=PART)
    first = gw.post("/operations/rules/save", data=MINE | {"version": "0"}, headers=PART)

    assert (lost.status_code, first.status_code) == (412, 412)
    assert "Since version 7" not in lost.text
    assert "Since the built-in rules, on which yours are based:" in first.text
    assert "Grouping: A was added" in first.text
