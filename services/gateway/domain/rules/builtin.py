"""The rules that always stand after the user's: what is no problem by design, and the default grouping."""

from services.gateway.domain.records import GroupingRule, Match, RuleEffect

WATCHDOG = GroupingRule(
    id="watchdog",
    name="Always-firing alerts",
    description="These fire all the time by design: they prove that alerting works, or exist to inhibit others.",
    match=Match(names=("Watchdog", "DeadMansSwitch", "InfoInhibitor")),
    effect=RuleEffect.SUPPRESS,
)
DEFAULT = GroupingRule(
    id="default",
    name="Same alert, same place",
    description="The sender's own dedup key; without one, signals of one source, name, cluster, namespace and service.",
)
BUILT_IN = (WATCHDOG, DEFAULT)
RESERVED_IDS = frozenset(rule.id for rule in BUILT_IN)
