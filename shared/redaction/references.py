"""Which texts stand for a secret rather than being one."""

import re

_LONGEST = 200
_REFERENCE = re.compile(
    r"\$[A-Z_][A-Z0-9_]*|\$\{[^}]*\}|\$\([^)]*\)|\$\{\{.*\}\}|<[^>]*>|\{\{.*\}\}|%[sv]|%\(\w*\)s|\*+|x{3,}"
    r"|\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]\]|(?i:true|false|null|none|nil|~)"
)


def is_reference(value: str) -> bool:
    """Answer whether a value stands for a secret, such as $TOKEN or <token>, or cannot be one, such as true."""
    return len(value) <= _LONGEST and _REFERENCE.fullmatch(value) is not None
