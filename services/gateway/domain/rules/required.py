"""Find out which equalities a condition cannot hold without, so that it need not be asked where they fail.

Only what is certain is found: terms joined by ``&&`` at the top level, each nothing but a field compared with a
plain string. Anything else in a condition makes its term unknown, never the answer wrong.
"""

import re

from services.gateway.domain.rules.facts import FIELDS

_STRING = r"\"(?P<{n}d>[^\"\\\r\n]*)\"|'(?P<{n}s>[^'\\\r\n]*)'"
_KEY = r"\s*\.\s*(?P<{n}l>\w+)|\s*\[\s*(?:\"(?P<{n}q>[^\"\\\r\n]*)\"|'(?P<{n}p>[^'\\\r\n]*)')\s*\]"
_PATH = rf"signal\s*\.\s*(?P<{{n}}f>\w+)(?:{_KEY})?"
_TERM = re.compile(
    r"\s*(?:"
    + _PATH.format(n="a")
    + r"\s*==\s*(?:"
    + _STRING.format(n="a")
    + r")|(?:"
    + _STRING.format(n="b")
    + r")\s*==\s*"
    + _PATH.format(n="b")
    + r")\s*",
)
_TOKEN = re.compile(r"""&&|\|\||[()\[\]{}?]|//|"[^"\\\r\n]*"|'[^'\\\r\n]*'|["'\\]|[^&|()\[\]{}?"'\\/]+|.""", re.DOTALL)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
# Beside escapes, what makes splitting unsafe: prefixes of raw and byte strings, triple quotes, comments.
_UNSURE = re.compile(r"""\b[rRbB]{1,2}["']|\"\"\"|'''|//|\\""")


def required_equalities(text: str) -> dict[str, str]:
    """Return fields (``name``, ``labels.team`` …) with the value each must have; empty when nothing is certain."""
    found: dict[str, str] = {}
    for term in _terms(text):
        match = _TERM.fullmatch(term)
        if match is None:
            continue
        part = "a" if match["af"] else "b"
        field = _field(match[f"{part}f"], match[f"{part}l"] or match[f"{part}q"] or match[f"{part}p"])
        value = match[f"{part}d"] if match[f"{part}d"] is not None else match[f"{part}s"]
        if field is not None and value:
            found.setdefault(field, value)
    return found


def _field(name: str, key: str | None) -> str | None:
    if name == "labels":
        return f"labels.{key}" if key else None
    return name if key is None and name in FIELDS and name != "annotations" else None


def _terms(text: str) -> list[str]:
    """Return what stands between the top-level ``&&``; nothing if an alternative stands at the top level too."""
    if _UNSURE.search(text):
        return []
    terms, current, depth = [], "", 0
    for piece in _TOKEN.findall(text):
        depth += (piece in _OPEN) - (piece in _CLOSE)
        if depth == 0 and piece in {"||", "?"}:
            return []
        if depth == 0 and piece == "&&":
            terms.append(current)
            current = ""
        else:
            current += piece
    return [*terms, current]
