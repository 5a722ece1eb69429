"""Which equalities must be true of every signal a condition holds for, read off its text."""

from dataclasses import dataclass

from services.gateway.domain.rules.facts import FIELDS, LABEL_PREFIX, LABELS
from services.gateway.domain.rules.tokens import Kind, Token

_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Equality:
    """The field or label at ``path`` (as ``Facts.value`` reads it) is one of ``values``."""

    path: str
    values: frozenset[str]


def required_equalities(tokens: list[Token]) -> tuple[Equality, ...]:
    """Return equalities that must be true where the expression is true: perhaps not all of them, never one too many.

    An ``&&`` is true only where both sides are, whatever goes wrong in either. Anything else at the top tells
    nothing.
    """
    return tuple(_required(tokens, 0))


def _required(tokens: list[Token], depth: int) -> list[Equality]:
    parts = _conjuncts(tokens)
    if parts is None or depth > _MAX_DEPTH:
        return []
    found: list[Equality] = []
    for part in parts:
        if _is_bracketed(part):
            found.extend(_required(part[1:-1], depth + 1))
        elif (equality := _equality(part)) is not None:
            found.append(equality)
    return found


def _conjuncts(tokens: list[Token]) -> list[list[Token]] | None:
    """Split at the ``&&`` of the top; None where an operator that binds less stands there."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind is Kind.MARK:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
            if depth == 0 and token.text in {"||", "?"}:
                return None
            if depth == 0 and token.text == "&&":
                parts.append([])
                continue
        parts[-1].append(token)
    return parts


def _is_bracketed(part: list[Token]) -> bool:
    """Answer whether one pair of brackets encloses all of it."""
    if not part or not part[0].is_mark("("):
        return False
    depth = 0
    for position, token in enumerate(part):
        if token.kind is Kind.MARK:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0:
            return position == len(part) - 1
    return False


def _equality(part: list[Token]) -> Equality | None:
    for position, token in enumerate(part):
        left, right = part[:position], part[position + 1 :]
        if token.is_mark("=="):
            # Only the first: of a == b == c this finds a path on one side and no single text on the other.
            return _made_of(_path(left), _text(right)) or _made_of(_path(right), _text(left))
        if token.is_word("in"):
            return _made_of(_path(left), _texts(right))
    return None


def _made_of(path: str | None, values: frozenset[str] | None) -> Equality | None:
    return Equality(path, values) if path is not None and values else None


def _path(tokens: list[Token]) -> str | None:
    match tokens:
        case [Token(Kind.WORD, "signal"), Token(Kind.MARK, "."), Token(Kind.WORD, field)] if field in FIELDS:
            return field
        case [
            Token(Kind.WORD, "signal"),
            Token(Kind.MARK, "."),
            Token(Kind.WORD, "labels"),
            Token(Kind.MARK, "."),
            Token(Kind.WORD, label),
        ]:
            return LABEL_PREFIX + label
        case [
            Token(Kind.WORD, "signal"),
            Token(Kind.MARK, "."),
            Token(Kind.WORD, field),
            Token(Kind.MARK, "["),
            Token(Kind.STRING, _, str(label)),
            Token(Kind.MARK, "]"),
        ] if field == LABELS:
            return LABEL_PREFIX + label
    return None


def _text(tokens: list[Token]) -> frozenset[str] | None:
    match tokens:
        case [Token(Kind.STRING, _, str(value))]:
            return frozenset({value})
    return None


def _texts(tokens: list[Token]) -> frozenset[str] | None:
    """Return the texts of a list that holds nothing else."""
    match tokens:
        case [Token(Kind.MARK, "["), *inner, Token(Kind.MARK, "]")]:
            items, commas = inner[::2], inner[1::2]
            values = [item.plain for item in items if item.plain is not None]
            if len(values) == len(items) and all(comma.is_mark(",") for comma in commas):
                return frozenset(values)
    return None
