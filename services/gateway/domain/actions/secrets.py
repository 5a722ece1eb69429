"""Find what is plainly a secret in text that is kept for ever: an aid for people in a hurry, not a wall."""

import re
from collections.abc import Sequence
from itertools import pairwise

REDACTED = "[redacted]"

# A value that stands for a secret rather than being one: $TOKEN, <token>, {{ token }}, ***, [redacted], %s.
_VALUE = r"(?![$<{*\[%])[^\s'\"&;|,]{6,}"
# Every repetition is bounded or cannot give back what it took: the text comes from strangers and may be long.
_START = r"(?<![A-Za-z0-9_-])"
_FLAGS = r"--(?:password|passwd|token|secret|api-?key|access-?key)[= ]"
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile("".join(parts)))
    for name, *parts in (
        (
            "a private key",
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----",
            r"(?:[A-Za-z0-9+/=\s\\:,.]{0,8000}+(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?)?",
        ),
        ("an AWS access key", _START, r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])"),
        ("a GitHub token", _START, r"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
        ("a Slack token", _START, r"xox[abeoprs]-[A-Za-z0-9-]{10,255}"),
        ("a token of Faultline", _START, r"flt_[A-Za-z0-9_-]{20,255}"),
        (
            "a JSON web token",
            _START,
            r"eyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{5,8000}+(?:\.[A-Za-z0-9_-]{1,8000}+)?",
        ),
        (
            "a credential",
            r"(?i)(?<![a-z])authorization['\"]?\s{0,4}[:=]\s{0,4}['\"]?(?:bearer|basic|token)\s{1,4}",
            _VALUE,
        ),
        ("a password", r"(?i)(?:", _FLAGS, r"|(?<![a-z])(?:password|passwd|pgpassword)=)", _VALUE),
        (
            "a password in an address",
            r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:(?![$<{*\[%])[^\s/@]{3,200}@",
        ),
    )
)
_SECRET_FLAGS = frozenset({"--password", "--passwd", "--token", "--secret", "--api-key", "--apikey", "--access-key"})
_STANDS_FOR_ONE = ("$", "<", "{", "*", "[", "%")


def find_secret(text: str) -> str | None:
    """Return what kind of secret ``text`` plainly holds, or None."""
    return next((name for name, pattern in _KINDS if pattern.search(text)), None)


def find_secret_argument(argv: Sequence[str]) -> str | None:
    """Return what kind of secret the arguments of a command plainly hold, also one that follows its flag."""
    for flag, value in pairwise(argv):
        if flag.lower() in _SECRET_FLAGS and value and not value.startswith(_STANDS_FOR_ONE):
            return "a password"
    return next((found for argument in argv if (found := find_secret(argument))), None)


def redact(text: str) -> tuple[str, int]:
    """Return ``text`` with every plain secret replaced, and how many were."""
    count = 0
    for _, pattern in _KINDS:
        text, found = pattern.subn(REDACTED, text)
        count += found
    return text, count
