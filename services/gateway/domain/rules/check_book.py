"""What a rule book may say; everything that is wrong with one is told at once."""

import re
from collections.abc import Sequence

from services.gateway.domain.records import FlapControl, GroupingRule, OwnershipRule, RuleBook, Threshold
from services.gateway.domain.rules.builtin import RESERVED_IDS
from services.gateway.domain.rules.check_match import check_match
from services.gateway.domain.rules.facts import LABEL_PREFIX
from services.gateway.domain.rules.invalid import Errors, RulesInvalid

MAX_RULES = 200
MAX_SECONDS = 30 * 24 * 3600
MAX_NAME = 200
MAX_DESCRIPTION = 2_000
MAX_GROUP_BY = 10
GROUP_BY = ("name", "source", "service", "namespace", "cluster", "dedupKey")
THRESHOLD_COUNT = range(2, 1_001)
FLAP_CHANGES = range(3, 21)
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# These change while a problem lasts.
_SPLITTING = frozenset({"severity", "status", "state", "alertstate"})


def check_book(book: RuleBook) -> None:
    """Raise RulesInvalid, with every reason, unless the book can be taken up as it is."""
    errors = Errors()
    _check_ids(errors, "grouping", book.grouping, RESERVED_IDS)
    _check_ids(errors, "ownership", book.ownership, frozenset())
    for number, rule in enumerate(book.grouping):
        _check_grouping(errors, f"grouping[{number}].", rule)
    for number, owner in enumerate(book.ownership):
        _check_ownership(errors, f"ownership[{number}].", owner)
    if errors.found:
        raise RulesInvalid(errors.found)


def _check_ids(
    errors: Errors, kind: str, rules: Sequence[GroupingRule | OwnershipRule], reserved: frozenset[str]
) -> None:
    errors.unless(len(rules) <= MAX_RULES, kind, f"at most {MAX_RULES} rules; these are {len(rules)}")
    first: dict[str, int] = {}
    for number, rule in enumerate(rules):
        path = f"{kind}[{number}].id"
        if not _ID.fullmatch(rule.id):
            errors.add(path, "an id is 1 to 64 of a-z, 0-9, - and _, and begins with a letter or digit")
        elif rule.id in reserved:
            errors.add(path, f"{rule.id} is a built-in rule")
        elif rule.id in first:
            errors.add(path, f"{rule.id} is the id of {kind}[{first[rule.id]}] too")
        first.setdefault(rule.id, number)


def _check_common(errors: Errors, at: str, rule: GroupingRule | OwnershipRule) -> None:
    errors.unless(0 < len(rule.name.strip()) <= MAX_NAME, f"{at}name", f"a name has 1 to {MAX_NAME} characters")
    errors.unless(
        len(rule.description) <= MAX_DESCRIPTION, f"{at}description", f"at most {MAX_DESCRIPTION:,} characters"
    )
    check_match(errors, at, rule.match, rule.when)


def _check_ownership(errors: Errors, at: str, rule: OwnershipRule) -> None:
    _check_common(errors, at, rule)
    errors.unless(0 < len(rule.owner.strip()) <= MAX_NAME, f"{at}owner", f"an owner has 1 to {MAX_NAME} characters")


def _check_grouping(errors: Errors, at: str, rule: GroupingRule) -> None:
    _check_common(errors, at, rule)
    _check_group_by(errors, f"{at}groupBy", rule.group_by)
    _check_seconds(errors, f"{at}windowSeconds", rule.window_seconds)
    _check_seconds(errors, f"{at}stableSeconds", rule.stable_seconds)
    _check_seconds(errors, f"{at}reopenSeconds", rule.reopen_seconds)
    if rule.threshold is not None:
        _check_threshold(errors, f"{at}threshold.", rule.threshold)
    _check_flap(errors, f"{at}flap.", rule.flap)


def _check_group_by(errors: Errors, path: str, group_by: tuple[str, ...]) -> None:
    errors.unless(len(group_by) <= MAX_GROUP_BY, path, f"at most {MAX_GROUP_BY} fields")
    errors.unless(len(set(group_by)) == len(group_by), path, "a field stands there twice")
    for field in group_by:
        label = field.removeprefix(LABEL_PREFIX)
        if label in _SPLITTING:
            errors.add(path, f"{field} changes while a problem lasts: it would split a recovery from its trigger")
        elif field not in GROUP_BY and (label == field or not label):
            errors.add(path, f"unknown field {field}; known are {', '.join(GROUP_BY)} and {LABEL_PREFIX}<name>")


def _check_seconds(errors: Errors, path: str, seconds: float | None) -> None:
    errors.unless(seconds is None or 0 <= seconds <= MAX_SECONDS, path, f"0 to {MAX_SECONDS:,} seconds (30 days)")


def _check_positive(errors: Errors, path: str, seconds: float) -> None:
    errors.unless(0 < seconds <= MAX_SECONDS, path, f"more than 0 and at most {MAX_SECONDS:,} seconds (30 days)")


def _check_threshold(errors: Errors, at: str, threshold: Threshold) -> None:
    errors.unless(
        threshold.count in THRESHOLD_COUNT,
        f"{at}count",
        f"{THRESHOLD_COUNT.start} to {THRESHOLD_COUNT.stop - 1:,}; without a threshold the first signal opens",
    )
    _check_positive(errors, f"{at}withinSeconds", threshold.within_seconds)


def _check_flap(errors: Errors, at: str, flap: FlapControl) -> None:
    errors.unless(
        flap.changes in FLAP_CHANGES, f"{at}changes", f"{FLAP_CHANGES.start} to {FLAP_CHANGES.stop - 1} changes"
    )
    _check_positive(errors, f"{at}withinSeconds", flap.within_seconds)
    _check_seconds(errors, f"{at}quietSeconds", flap.quiet_seconds)
