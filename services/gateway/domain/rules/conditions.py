"""A condition in CEL: what it may say, refused when it is written, and whether it holds for a signal."""

import re
from collections.abc import Iterator

import cel

from services.gateway.domain.rules.facts import FIELDS, LABELS, Facts
from services.gateway.domain.rules.required import Equality, required_equalities
from services.gateway.domain.rules.tokens import END, Kind, Token, tokenise
from services.gateway.domain.rules.used import what_is_used

MAX_LENGTH = 2_000
MAX_MACROS = 2
# The library compiles a pattern each time it is asked, holding up every other thread; what these allow costs about a
# millisecond. Counted repetition multiplies, and each class of characters stands for all of Unicode.
MAX_PATTERNS, MAX_PATTERN_LENGTH, MAX_PATTERN_CLASSES = 3, 120, 6
_COUNTED = re.compile(r"\{\s*\d")
_CLASSES = re.compile(r"\\[wWdDsSpPbBX]|(?<!\\)\.|\[\^|\(\?")
VARIABLE = "signal"
MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
FUNCTIONS = frozenset(
    {"contains", "startsWith", "endsWith", "matches", "size", "string", "int", "uint", "double", "min", "max"}
)
# ``["labels"].a.b`` and one more, to see whether it calls a function.
_LOOK_AHEAD = 9
# How the library says that an evaluation went wrong: a missing key, a wrong type, an overflow, a bad pattern.
_EVALUATION_ERRORS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)


class ConditionInvalid(ValueError):
    """This text can be no condition; the message says why."""


class Condition:
    """A condition ready to be evaluated. ``required`` must be true of every signal for which it holds."""

    __slots__ = ("_program", "_used", "required", "text")

    def __init__(self, text: str, program: cel.Program, tokens: list[Token]) -> None:
        self.text = text
        self.required: tuple[Equality, ...] = required_equalities(tokens)
        self._used = what_is_used(tokens)
        self._program = program

    def holds(self, facts: Facts) -> bool:
        """Answer whether it is true of the signal. What cannot be evaluated, such as a missing label, is not."""
        try:
            used = self._used
            context = facts.context_of(used.fields, used.labels) if used else facts.context
            return self._program.execute(context) is True
        except _EVALUATION_ERRORS:
            return False

    def why_not(self, facts: Facts) -> str | None:
        """Say in words why it does not hold; None when it does."""
        try:
            value = self._program.execute(facts.context)
        except LookupError as error:
            return f"the condition does not hold: the signal has no {error}"
        except _EVALUATION_ERRORS as error:
            return f"the condition does not hold: {_one_line(error)}"
        if value is True:
            return None
        if value is False:
            return "the condition does not hold"
        return f"the condition does not hold: it is neither true nor false but {str(value)[:80]!r}"


def compile_condition(text: str) -> Condition:
    """Return the condition ``text`` states, or raise ConditionInvalid."""
    if len(text) > MAX_LENGTH:
        raise ConditionInvalid(f"it has {len(text):,} characters; at most {MAX_LENGTH:,} are allowed")
    try:
        program = cel.compile(text)
        names, functions = program.variables(), program.functions()
    except ValueError as error:
        raise ConditionInvalid(f"it is not valid CEL: {_one_line(error)}") from None
    tokens = tokenise(text)
    bound = _check_macros(tokens)
    _check_patterns(tokens)
    _check_names(set(names) - bound, functions)
    _check_fields(tokens)
    return Condition(text, program, tokens)


def _check_macros(tokens: list[Token]) -> set[str]:
    """Return the names that macros bind."""
    bound = [name for name in _bound_names(tokens) if name is not None]
    count = sum(1 for _ in _bound_names(tokens))
    if count > MAX_MACROS:
        raise ConditionInvalid(f"it uses {count} of {', '.join(sorted(MACROS))}; at most {MAX_MACROS} are allowed")
    if VARIABLE in bound:
        raise ConditionInvalid(f"{VARIABLE} is the signal and can be no other variable")
    if _has_nested_macro(tokens):
        raise ConditionInvalid("one of all, exists, exists_one, map and filter cannot stand inside another")
    return set(bound)


def _has_nested_macro(tokens: list[Token]) -> bool:
    opened: list[bool] = []
    for before, token in zip([END, *tokens], tokens, strict=False):
        if token.is_mark("("):
            is_macro = before.kind is Kind.WORD and before.text in MACROS
            if is_macro and any(opened):
                return True
            opened.append(is_macro)
        elif token.is_mark(")") and opened:
            opened.pop()
    return False


def _check_patterns(tokens: list[Token]) -> None:
    padded = [*tokens, END, END, END]
    places = [place for place, token in enumerate(tokens) if token.is_word("matches")]
    if len(places) > MAX_PATTERNS:
        raise ConditionInvalid(f"it uses matches {len(places)} times; at most {MAX_PATTERNS} are allowed")
    if places and any(name is not None for name in _bound_names(tokens)):
        raise ConditionInvalid(f"matches cannot stand beside {', '.join(sorted(MACROS))}: it would be asked of each")
    for place in places:
        pattern, closing = padded[place + 2], padded[place + 3]
        if pattern.plain is None or not closing.is_mark(")"):
            raise ConditionInvalid("matches takes one pattern, written out as a string")
        _check_pattern(pattern.text)


def _check_pattern(written: str) -> None:
    if len(written) > MAX_PATTERN_LENGTH:
        raise ConditionInvalid(f"a pattern has at most {MAX_PATTERN_LENGTH} characters")
    if _COUNTED.search(written):
        raise ConditionInvalid("a pattern cannot repeat by number, such as {3}; write it out, or use * or +")
    if len(_CLASSES.findall(written)) > MAX_PATTERN_CLASSES:
        raise ConditionInvalid(f"a pattern has at most {MAX_PATTERN_CLASSES} of ., \\w, \\d, [^…], (?…) and the like")


def _bound_names(tokens: list[Token]) -> Iterator[str | None]:
    """Yield for each macro the name it binds; None where it binds none, which CEL refuses when evaluated."""
    for dot, macro, bracket, name in zip(tokens, tokens[1:], tokens[2:], [*tokens[3:], END], strict=False):
        if dot.is_mark(".") and macro.kind is Kind.WORD and macro.text in MACROS and bracket.is_mark("("):
            yield name.text if name.kind is Kind.WORD else None


def _check_names(names: set[str], functions: list[str]) -> None:
    unknown = sorted(names - {VARIABLE})
    if unknown:
        raise ConditionInvalid(f"unknown variable {', '.join(unknown)}; the only one is {VARIABLE}")
    # Operators are functions too; their names are no words.
    unknown = [name for name in functions if name[0].isalpha() and name not in FUNCTIONS]
    if unknown:
        raise ConditionInvalid(f"unknown function {', '.join(unknown)}; known are {', '.join(sorted(FUNCTIONS))}")


def _check_fields(tokens: list[Token]) -> None:
    padded = [END, *tokens, *[END] * _LOOK_AHEAD]
    for at in range(1, len(tokens) + 1):
        if padded[at].is_word(VARIABLE) and not padded[at - 1].is_mark("."):
            _check_field(padded[at + 1 : at + 1 + _LOOK_AHEAD])


def _check_field(rest: list[Token]) -> None:
    """Check what follows ``signal``: ``.field`` or ``["field"]``."""
    mark, field, *after = rest
    if mark.is_mark(".") and field.kind is Kind.WORD:
        name: str | None = field.text
    elif mark.is_mark("[") and after[0].is_mark("]"):
        name, after = field.plain, after[1:]
    else:
        name = None
    if name is None:
        raise ConditionInvalid(f"{VARIABLE} must be followed by a field: {_known()}")
    if name != LABELS and name not in FIELDS:
        raise ConditionInvalid(f"{VARIABLE} has no field {name}; it has {_known()}")
    if name != LABELS and _is_field(after):
        raise ConditionInvalid(f"{VARIABLE}.{name} is text and has no field {after[1].text}")
    if name == LABELS and _is_field(after) and _is_field(after[2:]):
        label = f"{after[1].text}.{after[3].text}"
        raise ConditionInvalid(f'a label with a dot in its name is written {VARIABLE}.{LABELS}["{label}"]')


def _is_field(tokens: list[Token]) -> bool:
    """Answer whether they begin with ``.name`` that is not the call of a function."""
    return tokens[0].is_mark(".") and tokens[1].kind is Kind.WORD and not tokens[2].is_mark("(")


def _known() -> str:
    return ", ".join([*FIELDS, f"{LABELS}.<name>"])


def _one_line(error: Exception) -> str:
    text = str(error).removeprefix("Failed to parse expression ")
    start = text.find("ERROR: <input>:")
    first = (text[start + len("ERROR: <input>:") :] if start >= 0 else text).split("\n", 1)[0]
    return f"at {first[:200]}" if start >= 0 else first[:200]
