"""The ids of typed rules: one made of the name for each rule without, and which ids were typed twice."""

import re
from collections.abc import Iterable

from services.gateway.ui.pages.operations.rule_fields import RuleFields

# What no grouping rule may be called: the built-in rules have these.
BUILT_IN = frozenset({"watchdog", "default"})
_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")
_MOST_OF_AN_ID = 64


def made_ids(form: Iterable[RuleFields]) -> dict[str, str]:
    """Return the id of each rule that has a name and no id, by its key: its name, with ``-2``, ``-3`` … where taken.

    The id of a rule that is left out stays taken: it may be kept after all, and incidents go by it.
    """
    rules = list(form)
    taken = {("grouping", one) for one in BUILT_IN} | {(one.part, _typed(one)) for one in rules}
    made = {}
    for one in rules:
        if _typed(one) or one.is_removed or not (stem := _stem(one.texts.get("name", ""))):
            continue
        number, found = 1, stem
        while (one.part, found) in taken:
            number += 1
            found = _stem(stem, f"-{number}")
        taken.add((one.part, found))
        made[one.key] = found
    return made


def same_ids(kept: Iterable[RuleFields]) -> dict[str, RuleFields]:
    """Return the first rule of the same part and typed id, by the key of each later one."""
    first: dict[tuple[str, str], RuleFields] = {}
    return {
        one.key: before
        for one in kept
        if _typed(one) and (before := first.setdefault((one.part, _typed(one)), one)) is not one
    }


def _typed(rule: RuleFields) -> str:
    return rule.texts.get("id", "").strip()


def _stem(name: str, ending: str = "") -> str:
    """Return a name as an id that ends so, and is not too long for one; nothing of a name that has no letter for it."""
    return _NOT_IN_AN_ID.sub("-", name.lower()).strip("-")[: _MOST_OF_AN_ID - len(ending)].strip("-") + ending
