from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.grouping import derive_dedup_key
from services.gateway.domain.records import Match, RuleEffect
from services.gateway.domain.rules import BUILT_IN, CompiledBook, ConditionInvalid, Facts
from shared.contracts.severity import Severity
from tests.unit.gateway.domain.rules.cases import (
    CONDITIONS,
    MATCHES,
    POLICY,
    REPORTS,
    a_book,
    a_report,
    a_rule,
    an_owner,
    compiled,
    the_facts,
)


@given(report=REPORTS, sender_key=st.none() | st.text(max_size=3))
def test_a_signal_no_rule_matches_keeps_the_key_it_always_had(report, sender_key):
    report = a_report(name=report.name, labels=report.labels, group_labels=report.group_labels, dedup_key=sender_key)

    for book in (CompiledBook(None, POLICY), compiled(a_rule(match=Match(names=("Other",))))):
        decision = book.grouping_for(Facts.of_report(report))
        assert (decision.rule.id, decision.effect) == ("default", RuleEffect.GROUP)
        assert decision.dedup_key == derive_dedup_key(report)


def test_without_rules_the_version_is_zero():
    assert CompiledBook(None, POLICY).version == 0
    assert compiled().version == 7


@pytest.mark.parametrize("name", ["Watchdog", "DeadMansSwitch", "InfoInhibitor"])
def test_alerts_that_fire_by_design_are_suppressed(name):
    decision = CompiledBook(None, POLICY).grouping_for(the_facts(name=name))

    assert (decision.rule.id, decision.effect) == ("watchdog", RuleEffect.SUPPRESS)


def test_a_rule_of_the_users_comes_before_the_built_in_ones():
    book = compiled(a_rule(match=Match(names=("Watchdog",))))

    assert book.grouping_for(the_facts(name="Watchdog")).effect is RuleEffect.GROUP


def test_the_first_enabled_rule_that_matches_decides():
    book = compiled(
        a_rule("off", enabled=False),
        a_rule("other", match=Match(names=("Up",))),
        a_rule("this", when='signal.namespace == "pay"'),
        a_rule("late"),
    )

    assert book.grouping_for(the_facts()).rule.id == "this"


@given(
    parts=st.lists(st.tuples(MATCHES, st.just("") | CONDITIONS, st.booleans()), max_size=8),
    report=REPORTS,
)
def test_what_decides_is_the_last_one_considered(parts, report):
    rules = [a_rule(f"r{n}", match=m, when=w, enabled=e) for n, (m, w, e) in enumerate(parts)]
    book, facts = compiled(*rules), Facts.of_report(report)

    considered = book.consider(facts)

    assert considered[-1].rule_id == book.grouping_for(facts).rule.id
    assert [one.rule_id for one in considered] == [rule.id for rule in (*rules, *BUILT_IN)][: len(considered)]
    assert [one.matched for one in considered] == [False] * (len(considered) - 1) + [True]
    assert all((one.why_not is None) == one.matched for one in considered)


def test_a_key_is_made_of_the_fields_the_rule_names():
    rule = a_rule(group_by=("namespace", "cluster", "labels.team", "labels.tier", "name"))

    assert compiled(rule).grouping_for(the_facts(labels={"team": 'a"b'})).dedup_key == (
        r'one{namespace="pay",labels.team="a\"b",name="Down"}'
    )


def test_the_senders_key_counts_only_where_the_rule_names_it():
    facts = the_facts(dedup_key="k1")

    assert compiled(a_rule(group_by=("dedupKey",))).grouping_for(facts).dedup_key == 'one{dedupKey="k1"}'
    assert compiled(a_rule(group_by=("name",))).grouping_for(facts).dedup_key == 'one{name="Down"}'


def test_a_rule_may_make_one_incident_of_all_it_takes():
    assert compiled(a_rule(group_by=())).grouping_for(the_facts()).dedup_key == "one{}"


def test_a_rule_is_found_by_its_id_and_is_the_default_once_gone():
    book = compiled(a_rule())

    assert book.rule("one").id == "one"
    assert book.rule("watchdog").id == "watchdog"
    assert book.rule("gone").id == book.rule(None).id == "default"


def test_times_a_rule_leaves_open_are_the_gateways():
    book = compiled()
    own = a_rule(window_seconds=60, reopen_seconds=0, stable_seconds=5)

    assert book.window(a_rule()) == POLICY.group_window
    assert book.reopen_window(a_rule()) == POLICY.reopen_window
    assert book.stable_period(a_rule()) == POLICY.stable_period
    assert (book.window(own), book.reopen_window(own), book.stable_period(own)) == (
        timedelta(minutes=1),
        timedelta(0),
        timedelta(seconds=5),
    )


def test_the_first_ownership_rule_that_matches_names_the_owner():
    book = compiled(
        ownership=(
            an_owner("off", enabled=False),
            an_owner("other", match=Match(services=("cart",))),
            an_owner("this", match=Match(labels={"team": ("shop", "cart")})),
            an_owner("late"),
        )
    )

    assert book.owner_for(the_facts()).id == "this"
    assert [one.why_not for one in book.consider_owners(the_facts())] == [
        "disabled",
        'service is "checkout", not cart',
        None,
    ]
    assert compiled().owner_for(the_facts()) is None


@pytest.mark.parametrize(
    ("fields", "why_not"),
    [
        ({"match": Match(namespaces=("shop", "cart"))}, 'namespace is "pay", not one of cart, shop'),
        ({"match": Match(clusters=("eu",))}, "cluster is absent, not eu"),
        ({"match": Match(severities=(Severity.LOW,))}, 'severity is "high", not low'),
        ({"match": Match(sources=("alertmanager",), names=("Up",))}, 'name is "Down", not Up'),
        ({"match": Match(labels={"app.team": ("a",)})}, "labels.app.team is absent, not a"),
        ({"match": Match(labels={"team": ("a",)})}, 'labels.team is "shop", not a'),
        ({"when": 'signal.name == "Up"'}, "the condition does not hold"),
        ({"enabled": False}, "disabled"),
    ],
)
def test_why_a_rule_does_not_match_is_said_in_words(fields, why_not):
    first = compiled(a_rule(**fields)).consider(the_facts())[0]

    assert (first.matched, first.why_not) == (False, why_not)


def test_the_empty_text_matches_what_a_signal_lacks():
    book = compiled(a_rule(match=Match(clusters=("",))))

    assert book.grouping_for(the_facts()).rule.id == "one"
    assert book.grouping_for(the_facts(group_labels={"cluster": "eu"})).rule.id == "default"


def test_a_book_with_a_bad_condition_cannot_be_compiled():
    with pytest.raises(ConditionInvalid):
        CompiledBook(a_book(a_rule(when="signal.")), POLICY)
