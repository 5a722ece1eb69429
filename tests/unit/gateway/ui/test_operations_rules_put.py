"""What is no change is not put into force, and no rule is taken away by an oversight."""

import json

import pytest

from services.gateway.domain.records import Role
from tests.support.gateway import GatewayUnderTest

PART = {"HX-Request": "true"}
SHOP = {"id": "shop", "name": "Shop", "match": {"namespaces": ["shop"]}}
OWNER = {"id": "pay", "name": "Payments", "owner": "ann"}
NOTHING = "There is nothing to put into force"
SAVE = "/operations/rules/save"


def version_of(gw: GatewayUnderTest) -> int:
    return gw.get("/api/rules").json["version"]


def put(gw: GatewayUnderTest, **parts: list) -> None:
    assert gw.call("PUT", "/api/rules", json=parts).status_code == 200


def as_text(version: int = 1, **parts: list) -> dict:
    return {"rules": json.dumps(parts), "version": str(version), "reason": "why"}


def as_form(*removed: str) -> dict:
    """The form of both rules, based on version 1, with some of them left out."""
    form: dict = {"version": "1", "grouping": "r0", "ownership": "r1"}
    form |= {"r0.name": "Shop", "r0.id": "shop", "r0.namespaces": "shop", "r0.enabled": "1"}
    form |= {"r0.groupBy": "source, name, cluster, namespace, service"}
    form |= {"r1.name": "Payments", "r1.id": "pay", "r1.owner": "ann", "r1.enabled": "1"}
    return form | {f"{key}.removed": "1" for key in removed}


def test_no_rules_where_none_are_make_no_version(gw: GatewayUnderTest):
    form = {"version": "0", "reason": "by mistake"}

    part = gw.post(SAVE, data=form, headers=PART)
    whole = gw.post(SAVE, data=form)

    assert (part.status_code, whole.status_code) == (422, 422)
    assert NOTHING in part.text
    assert NOTHING in whole.text
    assert gw.get("/api/rules/versions").json["items"] == []


@pytest.mark.parametrize("form", [as_form(), as_text(grouping=[SHOP], ownership=[OWNER])], ids=["form", "JSON"])
def test_the_rules_in_force_make_no_version_again(gw: GatewayUnderTest, form: dict):
    put(gw, grouping=[SHOP], ownership=[OWNER])

    answer = gw.post(SAVE, data=form | {"requestKey": "key-of-the-form"}, headers=PART)

    assert answer.status_code == 422
    assert NOTHING in answer.text
    assert "the rules of version 1, in force" in answer.text
    assert "data-arrived" in answer.text, "what is typed next is another request"
    assert version_of(gw) == 1


def test_where_a_rule_of_the_other_part_is_new_not_every_rule_is_taken_away(gw: GatewayUnderTest):
    put(gw, grouping=[SHOP])

    answer = gw.post(SAVE, data=as_text(ownership=[OWNER]), headers=PART)

    assert answer.status_code == 422
    assert "This takes away every grouping rule" in answer.text
    assert "Put into force without grouping rules" in answer.text


def test_a_save_whose_answer_was_lost_is_no_refusal_when_it_comes_again(gw: GatewayUnderTest):
    form = as_text(0, grouping=[SHOP]) | {"requestKey": "key-of-the-form"}

    first = gw.post(SAVE, data=form)
    again = gw.post(SAVE, data=form)

    assert (first.status_code, again.status_code, version_of(gw)) == (303, 303, 1)


@pytest.mark.parametrize(
    ("form", "empties", "what"),
    [
        (as_form("r0"), "grouping", "every grouping rule"),
        (as_form("r1"), "ownership", "every ownership rule"),
        (as_form("r0", "r1"), "grouping ownership", "every rule"),
        (as_text(ownership=[OWNER]), "grouping", "every grouping rule"),
        (as_text(), "grouping ownership", "every rule"),
    ],
)
def test_taking_every_rule_away_is_done_once_people_were_told_what_it_means(
    gw: GatewayUnderTest, form: dict, empties: str, what: str
):
    put(gw, grouping=[SHOP], ownership=[OWNER])

    asked = gw.post(SAVE, data=form, headers=PART)
    without_script = gw.post(SAVE, data=form)
    before = version_of(gw)
    done = gw.post(SAVE, data=form | {"empties": empties})
    rules = gw.get("/api/rules").json

    for answer in (asked, without_script):
        assert answer.status_code == 422
        assert f"This takes away {what}" in answer.text
        assert f'name="empties" value="{empties}"' in answer.text
        assert ("signals go by the built-in rules only" in answer.text) == ("grouping" in empties)
        assert ("has no owner until a person takes it" in answer.text) == ("ownership" in empties)
    assert (before, done.status_code, rules["version"]) == (1, 303, 2)
    assert [part for part in ("grouping", "ownership") if not rules[part]] == empties.split()


def test_a_word_about_one_part_is_none_about_the_other(gw: GatewayUnderTest):
    put(gw, grouping=[SHOP], ownership=[OWNER])

    answer = gw.post(SAVE, data=as_form("r0", "r1") | {"empties": "grouping"}, headers=PART)

    assert answer.status_code == 422
    assert version_of(gw) == 1


def test_rules_that_others_overtook_are_refused_for_that_first(gw: GatewayUnderTest):
    put(gw, grouping=[SHOP], ownership=[OWNER])
    put(gw, grouping=[SHOP | {"name": "Theirs"}])

    answer = gw.post(SAVE, data=as_form("r0", "r1"), headers=PART)

    assert answer.status_code == 412
    assert "empties" not in answer.text


def test_what_was_said_gives_no_right(gw: GatewayUnderTest):
    put(gw, grouping=[SHOP])

    answer = gw.post(SAVE, data=as_text() | {"empties": "grouping"}, headers=PART, role=Role.APPROVER)

    assert (answer.status_code, version_of(gw)) == (403, 1)


def test_the_form_says_what_it_means_as_soon_as_no_rule_is_left(gw: GatewayUnderTest):
    def after(do: str, *removed: str) -> str:
        return gw.post("/operations/rules/edit", data=as_form(*removed) | {"do": do}, headers=PART).text

    assert "No grouping rule is left." in after("remove.r0")
    assert "signals go by the built-in rules only" in after("remove.r0")
    assert "is left." not in after("keep.r0", "r0")
    assert "No ownership rule is left." in after("remove.r1")
    assert "No grouping rule is left." not in after("remove.r1")
