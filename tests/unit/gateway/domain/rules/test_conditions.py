from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given

from services.gateway.domain.rules import ConditionInvalid, Facts, compile_condition
from services.gateway.domain.rules.facts import FIELDS
from shared.contracts.signal import NormalisedSignal
from tests.unit.gateway.domain.rules.cases import CONDITIONS, REPORTS, the_facts


@pytest.mark.parametrize(
    "text",
    [
        'signal.name == "Down" && signal.namespace in ["pay", "shop"]',
        'signal.labels["team"].startsWith("sh")',
        'signal["name"] == "Down"',
        'signal["labels"].team == "shop"',
        "has(signal.labels.team) && !has(signal.labels.tier)",
        'signal.labels.exists(k, k.startsWith("te") && signal.labels[k] == "shop")',
        'signal.labels.all(k, k != "tier") && signal.title.contains("down")',
        'signal.title.matches("(?i)^IT .* down$")',
        'signal.cluster == ""',
        'signal.severity in ["critical", "high"] && signal.status == "firing"',
        "size(signal.labels) == 1",
        "true",
    ],
)
def test_conditions_that_hold(text):
    condition = compile_condition(text)

    assert condition.holds(the_facts())
    assert condition.why_not(the_facts()) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('signal.name == "Up"', "the condition does not hold"),
        ('signal.labels.tier == "1"', "the condition does not hold: the signal has no 'tier'"),
        ("signal.name", "the condition does not hold: it is neither true nor false but 'Down'"),
        ("1", "the condition does not hold: it is neither true nor false but '1'"),
    ],
)
def test_conditions_that_do_not(text, why):
    condition = compile_condition(text)

    assert not condition.holds(the_facts())
    assert condition.why_not(the_facts()) == why


@pytest.mark.parametrize(
    "text",
    [
        "signal.name == 1 + 'a'",
        "1 / 0 == 1",
        "9223372036854775807 + 1 > 0",
        "[1][5] == 1",
        "int(signal.name) == 1",
        "signal.name.matches('[')",
        "signal.name < 1",
        "signal.name && true",
        "signal.name.exists(x, true)",
    ],
)
def test_what_goes_wrong_when_evaluated_does_not_hold(text):
    condition = compile_condition(text)

    assert not condition.holds(the_facts())
    assert condition.why_not(the_facts()).startswith("the condition does not hold")


def test_text_that_cel_cannot_read_makes_it_not_hold():
    assert not compile_condition("signal.title != 'a'").holds(the_facts(title="\ud800"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("signal.name ==", "not valid CEL: at 1:15"),
        ("", "not valid CEL"),
        ("true" + " " * 2_000, "2,004 characters"),
        ("incident.name == 'a'", "unknown variable incident; the only one is signal"),
        ("nme == 'a' && signal.name == 'b'", "unknown variable nme"),
        (".signal.name == 'a'", "unknown variable"),
        ("signal.nme == 'a'", "no field nme; it has source, name"),
        ("signal['nme'] == 'a'", "no field nme"),
        ("true || signal . dedup_key == 'a'", "no field dedup_key"),
        ("signal == signal", "must be followed by a field"),
        ("signal[signal.name] == 'a'", "must be followed by a field"),
        ("signal.name.first == 'a'", "signal.name is text and has no field first"),
        ("signal.labels.app.kubernetes == 'a'", 'written signal.labels["app.kubernetes"]'),
        ("signal.name.lowerAscii() == 'a'", "unknown function lowerAscii; known are contains"),
        ("[1].exists(signal, true)", "can be no other variable"),
        (
            "[1].all(x, [1].exists(y, true)) && [1].map(z, z) == [1]",
            "it uses 3 of all, exists, exists_one, filter, map; at most 2",
        ),
        ("[1].exists(x) == [1].all(y) == [1].map(z)", "it uses 3 of"),
    ],
)
def test_what_no_condition_may_say(text, message):
    with pytest.raises(ConditionInvalid) as error:
        compile_condition(text)

    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_texts_and_comments_are_not_taken_for_names():
    text = (
        """'signal.nope' != "x.all(" && r'\\' != '''it's signal.nope''' // signal.nope\n && "a\\"signal.nope" != ''"""
    )

    assert compile_condition(text).holds(the_facts())


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_can_be_asked_for(field):
    facts = the_facts(dedup_key="k", description="d", group_labels={"namespace": "n", "cluster": "c"})

    assert compile_condition(f"signal.{field} == '{facts.value(field)}' && signal.{field} != ''").holds(facts)


def test_one_condition_serves_many_threads():
    condition, facts = compile_condition("signal.labels.team == 'shop'"), the_facts()

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda _: condition.holds(facts), range(400)))


@given(text=CONDITIONS, report=REPORTS)
def test_required_equalities_are_true_wherever_the_condition_is(text: str, report: NormalisedSignal):
    condition, facts = compile_condition(text), Facts.of_report(report)

    if condition.holds(facts):
        assert all(facts.value(one.path) in one.values for one in condition.required)


@given(text=CONDITIONS, report=REPORTS)
def test_a_condition_holds_alike_whatever_else_its_context_has(text: str, report: NormalisedSignal):
    condition, small, whole = compile_condition(text), Facts.of_report(report), Facts.of_report(report)
    assert whole.context

    assert condition.holds(small) == condition.holds(whole) == (condition.why_not(whole) is None)


@pytest.mark.parametrize(
    "text",
    [
        "signal.labels.size() == 1",
        "size(signal.labels) == 1",
        "'team' in signal.labels",
        "signal['labels']['team'] == 'shop'",
        "signal.labels[signal.labels.team.contains('s') ? 'team' : 'tier'] == 'shop'",
        "signal.labels.exists(k, signal.labels[k] == 'shop')",
    ],
)
def test_a_condition_that_may_read_any_label_sees_them_all(text):
    assert compile_condition(text).holds(the_facts())


def test_many_conditions_of_one_signal_share_a_context():
    facts = the_facts()

    for number in range(10):
        assert compile_condition(f"signal.name != 'a{number}' && signal.labels.team == 'shop'").holds(facts)
    assert "context" in vars(facts)


@pytest.mark.parametrize(
    "text",
    [
        'signal.title.matches("a{3}")',
        'signal.title.matches("(a{20}){20}")',
        "signal.title.matches(signal.name)",
        'signal.title.matches("a" + signal.name)',
        'signal.title.matches("' + "a" * 130 + '")',
        'signal.title.matches("' + r"\\w" * 7 + '")',
        " && ".join(['signal.title.matches("a")'] * 4),
        'signal.labels.exists(k, k.matches("a"))',
        "signal.labels.exists(k, signal.labels.exists(j, j == k))",
        "[1, 2].exists(a, [1, 2].all(b, a == b))",
    ],
)
def test_what_could_take_long_is_refused(text):
    with pytest.raises(ConditionInvalid):
        compile_condition(text)


@pytest.mark.parametrize(
    "text",
    [
        'signal.title.matches("^cart-[0-9]+.*$") && signal.name == "a"',
        'signal.labels.exists(k, k.startsWith("aws_")) && signal.labels.all(k, k != "x")',
    ],
)
def test_what_cannot_take_long_is_taken(text):
    assert compile_condition(text).text == text
