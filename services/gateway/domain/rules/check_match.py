"""What ``match`` and ``when`` of a rule or silence may say."""

from services.gateway.domain.records import Match
from services.gateway.domain.rules.conditions import ConditionInvalid, compile_condition
from services.gateway.domain.rules.invalid import Errors

MAX_ALTERNATIVES = 100
MAX_VALUE = 1_000
MAX_LABELS = 20
_FIELDS = ("sources", "names", "services", "namespaces", "clusters", "severities")


def check_match(errors: Errors, at: str, match: Match, when: str) -> None:
    """Add what is wrong with them; ``at`` is the path they stand under, with its dot."""
    for field in _FIELDS:
        _check_values(errors, f"{at}match.{field}", getattr(match, field))
    errors.unless(len(match.labels) <= MAX_LABELS, f"{at}match.labels", f"at most {MAX_LABELS} labels")
    for label, values in match.labels.items():
        errors.unless(bool(values), f"{at}match.labels.{label}", "name at least one value")
        _check_values(errors, f"{at}match.labels.{label}", values)
    if when.strip():
        try:
            compile_condition(when)
        except ConditionInvalid as error:
            errors.add(f"{at}when", str(error))


def _check_values(errors: Errors, path: str, values: tuple[str, ...]) -> None:
    errors.unless(len(values) <= MAX_ALTERNATIVES, path, f"at most {MAX_ALTERNATIVES} alternatives")
    longest = max(map(len, values), default=0)
    errors.unless(longest <= MAX_VALUE, path, f"a value has at most {MAX_VALUE:,} characters")
