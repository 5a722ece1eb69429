import pytest

from services.gateway.domain.records import FlapControl, Match, Threshold
from services.gateway.domain.rules import RulesInvalid, check_book
from tests.unit.gateway.domain.rules.cases import a_book, a_rule, an_owner


def errors_of(*rules, ownership=()) -> dict[str, list[str]]:
    with pytest.raises(RulesInvalid) as error:
        check_book(a_book(*rules, ownership=ownership))
    return error.value.errors


def test_a_good_book_passes():
    check_book(
        a_book(
            a_rule(
                "a-1_b",
                match=Match(names=("Down",), labels={"team": ("shop",)}),
                when='signal.namespace == "pay"',
                group_by=("name", "source", "service", "namespace", "cluster", "dedupKey", "labels.team"),
                window_seconds=0,
                stable_seconds=2_592_000,
                threshold=Threshold(count=2, within_seconds=60),
                flap=FlapControl(changes=3),
            ),
            a_rule("1" * 64, group_by=()),
            ownership=(an_owner("a-1_b"), an_owner("default")),
        )
    )


@pytest.mark.parametrize("rule_id", ["", "A", "-a", "a b", "a" * 65, "a\n", "ä"])
def test_an_id_is_plain(rule_id):
    assert list(errors_of(a_rule(rule_id))) == ["grouping[0].id"]
    assert list(errors_of(ownership=(an_owner(rule_id),))) == ["ownership[0].id"]


def test_ids_are_unique_and_not_those_of_built_in_rules():
    assert errors_of(a_rule("a"), a_rule("a"), a_rule("default"), a_rule("watchdog")) == {
        "grouping[1].id": ["a is the id of grouping[0] too"],
        "grouping[2].id": ["default is a built-in rule"],
        "grouping[3].id": ["watchdog is a built-in rule"],
    }


def test_there_are_at_most_200_rules_of_each():
    rules = [a_rule(f"r{n}") for n in range(201)]
    owners = tuple(an_owner(f"r{n}") for n in range(201))

    check_book(a_book(*rules[:200], ownership=owners[:200]))
    assert list(errors_of(*rules, ownership=owners)) == ["grouping", "ownership"]


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"name": " "}, "name", "1 to 200"),
        ({"name": "n" * 201}, "name", "1 to 200"),
        ({"description": "d" * 2_001}, "description", "2,000"),
        ({"when": "signal.nme == 'a'"}, "when", "no field nme"),
        ({"group_by": ("severity",)}, "groupBy", "would split a recovery from its trigger"),
        ({"group_by": ("status",)}, "groupBy", "would split a recovery from its trigger"),
        ({"group_by": ("labels.severity",)}, "groupBy", "would split a recovery from its trigger"),
        ({"group_by": ("dedup_key",)}, "groupBy", "unknown field dedup_key; known are name"),
        ({"group_by": ("labels.",)}, "groupBy", "unknown field labels."),
        ({"group_by": ("labels",)}, "groupBy", "unknown field labels"),
        ({"group_by": ("name", "name")}, "groupBy", "twice"),
        ({"group_by": tuple(f"labels.l{n}" for n in range(11))}, "groupBy", "at most 10"),
        ({"window_seconds": -1}, "windowSeconds", "30 days"),
        ({"window_seconds": float("nan")}, "windowSeconds", "30 days"),
        ({"stable_seconds": 2_592_001}, "stableSeconds", "30 days"),
        ({"reopen_seconds": float("inf")}, "reopenSeconds", "30 days"),
        ({"threshold": Threshold(count=1, within_seconds=60)}, "threshold.count", "2 to 1,000"),
        ({"threshold": Threshold(count=1_001, within_seconds=60)}, "threshold.count", "2 to 1,000"),
        ({"threshold": Threshold(count=2, within_seconds=0)}, "threshold.withinSeconds", "more than 0"),
        ({"flap": FlapControl(changes=2)}, "flap.changes", "3 to 20"),
        ({"flap": FlapControl(changes=21)}, "flap.changes", "3 to 20"),
        ({"flap": FlapControl(within_seconds=0)}, "flap.withinSeconds", "more than 0"),
        ({"flap": FlapControl(quiet_seconds=-1)}, "flap.quietSeconds", "30 days"),
        ({"match": Match(names=("n",) * 101)}, "match.names", "100 alternatives"),
        ({"match": Match(names=("n" * 1_001,))}, "match.names", "1,000 characters"),
        ({"match": Match(labels={"team": ()})}, "match.labels.team", "at least one"),
        ({"match": Match(labels={f"l{n}": ("a",) for n in range(21)})}, "match.labels", "at most 20"),
    ],
)
def test_what_no_rule_may_say(fields, path, words):
    errors = errors_of(a_rule("good"), a_rule("bad", **fields))

    assert list(errors) == [f"grouping[1].{path}"]
    assert words in errors[f"grouping[1].{path}"][0]


@pytest.mark.parametrize("owner", ["", "  ", "o" * 201])
def test_an_owner_is_named(owner):
    assert list(errors_of(ownership=(an_owner(owner=owner),))) == ["ownership[0].owner"]


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(RulesInvalid) as error:
        check_book(a_book(a_rule("A", when="x"), ownership=(an_owner(owner=""),)))

    assert list(error.value.errors) == ["grouping[0].id", "grouping[0].when", "ownership[0].owner"]
    assert "grouping[0].when: unknown variable x" in str(error.value)
