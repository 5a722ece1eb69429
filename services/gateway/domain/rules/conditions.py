"""Compile and ask conditions: CEL expressions over ``signal``, bounded so that none can take long."""

import re
from dataclasses import dataclass

import cel

from services.gateway.domain.rules.facts import FIELDS, Facts

CONDITION_LIMIT = 2_000
MACRO_LIMIT = 2
_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
_STRING = re.compile(r"""[rR]?(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""", re.DOTALL)
_FIELD = re.compile(r"(?<![\w.])signal\s*\.\s*(\w+)")


class ConditionInvalid(ValueError):
    """The text is no condition; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition and the text it was compiled from."""

    text: str
    program: cel.Program

    def holds(self, facts: Facts) -> bool:
        """Answer whether it is true of the signal. One that fails, as for a label that is absent, does not hold."""
        try:
            return self.program.execute(facts.context) is True
        except (KeyError, ValueError, TypeError, RuntimeError, OverflowError, ZeroDivisionError, IndexError):
            return False


def compile_condition(text: str) -> Condition:
    """Return the condition; raise ``ConditionInvalid``."""
    if len(text) > CONDITION_LIMIT:
        raise ConditionInvalid(f"is longer than {CONDITION_LIMIT:,} characters")
    bare = _STRING.sub('""', text)
    # Each goes over all labels, for every one of those around it.
    if len(_MACRO.findall(bare)) > MACRO_LIMIT:
        raise ConditionInvalid(f"uses more than {MACRO_LIMIT} of all, exists, exists_one, map and filter")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise ConditionInvalid(f"is no CEL expression: {_first_line(error)}") from error
    unknown = sorted(set(program.variables()) - {"signal"} - _bound(bare))
    if unknown:
        raise ConditionInvalid(f"knows {', '.join(unknown)} not; everything is under signal")
    for name in _FIELD.findall(bare):
        if name not in FIELDS:
            raise ConditionInvalid(f"a signal has no {name}; it has {', '.join(FIELDS)}")
    return Condition(text, program)


def _bound(bare: str) -> set[str]:
    """Return the names that macros bind: the first argument of each."""
    return set(re.findall(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,", bare))


def _first_line(error: ValueError) -> str:
    return str(error).strip().partition("\n")[0][:300]
