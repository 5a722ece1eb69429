"""Every rule. A new one is added to the tuple ``RULES`` of its topic's file; a new topic to the list here."""

from services.graph.domain.rules.base import Rule

RULES: tuple[Rule, ...] = ()


def get_rule(rule_id: str) -> Rule:
    """Return the rule of this id; raises ``KeyError``."""
    return _BY_ID[rule_id]


_BY_ID = {rule.id: rule for rule in RULES}
if len(_BY_ID) != len(RULES):
    raise AssertionError("two rules have one id")
