"""Check rules and silences before they come into force; every problem is named by its place."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.gateway.domain.records import FlapControl, GroupingRule, Match, OwnershipRule, Silence, Threshold
from services.gateway.domain.rules.builtin import BUILT_IN_IDS
from services.gateway.domain.rules.conditions import ConditionInvalid, compile_condition
from services.gateway.domain.rules.spans import recurrence

Errors = dict[str, list[str]]

MOST_RULES = 200
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_GROUPED = frozenset({"name", "source", "service", "namespace", "cluster", "dedupKey"})
_SPLITTING = frozenset({"severity", "status", "priority", "labels.severity", "labels.status", "labels.priority"})
_LONGEST_SECONDS = 30 * 86_400.0
_LONGEST_SPAN = timedelta(days=90)
_THRESHOLD, _FLAPS = range(2, 1_001), range(3, 21)
_RECURRENCE = re.compile(r"FREQ=(?:DAILY|WEEKLY|MONTHLY)(?:;(?:INTERVAL|COUNT|UNTIL|BYDAY|BYMONTHDAY|WKST)=[\w,+-]+)*")


def check_rules(grouping: Sequence[GroupingRule], ownership: Sequence[OwnershipRule]) -> Errors:
    """Return what is wrong, by place (``grouping[3].when``); empty if the rules may come into force."""
    errors = _check_all("grouping", grouping)
    return errors | _check_all("ownership", ownership)


def _check_all(kind: str, rules: Sequence[GroupingRule | OwnershipRule]) -> Errors:
    errors: Errors = {}
    if len(rules) > MOST_RULES:
        errors[kind] = [f"at most {MOST_RULES} rules"]
    twice = {name for name, count in Counter(rule.id for rule in rules).items() if count > 1}
    for place, rule in enumerate(rules[:MOST_RULES]):
        for where, problem in _check_rule(rule):
            errors.setdefault(f"{kind}[{place}].{where}", []).append(problem)
        if rule.id in twice:
            errors.setdefault(f"{kind}[{place}].id", []).append(f"{rule.id} is given twice")
    return errors


def check_silence(silence: Silence) -> Errors:
    """Return what is wrong with a silence, by field; empty if it may be set."""
    errors: Errors = {}
    length = silence.ends_at - silence.starts_at
    if length <= timedelta(0):
        errors["endsAt"] = ["must lie after startsAt"]
    elif length > _LONGEST_SPAN:
        errors["endsAt"] = [f"at most {_LONGEST_SPAN.days} days after startsAt; what should never come is for a rule"]
    if _is_empty(silence.match) and not silence.when.strip():
        errors["match"] = ["name what it holds back; to hold back everything, say so with the condition true"]
    for where, problem in _check_condition(silence.when):
        errors[where] = [problem]
    try:
        ZoneInfo(silence.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors["timezone"] = ["is no timezone, such as Europe/Berlin"]
    if silence.repeat is not None and not errors:
        errors |= _check_repeat(silence, length)
    return errors


def _check_repeat(silence: Silence, length: timedelta) -> Errors:
    if not _RECURRENCE.fullmatch(silence.repeat or ""):
        known = "INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY and WKST"
        return {"repeat": [f"begins with FREQ=DAILY, WEEKLY or MONTHLY; after it may stand {known}"]}
    try:
        first = recurrence(silence)
    except (ValueError, TypeError) as error:
        return {"repeat": [f"is no recurrence: {error}"[:300]]}
    # A year of them shows every distance there is.
    starts = list(islice(first, 400))
    if not starts:
        return {"repeat": ["never comes"]}
    if any(later - earlier < length for earlier, later in pairwise(starts)):
        return {"repeat": ["comes again before the span is over"]}
    return {}


def _check_rule(rule: GroupingRule | OwnershipRule) -> Iterator[tuple[str, str]]:
    if not _ID.fullmatch(rule.id):
        yield "id", "1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit"
    if rule.id in BUILT_IN_IDS:
        yield "id", f"{rule.id} is a built-in rule"
    yield from _check_condition(rule.when)
    if isinstance(rule, GroupingRule):
        yield from _check_group_by(rule.group_by)
        yield from _check_times(rule)
        if rule.threshold is not None:
            yield from _check_threshold(rule.threshold)
        yield from _check_flap(rule.flap)


def _check_condition(when: str) -> Iterator[tuple[str, str]]:
    if when.strip():
        try:
            compile_condition(when)
        except ConditionInvalid as problem:
            yield "when", str(problem)


def _check_group_by(group_by: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in group_by:
        if name in _SPLITTING:
            yield "groupBy", f"{name} may differ between a firing and its resolve, which would split them"
        elif name not in _GROUPED and not (name.startswith("labels.") and len(name) > len("labels.")):
            yield "groupBy", f"{name} is none of {', '.join(sorted(_GROUPED))} and labels.<name>"


def _check_times(rule: GroupingRule) -> Iterator[tuple[str, str]]:
    times = {
        "windowSeconds": rule.window_seconds,
        "stableSeconds": rule.stable_seconds,
        "reopenSeconds": rule.reopen_seconds,
    }
    for where, seconds in times.items():
        if seconds is not None and not 0 <= seconds <= _LONGEST_SECONDS:
            yield where, "0 to 2,592,000 seconds (30 days)"


def _check_threshold(threshold: Threshold) -> Iterator[tuple[str, str]]:
    if threshold.count not in _THRESHOLD:
        yield "threshold.count", "2 to 1,000"
    if not 0 < threshold.within_seconds <= _LONGEST_SECONDS:
        yield "threshold.withinSeconds", "above 0, to 2,592,000 seconds (30 days)"


def _check_flap(flap: FlapControl) -> Iterator[tuple[str, str]]:
    if flap.changes not in _FLAPS:
        yield "flap.changes", "3 to 20"
    if not 0 < flap.within_seconds <= _LONGEST_SECONDS:
        yield "flap.withinSeconds", "above 0, to 2,592,000 seconds (30 days)"
    if not 0 <= flap.quiet_seconds <= _LONGEST_SECONDS:
        yield "flap.quietSeconds", "0 to 2,592,000 seconds (30 days)"


def _is_empty(match: Match) -> bool:
    return match == Match()
