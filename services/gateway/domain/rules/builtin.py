"""The rules that hold without configuration. They stand after a team's own, which may decide otherwise."""

from services.gateway.domain.records import GroupingRule, Match, RuleEffect

DEFAULT_ID = "default"
WATCHDOG_ID = "watchdog"
BUILT_IN_IDS = frozenset({DEFAULT_ID, WATCHDOG_ID})

# kube-prometheus and others keep these firing by design, to show that the way is open or to inhibit others:
# https://runbooks.prometheus-operator.dev/runbooks/general/watchdog/ and …/infoinhibitor/.
WATCHDOG = GroupingRule(
    id=WATCHDOG_ID,
    name="Always firing by design",
    description="Alerts that fire all the time to show that alerting works, or to inhibit others.",
    match=Match(names=("Watchdog", "DeadMansSwitch", "InfoInhibitor")),
    effect=RuleEffect.SUPPRESS,
)
DEFAULT = GroupingRule(
    id=DEFAULT_ID,
    name="Same alert, same place",
    description="Signals of one source with the same name, cluster, namespace and service, or the sender's own key.",
)
BUILT_IN = (WATCHDOG, DEFAULT)
