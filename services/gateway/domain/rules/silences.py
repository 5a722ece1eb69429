"""Which silence or maintenance window holds a signal back at a given time."""

from collections.abc import Iterable
from datetime import UTC, datetime

from services.gateway.domain.records import Silence, SilenceState
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.rules.index import RuleIndex
from services.gateway.domain.rules.matcher import Matcher
from services.gateway.domain.rules.spans import Span, current_span, next_span

_EVER = datetime.max.replace(tzinfo=UTC)


class CompiledSilences:
    """Silences ready to be asked; those that were ended are left out. Raises ConditionInvalid for a bad condition.

    May be shared between threads: all it changes is what it remembers of spans.
    """

    def __init__(self, silences: Iterable[Silence]) -> None:
        self._silences = [_Compiled(silence) for silence in silences if silence.state is SilenceState.LIVE]
        self._index = RuleIndex([compiled.matcher.equalities for compiled in self._silences])

    def covering(self, facts: Facts, now: datetime) -> Silence | None:
        """Return the silence that holds the signal back at ``now``; of several, the one whose span ends last."""
        found, until = None, datetime.min.replace(tzinfo=UTC)
        for position in self._index.candidates(facts):
            compiled = self._silences[position]
            span = compiled.span(now)
            if span is not None and span.ends_at > until and compiled.matcher.takes(facts):
                found, until = compiled.silence, span.ends_at
        return found


class _Compiled:
    """One silence. It remembers the span it found, as walking through a long recurrence for each signal would cost."""

    __slots__ = ("_known", "matcher", "silence")

    def __init__(self, silence: Silence) -> None:
        self.silence = silence
        self.matcher = Matcher(silence.match, silence.when)
        # When the answer below is the right one, and the answer.
        self._known: tuple[Span, Span | None] | None = None

    def span(self, now: datetime) -> Span | None:
        known = self._known
        if known is None or not known[0].contains(now):
            known = self._known = self._look(now)
        return known[1]

    def _look(self, now: datetime) -> tuple[Span, Span | None]:
        span = current_span(self.silence, now)
        if span is not None:
            return span, span
        upcoming = next_span(self.silence, now)
        return Span(now, upcoming.starts_at if upcoming else _EVER), None
