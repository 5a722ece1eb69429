"""What is a secret by its look, wherever it stands: keys and tokens of known forms, headers, accounts in addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.redaction.references import is_reference
from shared.redaction.span import Span

# Every repetition is bounded, or cannot give back what it took: the text comes from strangers and may be long.
_START = r"(?<![A-Za-z0-9_-])"
_SCHEMES = r"(?:bearer|basic|token|digest|negotiate|apikey|bot)[ \t]{1,4}"


@dataclass(frozen=True, slots=True)
class _Shape:
    kind: str
    # One of these is in every text that has the shape; searching for them is cheap.
    needles: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, needles: str, *parts: str) -> _Shape:
    return _Shape(kind, tuple(needles.split()), re.compile("".join(parts)))


# What is hidden is the group `v`, or all of the match.
_SHAPES = (
    _shape("an AWS access key", "AKIA ASIA", _START, r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])"),
    _shape(
        "a GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        _START,
        r"(?:gh[pousr]_[A-Za-z0-9]{36,255}+|github_pat_[A-Za-z0-9_]{22,255}+)",
    ),
    _shape("a GitLab token", "glpat- gldt- glrt-", _START, r"gl(?:pat|dt|rt)-[A-Za-z0-9_.-]{16,255}+"),
    _shape("a Slack token", "xox xapp-", _START, r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255}+"),
    _shape("the address of a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/(?P<v>[\w/]{8,200}+)"),
    _shape("a token of Faultline", "flt_ fls_", _START, r"fl[ts]_[A-Za-z0-9_-]{20,255}+"),
    _shape(
        "a JSON web token",
        "eyJ",
        _START,
        r"eyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{5,8000}+(?:\.[A-Za-z0-9_-]{1,8000}+)?",
    ),
    _shape("a Google API key", "AIza", _START, r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    _shape("a Google token", "ya29. GOCSPX-", _START, r"(?:ya29\.|GOCSPX-)[A-Za-z0-9_-]{20,2000}+"),
    # Publishable keys of Stripe, pk_, are meant to be seen.
    _shape("a Stripe key", "_live_ _test_", _START, r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}+"),
    _shape("a webhook's secret", "whsec_", _START, r"whsec_[A-Za-z0-9+/=]{16,255}+"),
    _shape("an npm token", "npm_", _START, r"npm_[A-Za-z0-9]{30,255}+"),
    _shape("a PyPI token", "pypi-", _START, r"pypi-[A-Za-z0-9_-]{50,255}+"),
    _shape("a Vault token", "hvs. hvb.", _START, r"hv[sb]\.[A-Za-z0-9_-]{20,255}+"),
    _shape("a key of a model's provider", "sk-", _START, r"sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,255}+"),
    _shape("a SendGrid key", "SG.", _START, r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"),
    # PEM of a private key, in base64 once more, as Secrets and kubeconfigs have it; certificates begin otherwise.
    _shape(
        "a private key",
        "LS0tLS1CRUdJTi",
        r"LS0tLS1CRUdJTi(?:BSU0Eg|BQUklWQVRF|BFQyBQUklW|BPUEVOU1NI|BFTkNSWVBU|BEU0Eg)[A-Za-z0-9+/=]*+",
    ),
    _shape(
        "a password in an address",
        "://",
        # A user may be missing (redis://:password@host), and a password may hold what belongs escaped.
        r"(?<=[A-Za-z0-9])://[^\s/:@\"'<>]{0,100}:(?P<v>(?![$<{*%])[^\s/?#\"'<>]{1,256})@",
    ),
    _shape("a password in an address", "@tcp( @unix(", r"[\w.-]{1,64}:(?P<v>[^\s@/]{1,256})@(?=(?:tcp|unix)\()"),
)
_ANY_NEEDLE = re.compile("|".join(re.escape(needle) for shape in _SHAPES for needle in shape.needles))
_AUTHORIZATION = re.compile(
    r"(?i)authorization(?:\\{0,7}['\"])?\s{0,4}[:=,]\s{0,4}(?:\\{0,7}['\"])?"
    rf"(?:{_SCHEMES})?(?P<v>[^\s'\"\\,;]{{6,8192}}+)"
)
# With a digit or a mark in it: `bearer authentication` is a word of prose.
_BEARER = re.compile(
    r"(?i)(?<![a-z])(?:bearer|basic)[ \t]{1,4}"
    r"(?P<v>(?=[A-Za-z/+_~.-]{0,40}+[0-9=])[A-Za-z0-9+/=._~-]{8,8192}+)"
)
_COOKIE = re.compile(
    r"(?i)(?<![a-z])(?:set-)?cookie['\"]?[ \t]{0,4}:[ \t]{0,4}['\"]?(?P<v>[^\s'\"=]{1,100}=[^'\"\n]{1,8192}+)"
)
_BEGIN = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_END = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,40}-{4,5}")
_LONGEST_WORD = 20
# The secret half of an AWS key has no mark of its own but its length; it is looked for beside the other half.
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])(?![0-9a-f]{40})[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")


def spans_by_look(text: str, start: int = 0) -> Iterator[Span]:
    """Yield the secrets in ``text`` from ``start`` on that are known by their look; ``text`` is one line."""
    if _ANY_NEEDLE.search(text, start):
        for shape in _SHAPES:
            if any(needle in text for needle in shape.needles):
                yield from (_span(shape.kind, found) for found in shape.pattern.finditer(text, start))
    lower = text.lower()
    if "authorization" in lower:
        yield from (_span("a credential", found) for found in _AUTHORIZATION.finditer(text, start) if _is_meant(found))
    if "bearer" in lower or "basic" in lower:
        yield from (_span("a credential", found) for found in _BEARER.finditer(text, start))
    if "cookie" in lower:
        yield from (_span("a cookie", found) for found in _COOKIE.finditer(text, start))
    if "AKIA" in text or "ASIA" in text:
        yield from (_span("an AWS secret key", found) for found in _AWS_SECRET.finditer(text, start))
    if "PRIVATE KEY" in text:
        yield from _private_keys(text, start)


def ends_private_key(line: str) -> int | None:
    """Return where in ``line`` a private key that began on an earlier one is over, or None."""
    found = _END.search(line)
    return found.end() if found else None


def begins_private_key(line: str) -> bool:
    """Answer whether a private key begins in ``line`` and is not over at its end."""
    begun = list(_BEGIN.finditer(line))
    return bool(begun) and _END.search(line, begun[-1].end()) is None


def _private_keys(text: str, start: int) -> Iterator[Span]:
    at = start
    while begun := _BEGIN.search(text, at):
        ended = _END.search(text, begun.end())
        at = ended.end() if ended else len(text.rstrip("\n"))
        yield Span("a private key", begun.start(), at, begun.start(), at)


def _span(kind: str, found: re.Match[str]) -> Span:
    group = "v" if "v" in found.re.groupindex else 0
    return Span(kind, found.start(), found.end(), *found.span(group))


def _is_meant(found: re.Match[str]) -> bool:
    """Answer whether what follows `authorization:` is a value: in `authorization: authorization failed` it is prose."""
    value = found["v"]
    return not is_reference(value) and not (value.isalpha() and value.islower() and len(value) < _LONGEST_WORD)
