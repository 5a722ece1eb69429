"""How rules about a pod as a whole are written down: they differ in what they say and look for, not in the rest."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.rules.base import Hit, Rule, View
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity


class Says(NamedTuple):
    """What a rule says to people."""

    title: str
    condition: str
    explanation: str
    remediation: str


def pod_rule(
    rule_id: str,
    says: Says,
    check: Callable[[View, KubeObject], Iterator[Hit]],
    base: float,
    conditions: tuple[int, ...],
    *,
    severity: Severity = Severity.HIGH,
) -> Rule:
    """Return the rule: ``base`` is its confidence before boosts, ``conditions`` the numbers it covers."""
    return Rule(
        id=rule_id,
        title=says.title,
        layer=Layer.PLATFORM,
        severity=severity,
        kinds=(Pod,),
        condition=says.condition,
        explanation=says.explanation,
        remediation=says.remediation,
        base=base,
        check=check,
        conditions=conditions,
    )
