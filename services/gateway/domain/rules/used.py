"""Which fields and labels a condition reads, so that it can be evaluated without all the others."""

from dataclasses import dataclass

from services.gateway.domain.rules.facts import FIELDS
from services.gateway.domain.rules.tokens import END, Kind, Token

_LOOK_AHEAD = 6


@dataclass(frozen=True, slots=True)
class Used:
    """All that is read of a signal."""

    fields: frozenset[str]
    labels: frozenset[str]


def what_is_used(tokens: list[Token]) -> Used | None:
    """Return what the expression reads; None where it may go through all labels, or when that is not sure."""
    fields, labels = set(), set()
    padded = [END, *tokens, *[END] * _LOOK_AHEAD]
    for at in range(1, len(tokens) + 1):
        if not padded[at].is_word("signal") or padded[at - 1].is_mark("."):
            continue
        match padded[at + 1 : at + 1 + _LOOK_AHEAD]:
            case [Token(Kind.MARK, "."), Token(Kind.WORD, field), *_] if field in FIELDS:
                fields.add(field)
            case [
                Token(Kind.MARK, "."),
                Token(Kind.WORD, "labels"),
                Token(Kind.MARK, "."),
                Token(Kind.WORD, label),
                Token() as after,
                _,
            ] if not after.is_mark("("):
                labels.add(label)
            case [
                Token(Kind.MARK, "."),
                Token(Kind.WORD, "labels"),
                Token(Kind.MARK, "["),
                Token(Kind.STRING, _, str(label)),
                Token(Kind.MARK, "]"),
                _,
            ]:
                labels.add(label)
            case _:
                return None
    return Used(frozenset(fields), frozenset(labels))
