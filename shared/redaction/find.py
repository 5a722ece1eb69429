"""Find what is plainly a secret in text that people write: an aid for people in a hurry, not a wall."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from shared.redaction.named import spans_by_name
from shared.redaction.shapes import spans_by_look

_SECRET_FLAGS = frozenset({"--password", "--passwd", "--token", "--secret", "--api-key", "--apikey", "--access-key"})
_STANDS_FOR_ONE = ("$", "<", "{", "*", "[", "%")
_SHORTEST = 6


def find_secret(text: str) -> str | None:
    """Return what kind of secret ``text`` plainly holds, or None.

    Stricter about what is one than ``redact``: people who write `token: see the vault` are not to be refused.
    """
    return next((kind for line in text.splitlines() for kind in _kinds(line)), None)


def find_secret_argument(argv: Sequence[str]) -> str | None:
    """Return what kind of secret the arguments of a command plainly hold, also one that follows its flag."""
    for flag, value in pairwise(argv):
        if flag.lower() in _SECRET_FLAGS and value and not value.startswith(_STANDS_FOR_ONE):
            return "a password"
    return next((found for argument in argv if (found := find_secret(argument))), None)


def _kinds(line: str) -> Iterator[str]:
    yield from (span.kind for span in spans_by_look(line))
    for span in spans_by_name(line):
        value = line[span.hide_from : span.hide_to]
        is_said = (
            "=" in line[span.start : span.hide_from] or line[span.hide_from - 1] in "\"'" or line[span.start] == "-"
        )
        if is_said and len(value) >= _SHORTEST and not value.startswith(_STANDS_FOR_ONE):
            yield span.kind
