"""Every rule: those of the tuple ``RULES`` of each module of this package, found by being there."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from services.graph.domain.rules.base import Rule

_PACKAGE = __name__.rpartition(".")[0]
_NOT_TOPICS = frozenset({"base", "catalogue"})


def _collect() -> Iterator[Rule]:
    # By name, so that the order is the same on every machine.
    for name in sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if name not in _NOT_TOPICS:
            yield from getattr(importlib.import_module(f"{_PACKAGE}.{name}"), "RULES", ())


def get_rule(rule_id: str) -> Rule:
    """Return the rule of this id; raises ``KeyError``."""
    return _BY_ID[rule_id]


RULES: tuple[Rule, ...] = tuple(_collect())
_BY_ID = {rule.id: rule for rule in RULES}
if len(_BY_ID) != len(RULES):
    raise AssertionError("two rules have one id")
