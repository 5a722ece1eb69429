"""Sum the counts of past hours up, for each source and rule: how much came, and how little of it was news."""

from collections import Counter, defaultdict
from datetime import datetime

from services.gateway.domain.records import Noise
from services.gateway.ports import RecordQuery, Store
from shared.contracts.base import Contract

_PAGE = 200


class NoiseLine(Contract, frozen=True, kw_only=True):
    """The counts of one source and rule. ``rule_id`` is empty where no rule decided: deliveries, and what was ignored.

    ``noise`` is the share of signals that opened or reopened no incident; None where there was no signal.
    """

    source: str
    rule_id: str
    deliveries: int
    signals: int
    repeats: int
    outcomes: dict[str, int]
    noise: float | None


class NoiseSummary(Contract, frozen=True, kw_only=True):
    """All lines since ``since``, the noisiest first."""

    since: datetime
    lines: tuple[NoiseLine, ...]


def sum_up_noise(store: Store, since: datetime) -> NoiseSummary:
    """Return the counts since the full hour before ``since``."""
    since = since.replace(minute=0, second=0, microsecond=0)
    totals: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    cursor = None
    while True:
        page = store.list_records(Noise, RecordQuery(since=since, limit=_PAGE, cursor=cursor, with_total=False))
        for noise in page.records:
            total = totals[noise.source, noise.rule_id]
            total.update({"=deliveries": noise.deliveries, "=signals": noise.signals, "=repeats": noise.repeats})
            total.update(noise.outcomes)
        cursor = page.next_cursor
        if cursor is None:
            break
    lines = [_line(source, rule_id, total) for (source, rule_id), total in totals.items()]
    return NoiseSummary(since=since, lines=tuple(sorted(lines, key=lambda line: (-line.signals, line.source))))


def _line(source: str, rule_id: str, total: Counter[str]) -> NoiseLine:
    signals = total["=signals"]
    news = total["opened"] + total["reopened"]
    return NoiseLine(
        source=source,
        rule_id=rule_id,
        deliveries=total["=deliveries"],
        signals=signals,
        repeats=total["=repeats"],
        outcomes={name: count for name, count in sorted(total.items()) if not name.startswith("=") and count},
        noise=round(1 - news / signals, 4) if signals else None,
    )
