"""Ask the rules about a signal: which group it belongs to, who owns what it opens, and why."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from services.gateway.domain.grouping import GroupingPolicy, derive_dedup_key
from services.gateway.domain.records import GroupingRule, OwnershipRule, RuleBook
from services.gateway.domain.rules.builtin import BUILT_IN, DEFAULT, DEFAULT_ID
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.rules.index import Compiled, Index


@dataclass(frozen=True, slots=True)
class Decision:
    """The grouping rule that takes a signal, and the key of the group it puts it in."""

    rule: GroupingRule
    dedup_key: str


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that was looked at for a signal; ``why_not`` says in words why it does not take it."""

    rule_id: str
    name: str
    why_not: str | None

    @property
    def matched(self) -> bool:
        """Whether it takes the signal."""
        return self.why_not is None


class CompiledBook:
    """One version of the rules, ready to be asked; the built-in rules stand at its end. Never changes."""

    def __init__(self, book: RuleBook | None, policy: GroupingPolicy) -> None:
        self.version = book.version if book is not None else 0
        self._policy = policy
        self._rules = (*(book.grouping if book is not None else ()), *BUILT_IN)
        owners = book.ownership if book is not None else ()
        self._by_id = {rule.id: rule for rule in self._rules}
        self._grouping = Index(rule for rule in self._rules if rule.enabled)
        self._ownership = Index(rule for rule in owners if rule.enabled)

    def grouping_for(self, facts: Facts) -> Decision:
        """Return the first rule that takes the signal, with the dedup key; the default rule takes everything."""
        rule = self._grouping.first(facts) or DEFAULT
        return Decision(rule, dedup_key_for(rule, facts))

    def owner_for(self, facts: Facts) -> OwnershipRule | None:
        """Return the first ownership rule that takes the signal."""
        return self._ownership.first(facts)

    def rule(self, rule_id: str | None) -> GroupingRule:
        """Return the rule with this id; the default rule where there is none, or none any more."""
        return self._by_id.get(rule_id or DEFAULT_ID, DEFAULT)

    def consider(self, facts: Facts) -> list[Considered]:
        """Return every rule up to the one that takes the signal, each with why it does or does not."""
        considered = []
        for rule in self._rules:
            why_not = Compiled(rule).explain(facts) if rule.enabled else "it is disabled"
            considered.append(Considered(rule.id, rule.name, why_not))
            if why_not is None:
                break
        return considered

    def terms(self, rule: GroupingRule) -> GroupingPolicy:
        """Return the windows of ``rule``; those it leaves open are the gateway's."""
        policy = self._policy
        return GroupingPolicy(
            group_window=_seconds(rule.window_seconds, policy.group_window),
            reopen_window=_seconds(rule.reopen_seconds, policy.reopen_window),
            stable_period=_seconds(rule.stable_seconds, policy.stable_period),
        )


def dedup_key_for(rule: GroupingRule, facts: Facts) -> str:
    """Return the key of the group that ``rule`` puts the signal in.

    Of a team's rule it begins with the rule's id and holds what the rule groups by, values in JSON's quotes, so that
    no value can pass for another: ``checkout{name="Down",namespace="pay"}``. What is absent is left out.
    """
    if rule.id == DEFAULT_ID:
        return derive_dedup_key(facts.signal)
    found = ((field, facts.value_of(field)) for field in rule.group_by)
    parts = [f"{field}={msgspec.json.encode(value).decode()}" for field, value in found if value]
    return f"{rule.id}{{{','.join(parts)}}}"


def _seconds(given: float | None, default: timedelta) -> timedelta:
    return default if given is None else timedelta(seconds=given)
