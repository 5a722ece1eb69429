"""The columns lists filter, sort and count by: a few dozen bytes an incident, in memory, indexed by its number."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from services.gateway.adapters.cursor import to_micros
from services.gateway.adapters.json_store.grams import Mask
from services.gateway.adapters.json_store.inbox_words import WordColumn
from services.gateway.domain.records import IncidentSource, IncidentStatus, IncidentSummary
from services.gateway.ports import IncidentQuery
from shared.contracts.severity import Severity

Numbers = npt.NDArray[np.int64]

STATUSES = tuple(IncidentStatus)
SOURCES = tuple(IncidentSource)
# By rank, which is how they are kept.
SEVERITIES = tuple(sorted(Severity, key=lambda severity: severity.rank))

_STATUS_CODES = {status: code for code, status in enumerate(STATUSES)}
_SOURCE_CODES = {source: code for code, source in enumerate(SOURCES)}
_SEVERITY_CODES = {severity: code for code, severity in enumerate(SEVERITIES)}
_GROWTH = 4_096
_ABSENT = -1
# Each with what a number has that no incident bears.
_COLUMNS = {
    "status": (np.int8, _ABSENT),
    "severity": (np.int8, 0),
    "source": (np.int8, 0),
    "owner": (np.int32, 0),
    "rule": (np.int32, 0),
    "created": (np.int64, 0),
    "updated": (np.int64, 0),
    "detected": (np.int64, 0),
    "acknowledged": (np.int64, 0),
    "resolved": (np.int64, 0),
}


class Names:
    """Texts that many incidents share, by code; None is 0."""

    def __init__(self) -> None:
        self.names: list[str | None] = [None]
        self._codes: dict[str | None, int] = {None: 0}

    def code(self, name: str | None) -> int:
        """Return the code of ``name``, giving it one if it is new."""
        code = self._codes.setdefault(name, len(self.names))
        if code == len(self.names):
            self.names.append(name)
        return code

    def find(self, name: str | None) -> int:
        """Return the code of ``name``, or -1."""
        return self._codes.get(name, -1)


class InboxColumns:
    """Times are whole microseconds since 1970, 0 for none; a status of -1 says that there is no such incident."""

    status: npt.NDArray[np.int8]
    severity: npt.NDArray[np.int8]
    source: npt.NDArray[np.int8]
    owner: npt.NDArray[np.int32]
    rule: npt.NDArray[np.int32]
    created: Numbers
    updated: Numbers
    detected: Numbers
    acknowledged: Numbers
    resolved: Numbers

    def __init__(self) -> None:
        self.size = 0
        self.owners, self.rules, self.words = Names(), Names(), WordColumn()
        for name, (kind, empty) in _COLUMNS.items():
            setattr(self, name, np.full(_GROWTH, empty, kind))

    def put(self, number: int, summary: IncidentSummary) -> None:
        """Let the incident be what ``summary`` says."""
        if number >= len(self.status):
            self._grow(number)
        self.size = max(self.size, number + 1)
        self.status[number] = _STATUS_CODES[summary.status]
        self.severity[number] = _SEVERITY_CODES[summary.severity]
        self.source[number] = _SOURCE_CODES[summary.source]
        self.owner[number] = self.owners.code(summary.owner)
        self.rule[number] = self.rules.code(summary.rule_id)
        self.created[number] = to_micros(summary.created_at)
        self.updated[number] = to_micros(summary.updated_at)
        milestones = summary.milestones
        self.detected[number] = to_micros(milestones.detected_at)
        self.acknowledged[number] = to_micros(milestones.acknowledged_at)
        self.resolved[number] = to_micros(milestones.resolved_at)
        services = [(None, service) for service in dict.fromkeys(summary.services)]
        self.words.put(number, [*services, *summary.labels.items()])

    def remove(self, number: int) -> None:
        """There is no such incident any more."""
        if number < self.size:
            self.status[number] = _ABSENT
            self.words.put(number, ())

    def all(self) -> Mask:
        """Return which numbers incidents have."""
        return np.asarray(self.status[: self.size] != _ABSENT)

    def masks(self, query: IncidentQuery) -> dict[str, Mask]:
        """Return for each filter that ``query`` gives which numbers pass it, its text left aside.

        The labels of each key are a filter of their own, ``label:`` and the key.
        """
        size, found = self.size, {}
        if query.statuses:
            found["status"] = _is_any(self.status[:size], [_STATUS_CODES[s] for s in query.statuses])
        if query.severities:
            found["severity"] = _is_any(self.severity[:size], [_SEVERITY_CODES[s] for s in query.severities])
        if query.sources:
            found["source"] = _is_any(self.source[:size], [_SOURCE_CODES[s] for s in query.sources])
        if query.owners:
            found["owner"] = _is_any(self.owner[:size], [self.owners.find(owner) for owner in query.owners])
        if query.rule_ids:
            found["rule"] = _is_any(self.rule[:size], [self.rules.find(rule) for rule in query.rule_ids])
        if query.services:
            found["service"] = self.words.having([(None, service) for service in query.services], size)
        for key, values in _by_key(query.labels).items():
            found[f"label:{key}"] = np.logical_and.reduce([self.words.having([(key, v)], size) for v in values])
        return found | self._times(query)

    def _times(self, query: IncidentQuery) -> dict[str, Mask]:
        size, found = self.size, {}
        if query.updated_since is not None:
            found["updated"] = self.updated[:size] >= to_micros(query.updated_since)
        if query.resolved_since is not None:
            # What is not resolved has 0 there, which no moment may let pass.
            found["resolved"] = self.resolved[:size] >= max(1, to_micros(query.resolved_since))
        if query.since is not None or query.until is not None:
            found["created"] = self._created_between(query)
        return found

    def _created_between(self, query: IncidentQuery) -> Mask:
        created = self.created[: self.size]
        if query.since is None:
            return np.asarray(created < to_micros(query.until))
        mask = np.asarray(created >= to_micros(query.since))
        return mask if query.until is None else mask & (created < to_micros(query.until))

    def sort_keys(self, field: str, numbers: Numbers) -> Numbers:
        """Return what incidents are sorted by under ``field``."""
        match field:
            case "updatedAt":
                return self.updated[numbers]
            case "createdAt":
                return self.created[numbers]
            case "severity":
                return self.severity[numbers].astype(np.int64)
            case "number":
                return numbers
            case _:
                raise ValueError(f"cannot sort by {field!r}")

    def _grow(self, number: int) -> None:
        size = max(number + _GROWTH, len(self.status) * 2)
        for name, (kind, empty) in _COLUMNS.items():
            column, grown = getattr(self, name), np.full(size, empty, kind)
            grown[: len(column)] = column
            setattr(self, name, grown)


def _is_any(column: npt.NDArray[np.int8] | npt.NDArray[np.int32], codes: list[int]) -> Mask:
    # Each step over a column lets other threads run first, so the fewest steps are best. Statuses and severities that
    # are asked for together mostly follow each other.
    low, high = min(codes), max(codes)
    if low >= 0 and len(set(codes)) == high - low + 1:
        return np.asarray(column == low) if low == high else np.asarray((column >= low) & (column <= high))
    # A few comparisons of small numbers take a tenth of what np.isin does.
    mask = column == codes[0]
    for code in codes[1:]:
        mask |= column == code
    return np.asarray(mask)


def _by_key(labels: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, value in labels:
        found[key].append(value)
    return found
