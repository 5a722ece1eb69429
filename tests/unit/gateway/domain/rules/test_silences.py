from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.records import Match, SilenceState
from services.gateway.domain.rules import CompiledSilences, Facts, current_span
from services.gateway.domain.rules.matcher import Matcher
from tests.unit.gateway.domain.rules.cases import CONDITIONS, MATCHES, NOW, REPORTS, a_silence, the_facts

HOUR = timedelta(hours=1)
REPEATS = st.sampled_from((None, "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=DAILY;COUNT=3"))


def test_only_what_matches_is_held_and_only_while_the_silence_lasts():
    silences = CompiledSilences([a_silence()])

    assert silences.covering(the_facts(), NOW).id == "sil_1"
    assert silences.covering(the_facts(name="Up"), NOW) is None
    assert silences.covering(the_facts(), NOW - HOUR) is None
    assert silences.covering(the_facts(), NOW + 2 * HOUR) is None


def test_of_several_the_one_that_ends_last_is_told():
    silences = CompiledSilences(
        [
            a_silence("short", ends_at=NOW + HOUR),
            a_silence("long", ends_at=NOW + 3 * HOUR),
            a_silence("other", match=Match(names=("Up",)), ends_at=NOW + 9 * HOUR),
            a_silence("over", ends_at=NOW + 9 * HOUR, state=SilenceState.ENDED),
        ]
    )

    assert silences.covering(the_facts(), NOW).id == "long"


def test_one_that_was_ended_and_no_silence_at_all_hold_nothing():
    assert CompiledSilences([]).covering(the_facts(), NOW) is None
    assert CompiledSilences([a_silence(state=SilenceState.ENDED)]).covering(the_facts(), NOW) is None


@given(
    parts=st.lists(
        st.tuples(MATCHES, st.just("") | CONDITIONS, st.integers(-40, 40), st.integers(1, 20), REPEATS), max_size=8
    ),
    report=REPORTS,
    hours=st.lists(st.integers(-60, 600), min_size=1, max_size=6),
)
def test_it_finds_what_trying_all_finds_at_any_time_in_any_order(parts, report, hours):
    silences = [
        a_silence(
            f"s{n}", match=m, when=w, starts_at=NOW + begin * HOUR, ends_at=NOW + (begin + length) * HOUR, repeat=r
        )
        for n, (m, w, begin, length, r) in enumerate(parts)
    ]
    facts, compiled = Facts.of_report(report), CompiledSilences(silences)
    taking = [silence for silence in silences if Matcher(silence.match, silence.when).takes(facts)]

    for now in (NOW + hour * HOUR for hour in hours):
        held = {silence.id: span.ends_at for silence in taking if (span := current_span(silence, now)) is not None}
        found = compiled.covering(facts, now)
        assert (found.id if found else None) == max(held, key=held.__getitem__, default=None)
