from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.records import Match
from services.gateway.domain.rules import Facts, compile_condition
from services.gateway.domain.rules.index import RuleIndex
from services.gateway.domain.rules.matcher import Matcher
from tests.unit.gateway.domain.rules.cases import CONDITIONS, MATCHES, REPORTS, the_facts

MATCHERS = st.builds(Matcher, MATCHES, st.just("") | CONDITIONS)


@given(matchers=st.lists(MATCHERS, max_size=12), report=REPORTS)
def test_the_index_finds_exactly_what_trying_all_finds(matchers: list[Matcher], report):
    facts = Facts.of_report(report)

    candidates = RuleIndex([matcher.equalities for matcher in matchers]).candidates(facts)

    assert candidates == sorted(set(candidates))
    assert [position for position in candidates if matchers[position].takes(facts)] == [
        position for position, matcher in enumerate(matchers) if matcher.takes(facts)
    ]


@given(when=CONDITIONS, match=MATCHES, report=REPORTS)
def test_a_matcher_takes_what_its_equalities_and_its_condition_take(when: str, match: Match, report):
    facts, both = Facts.of_report(report), Matcher(match, when)

    assert both.takes(facts) == (Matcher(match, "").takes(facts) and compile_condition(when).holds(facts))
    assert both.takes(facts) == (both.why_not(facts) is None)


def test_only_rules_that_ask_for_a_value_of_the_signal_are_looked_at():
    asked = [Matcher(Match(names=(f"Alert{n}",)), "") for n in range(50)]
    asked += [Matcher(Match(), f'signal.labels.team == "team-{n}" && signal.severity == "high"') for n in range(50)]
    asked.append(Matcher(Match(), 'signal.title.contains("down")'))
    index = RuleIndex([matcher.equalities for matcher in asked])

    assert index.candidates(the_facts(name="Alert7", labels={"team": "team-3"})) == [7, 53, 100]


def test_of_several_equalities_the_rarest_is_looked_up():
    asked = [Matcher(Match(names=("Down",), services=(f"service-{n}",)), "") for n in range(20)]

    assert RuleIndex([matcher.equalities for matcher in asked]).candidates(the_facts(service="service-4")) == [4]


def test_a_rule_with_alternatives_comes_once():
    matcher = Matcher(Match(names=("Down", "Up", "Down")), "")

    assert RuleIndex([matcher.equalities]).candidates(the_facts()) == [0]
