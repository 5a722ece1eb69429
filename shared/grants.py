"""Word the rule of a role that would allow what was refused."""

from collections.abc import Sequence

from shared.contracts.diagnosis import ReadGrant


def rule_of(grant: ReadGrant) -> str:
    """Return the rule of a role as YAML in one line, and where it belongs."""
    lists = (("apiGroups", grant.api_groups), ("resources", grant.resources), ("verbs", grant.verbs))
    rule = ", ".join(f"{name}: [{', '.join(_quoted(values))}]" for name, values in lists)
    return f"{{{rule}}} in a {f'Role of {grant.namespace}' if grant.namespace else 'ClusterRole'}"


def _quoted(values: Sequence[str]) -> list[str]:
    return [f'"{value}"' for value in values]
