"""Count what is in the columns: the facets of a list, and the times incidents took."""

import heapq
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from services.gateway.adapters.cursor import EPOCH
from services.gateway.adapters.json_store.grams import Mask
from services.gateway.adapters.json_store.inbox_columns import SEVERITIES, SOURCES, STATUSES, InboxColumns
from services.gateway.adapters.json_store.inbox_words import Counts
from services.gateway.domain.inbox import (
    MOST_VALUES,
    NOT_MEASURED,
    DayFigures,
    FacetValue,
    IncidentFacets,
    IncidentFigures,
    Taken,
    Times,
)
from shared.contracts.severity import Severity

_MICROS = 1_000_000
_DAY_MICROS = 86_400 * _MICROS
_LABEL = "label:"
Seconds = npt.NDArray[np.float64]


def count_facets(columns: InboxColumns, base: Mask, masks: dict[str, Mask]) -> IncidentFacets:
    """Return the facets of the incidents in ``base`` that pass ``masks``, each facet without its own."""

    def but(name: str) -> Mask:
        found = base.copy()
        for other, mask in masks.items():
            if other != name:
                found &= mask
        return found

    whole, size = but(""), columns.size
    statuses = np.bincount(columns.status[:size][but("status")], minlength=len(STATUSES))
    severities = np.bincount(columns.severity[:size][but("severity")], minlength=len(SEVERITIES))
    sources = np.bincount(columns.source[:size][but("source")], minlength=len(SOURCES))
    owners = np.bincount(columns.owner[:size][but("owner")], minlength=len(columns.owners.names))
    words, keys = columns.words, columns.words.key_codes()
    all_words = words.counts(whole)
    services = words.counts(but("service")) if "service" in masks else all_words
    labels = np.where(keys == 0, 0, all_words)
    for name in masks:
        if name.startswith(_LABEL):
            of_key = keys == words.key_code(name.removeprefix(_LABEL))
            labels = np.where(of_key, words.counts(but(name)), labels)
    key_counts = np.bincount(keys, weights=np.where(keys == 0, 0, all_words), minlength=len(words.keys))
    return IncidentFacets(
        total=int(np.count_nonzero(whole)),
        status=_each(STATUSES, statuses),
        severity=_each(tuple(Severity), severities[::-1]),
        source=_each(SOURCES, sources),
        owner=_most(owners, columns.owners.names.__getitem__),
        service=_most(np.where(keys == 0, services, 0), lambda code: words.words[code][1]),
        label_key=_most(key_counts.astype(np.int64), words.keys.__getitem__),
        label=_most(labels, lambda code: ":".join(map(str, words.words[code]))),
    )


def measure(columns: InboxColumns, mask: Mask, days: Mask, first: date, last: date) -> IncidentFigures:
    """Return the figures of the incidents in ``mask``, and from those in ``days`` what was done on each day."""
    status = columns.status[: columns.size][mask]
    severity = columns.severity[: columns.size][mask]
    statuses = np.bincount(status, minlength=len(STATUSES))
    severities = np.bincount(severity, minlength=len(SEVERITIES))
    times = _Times(columns, mask)
    numbers = np.flatnonzero(mask)
    return IncidentFigures(
        total=len(numbers),
        by_status={str(status): int(statuses[code]) for code, status in enumerate(STATUSES)},
        by_severity={str(severity): int(severities[severity.rank]) for severity in Severity},
        times=times.of(numbers),
        times_by_severity={str(one): times.of(numbers[severity == one.rank]) for one in Severity},
        times_by_service=_by_service(columns, mask, times),
        per_day=_per_day(columns, days, first, last),
    )


class _Times:
    """Seconds each incident took, by its number; NaN where that is not known."""

    def __init__(self, columns: InboxColumns, mask: Mask) -> None:
        size = columns.size
        left_out = [code for code, status in enumerate(STATUSES) if status in NOT_MEASURED]
        is_measured = mask & ~np.isin(columns.status[:size], left_out)
        detected = columns.detected[:size]
        self.acknowledge = _seconds(detected, columns.acknowledged[:size], is_measured)
        self.resolve = _seconds(detected, columns.resolved[:size], is_measured)

    def of(self, numbers: npt.NDArray[np.int64]) -> Times:
        return Times(
            incidents=len(numbers),
            time_to_acknowledge=_taken(self.acknowledge[numbers]),
            time_to_resolve=_taken(self.resolve[numbers]),
        )


def _seconds(begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64], is_measured: Mask) -> Seconds:
    # What was acknowledged before it began, as a back-dated case may be, took no time.
    return np.where(is_measured & (end != 0), np.maximum(end - begin, 0) / _MICROS, np.nan)


def _taken(seconds: Seconds) -> Taken:
    known = seconds[~np.isnan(seconds)]
    if not len(known):
        return Taken(count=0, mean_seconds=None, median_seconds=None)
    return Taken(
        count=len(known),
        mean_seconds=round(float(known.mean()), 3),
        median_seconds=round(float(np.median(known)), 3),
    )


def _by_service(columns: InboxColumns, mask: Mask, times: _Times) -> dict[str, Times]:
    words = columns.words
    numbers, codes = words.pairs(mask)
    is_service = words.key_codes()[codes] == 0
    numbers, codes = numbers[is_service].astype(np.int64), codes[is_service]
    counts = np.bincount(codes, minlength=len(words.words))
    chosen = _first(counts, lambda code: words.words[code][1])
    return {words.words[code][1]: times.of(numbers[codes == code]) for code in chosen}


def _per_day(columns: InboxColumns, mask: Mask, first: date, last: date) -> tuple[DayFigures, ...]:
    days = (last - first).days + 1
    begin = (first - EPOCH.date()).days * _DAY_MICROS
    size, times = columns.size, _Times(columns, mask)

    def count(moments: npt.NDArray[np.int64]) -> Counts:
        day = (moments[:size][mask] - begin) // _DAY_MICROS
        return np.bincount(day[(day >= 0) & (day < days)], minlength=days)

    def means(moments: npt.NDArray[np.int64], seconds: Seconds) -> list[float | None]:
        known = mask & ~np.isnan(seconds)
        day, took = (moments[:size][known] - begin) // _DAY_MICROS, seconds[known]
        is_shown = (day >= 0) & (day < days)
        sums = np.bincount(day[is_shown], weights=took[is_shown], minlength=days)
        counts = np.bincount(day[is_shown], minlength=days)
        return [round(float(sums[n] / counts[n]), 3) if counts[n] else None for n in range(days)]

    opened, resolved = count(columns.created), count(columns.resolved)
    acknowledging, resolving = means(columns.acknowledged, times.acknowledge), means(columns.resolved, times.resolve)
    return tuple(
        DayFigures(
            day=first + timedelta(days=n),
            opened=int(opened[n]),
            resolved=int(resolved[n]),
            mean_seconds_to_acknowledge=acknowledging[n],
            mean_seconds_to_resolve=resolving[n],
        )
        for n in range(days)
    )


def _each(words: Iterable[str], counts: Counts) -> tuple[FacetValue, ...]:
    return tuple(FacetValue(value=str(word), count=int(count)) for word, count in zip(words, counts, strict=True))


def _most(counts: Counts, name: Callable[[int], str | None]) -> tuple[FacetValue, ...]:
    return tuple(FacetValue(value=name(code), count=int(counts[code])) for code in _first(counts, name))


def _first(counts: Counts, name: Callable[[int], str | None]) -> list[int]:
    """Return the codes of the most frequent, the most frequent first, then by name; None goes before all names."""
    is_more = np.count_nonzero(counts) > MOST_VALUES
    least = np.partition(counts, -MOST_VALUES)[-MOST_VALUES] if is_more else 1
    codes = np.flatnonzero(counts >= least).tolist()
    return heapq.nsmallest(MOST_VALUES, codes, key=lambda code: (-counts[code], name(code) or ""))
