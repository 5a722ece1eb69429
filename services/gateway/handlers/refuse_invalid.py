"""Tell a sender what is wrong with rules or a silence, each problem by its place."""

from collections.abc import Callable

from services.gateway.domain.rules.invalid import RulesInvalid
from services.gateway.errors import ValidationFailed

_NAMED = 5


def refuse_invalid(check: Callable[[], None]) -> None:
    """Return if ``check`` finds nothing wrong; raise ``ValidationFailed`` with what it found."""
    try:
        check()
    except RulesInvalid as problem:
        named = ", ".join(list(problem.errors)[:_NAMED])
        raise ValidationFailed(f"Not valid: {named}.", errors=problem.errors) from problem
