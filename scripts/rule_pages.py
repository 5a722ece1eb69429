"""The page of diagnosis rules, made from the rules themselves; ``make docs`` writes it."""

from collections import defaultdict
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.graph.domain.rules.base import Rule

_HEAD = """# Diagnosis rules

Every rule QuickDx and investigations apply, made from the code by `make docs`. A rule looks at one object at a time;
its confidence begins with the base and moves with what else is seen, each step with its reason. Advice says what could
be better of a healthy object, and is never a candidate cause. *Needs* are kinds that must have been read whole before
the rule claims that something does not exist. [How to add a rule](adding-a-rule.md).
"""


def render_rules() -> str:
    """Return the page; of a tree without the graph worker, its head."""
    if find_spec("services.graph") is None:
        return _HEAD
    from services.graph.domain.rules.catalogue import RULES  # noqa: PLC0415 - of the tree that is looked at.

    by_layer: dict[str, list[Rule]] = defaultdict(list)
    for rule in RULES:
        by_layer[str(rule.layer)].append(rule)
    advice = sum(rule.is_advice for rule in RULES)
    parts = [_HEAD, f"{len(RULES)} rules, {advice} of them advice.\n"]
    for layer in sorted(by_layer):
        parts.append(f"## {layer}\n")
        parts += [_render(rule) for rule in sorted(by_layer[layer], key=lambda one: one.id)]
    return "\n".join(parts)


def _render(rule: "Rule") -> str:
    kinds = ", ".join(kind.KIND for kind in rule.kinds)
    marks = [f"**{rule.severity}**", f"base {rule.base:g}", f"looks at {kinds}"]
    if rule.needs:
        marks.append(f"needs {', '.join(kind.KIND for kind in rule.needs)}")
    if rule.is_advice:
        marks.append("*advice*")
    return (
        f"### `{rule.id}` {rule.title}\n\n{' · '.join(marks)}\n\n"
        f"- When: {rule.condition}\n- Means: {rule.explanation}\n- Do: {rule.remediation}\n"
    )
