from services.gateway.domain.rules.builtin import RESERVED_IDS
from services.gateway.ui.pages.operations.rule_fields import RuleFields
from services.gateway.ui.pages.operations.rule_ids import BUILT_IN, made_ids
from tests.support.gateway import GatewayUnderTest

PART = {"HX-Request": "true"}


def a_rule(key: str, name: str, typed: str = "", *, part: str = "grouping", is_removed: bool = False) -> RuleFields:
    return RuleFields(key, part, {"name": name, "id": typed}, is_removed=is_removed)


def sent(**rules: dict) -> dict:
    """The form of these grouping rules as a browser sends it, each under its key."""
    form: dict = {"version": "0", "grouping": list(rules)}
    for key, fields in rules.items():
        form |= {f"{key}.{name}": value for name, value in ({"enabled": "1"} | fields).items()}
    return form


def test_rules_of_one_name_have_ids_of_their_own():
    form = [a_rule("r0", "Shop"), a_rule("r1", "shop!"), a_rule("r2", "SHOP"), a_rule("r3", "Shop", part="ownership")]

    assert made_ids(form) == {"r0": "shop", "r1": "shop-2", "r2": "shop-3", "r3": "shop"}


def test_an_id_that_is_there_stays_and_is_not_made_again():
    form = [
        a_rule("r0", "Shop"),
        a_rule("r1", "Shop", " shop "),
        a_rule("r2", "Other", "shop-2"),
        a_rule("r3", "Pay"),
        a_rule("r4", "Gone", "pay", is_removed=True),
        a_rule("r5", "Never there", is_removed=True),
    ]

    assert made_ids(form) == {"r0": "shop-3", "r3": "pay-2"}


def test_a_made_id_is_no_longer_than_one_may_be():
    long, cut = "x" * 70, "y" * 61 + " z and more"
    form = [a_rule(f"r{number}", long) for number in range(11)] + [a_rule("r11", cut), a_rule("r12", cut)]

    made = made_ids(form)

    assert (made["r0"], made["r1"], made["r10"]) == ("x" * 64, "x" * 62 + "-2", "x" * 61 + "-11")
    assert (made["r11"], made["r12"]) == ("y" * 61 + "-z", "y" * 61 + "-2")


def test_no_id_is_made_of_a_name_that_has_no_letter_for_it():
    assert made_ids([a_rule("r0", ""), a_rule("r1", "支払い"), a_rule("r2", " - ")]) == {}


def test_no_rule_is_called_like_a_built_in_one(gw: GatewayUnderTest):
    form = sent(r0={"name": "Default"}, r1={"name": "Watchdog"})

    saved = gw.post("/operations/rules/save", data=form)

    assert saved.status_code == 303
    assert [rule["id"] for rule in gw.get("/api/rules").json["grouping"]] == ["default-2", "watchdog-2"]
    assert BUILT_IN == RESERVED_IDS


def test_rules_of_one_name_are_put_into_force_and_keep_their_ids(gw: GatewayUnderTest):
    gw.post("/operations/rules/save", data=sent(r0={"name": "Shop"}, r1={"name": "Shop"}))
    first = [rule["id"] for rule in gw.get("/api/rules").json["grouping"]]
    form = sent(r2={"name": "Shop"}, r1={"name": "Shop", "id": "shop-2"}, r0={"name": "Renamed", "id": "shop"})

    again = gw.post("/operations/rules/save", data=form | {"version": "1"})

    assert (first, again.status_code) == (["shop", "shop-2"], 303)
    assert [rule["id"] for rule in gw.get("/api/rules").json["grouping"]] == ["shop-3", "shop-2", "shop"]


def test_ids_that_were_typed_twice_are_told_at_their_field_by_the_names_people_read(gw: GatewayUnderTest):
    form = sent(
        r0={"name": "Left out", "id": "shop", "removed": "1"},
        r1={"name": "First", "id": "shop"},
        r2={"name": "Second", "id": "pay"},
        r3={"name": "Third", "id": "shop", "when": "signal.nme == 'x'"},
    )

    refused = gw.post("/operations/rules/save", data=form, headers=PART)
    unread = gw.post("/operations/rules/try", data=form | {"r2.windowSeconds": "soon"}, headers=PART)

    assert refused.status_code == 422
    assert 'data-field="r3.id"' in refused.text
    assert "this is the id of Grouping 1 First too" in refused.text
    assert "grouping[0]" not in refused.text
    assert 'data-field="r3.when"' in refused.text, "all that is wrong is told at once"
    assert 'data-field="r1.id"' not in refused.text + unread.text
    assert gw.get("/api/rules").json["version"] == 0
