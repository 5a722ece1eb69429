"""Ask the silences whether one of them holds a signal back now."""

from collections.abc import Iterable
from datetime import datetime

from services.gateway.domain.records import Silence
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.rules.index import Index
from services.gateway.domain.rules.spans import current_span


class CompiledSilences:
    """Silences ready to be asked. Never changes."""

    def __init__(self, silences: Iterable[Silence]) -> None:
        self._index = Index(silences)

    def covering(self, facts: Facts, now: datetime) -> Silence | None:
        """Return the silence that holds the signal back at ``now``; of several the one whose span ends last."""
        spans = ((current_span(silence, now), silence) for silence in self._index.every(facts))
        held = [(span.ends_at, silence.id, silence) for span, silence in spans if span is not None]
        return max(held)[2] if held else None
