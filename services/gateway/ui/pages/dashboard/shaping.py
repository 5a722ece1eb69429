"""Put the API's counts in the shape the dashboard shows them in. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

SEVERITIES = ("critical", "high", "medium", "low", "info")
# How old at most, and what that is called; the last has no bound.
BANDS = (
    (timedelta(hours=1), "< 1 h"),
    (timedelta(days=1), "< 1 day"),
    (timedelta(days=7), "< 7 days"),
    (None, "Older"),
)
_MOST_LINES = 6
_CHECKS = {"store": "Store", "broker": "Broker", "worker": "Workers", "backlog": "Backlog"}


@dataclass(frozen=True, slots=True)
class Band:
    """Incidents of an age: opened from ``since`` until before ``until``, as the inbox takes them."""

    name: str
    since: str | None
    until: str | None

    def address(self, severity: str) -> str:
        """Return where the inbox shows the open ones of this severity."""
        given = {"open": "true", "severity": severity, "since": self.since, "until": self.until}
        return f"/incidents?{urlencode({name: value for name, value in given.items() if value is not None})}"


def bands_of(now: datetime) -> list[Band]:
    """Return the ages, the youngest first; together they leave no incident out, not even one of this minute."""
    found: list[Band] = []
    until = None
    for most, name in BANDS:
        since = (now - most).isoformat().replace("+00:00", "Z") if most is not None else None
        found.append(Band(name, since, until))
        until = since
    return found


@dataclass(frozen=True, slots=True)
class SeverityRow:
    """How many incidents of a severity there are of each age."""

    severity: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


def severity_rows(counts: Sequence[Mapping[str, Any]]) -> list[SeverityRow]:
    """Return a row a severity, the worst first; ``counts`` are the statistics of each age."""
    return [SeverityRow(name, tuple(one["bySeverity"].get(name, 0) for one in counts)) for name in SEVERITIES]


@dataclass(frozen=True, slots=True)
class Trend:
    """The mean of the incidents of the last seven days, beside that of the seven days before; in seconds."""

    mean: float | None
    before: float | None
    count: int

    @property
    def change(self) -> float | None:
        """How much longer it takes than before, as a share of that; None where there is nothing to compare."""
        if self.mean is None or not self.before:
            return None
        return self.mean / self.before - 1


def trend(week: Mapping[str, Any], week_before: Mapping[str, Any], name: str) -> Trend:
    """Return the trend of one of the times in the statistics of two weeks."""
    taken = week["times"][name]
    return Trend(taken["meanSeconds"], week_before["times"][name]["meanSeconds"], taken["count"])


def noise_lines(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the lines with the most signals, and the noise of all together."""
    signals = sum(line["signals"] for line in lines)
    news = sum(line["outcomes"].get(word, 0) for line in lines for word in ("opened", "reopened"))
    return {
        "lines": [line for line in lines if line["signals"]][:_MOST_LINES],
        "signals": signals,
        "news": news,
        "noise": 1 - news / signals if signals else None,
    }


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """Checks of one kind, and what is wrong with those that do not hold."""

    name: str
    ok: bool
    parts: tuple[tuple[str, bool], ...]
    reasons: tuple[str, ...]


def check_groups(checks: Mapping[str, Mapping[str, Any]]) -> list[CheckGroup]:
    """Return the checks of readiness by kind: "worker:intake" is the part "intake" of the workers."""
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for name, check in checks.items():
        kind, _, part = name.partition(":")
        found.setdefault(kind, []).append((part, check))
    return [
        CheckGroup(
            name=_CHECKS.get(kind, kind.capitalize()),
            ok=all(check["ok"] for _, check in those),
            parts=tuple((part, bool(check["ok"])) for part, check in those if part),
            reasons=tuple(
                f"{part}: {check['reason']}" if part else str(check["reason"])
                for part, check in those
                if check["reason"]
            ),
        )
        for kind, those in found.items()
    ]
