"""The rules in force, compiled: what they decide about a signal, and why."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

import msgspec

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import GroupingRule, OwnershipRule, RuleBook, RuleEffect
from services.gateway.domain.rules.builtin import BUILT_IN, DEFAULT
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.rules.index import RuleIndex
from services.gateway.domain.rules.matcher import Matcher

Rule = TypeVar("Rule", GroupingRule, OwnershipRule)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the first matching rule says of a signal."""

    rule: GroupingRule
    dedup_key: str
    effect: RuleEffect


@dataclass(frozen=True, slots=True)
class Considered:
    """What came of trying one rule; ``why_not`` is None where it matched."""

    rule_id: str
    name: str
    matched: bool
    why_not: str | None


class CompiledBook:
    """A rule book ready to decide; without one, the built-in rules alone. Raises ConditionInvalid for a bad condition.

    It never changes and may be shared between threads.
    """

    def __init__(self, book: RuleBook | None, policy: GroupingPolicy) -> None:
        self.version = book.version if book else 0
        self._policy = policy
        self._grouping = (*(book.grouping if book else ()), *BUILT_IN)
        self._by_id = {rule.id: rule for rule in self._grouping}
        self._tried = _Tried(self._grouping)
        self._owners = _Tried(book.ownership if book else ())

    def grouping_for(self, facts: Facts) -> Decision:
        """Return what the first enabled rule that matches decides; the last of them matches everything."""
        position = self._tried.first(facts)
        rule = DEFAULT if position is None else self._grouping[position]
        return Decision(rule, dedup_key(rule, facts), rule.effect)

    def rule(self, rule_id: str | None) -> GroupingRule:
        """Return the rule of that id; the default where there is none (any more)."""
        return self._by_id.get(rule_id or "", DEFAULT)

    def owner_for(self, facts: Facts) -> OwnershipRule | None:
        """Return the first enabled ownership rule that matches."""
        position = self._owners.first(facts)
        return None if position is None else self._owners.rules[position]

    def consider(self, facts: Facts) -> list[Considered]:
        """Return what came of each grouping rule in order, up to and including the one that decides."""
        return self._tried.each(facts)

    def consider_owners(self, facts: Facts) -> list[Considered]:
        """The same for ownership rules; the last of them has matched, or none has."""
        return self._owners.each(facts)

    def window(self, rule: GroupingRule) -> timedelta:
        """How long after its last signal a quiet incident of the rule still takes new ones."""
        return _or(rule.window_seconds, self._policy.group_window)

    def reopen_window(self, rule: GroupingRule) -> timedelta:
        """How long after it was resolved an incident of the rule comes back when a signal fires again."""
        return _or(rule.reopen_seconds, self._policy.reopen_window)

    def stable_period(self, rule: GroupingRule) -> timedelta:
        """How long an incident of the rule must stay resolved before it resolves by itself."""
        return _or(rule.stable_seconds, self._policy.stable_period)


def dedup_key(rule: GroupingRule, facts: Facts) -> str:
    """Return the key of the group the rule puts a signal in: ``rule-id{name="Down",namespace="pay"}``.

    What the signal lacks is left out. No key of one rule is ever one of another or of the default rule, whose
    keys begin with the source and a colon.
    """
    if rule.id == DEFAULT.id:
        return facts.default_key
    parts = ((path, facts.value(path)) for path in rule.group_by)
    return f"{rule.id}{{{','.join(f'{path}={_quoted(value)}' for path, value in parts if value)}}}"


def _quoted(value: str) -> str:
    return msgspec.json.encode(value).decode()


def _or(seconds: float | None, default: timedelta) -> timedelta:
    return default if seconds is None else timedelta(seconds=seconds)


class _Tried(Generic[Rule]):
    """Rules in their order, the enabled ones indexed."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules: tuple[Rule, ...] = rules
        self._matchers = [Matcher(rule.match, rule.when) for rule in rules]
        self._enabled = [position for position, rule in enumerate(rules) if rule.enabled]
        self._index = RuleIndex([self._matchers[position].equalities for position in self._enabled])

    def first(self, facts: Facts) -> int | None:
        for candidate in self._index.candidates(facts):
            position = self._enabled[candidate]
            if self._matchers[position].takes(facts):
                return position
        return None

    def each(self, facts: Facts) -> list[Considered]:
        considered = []
        for rule, matcher in zip(self.rules, self._matchers, strict=True):
            why_not = matcher.why_not(facts) if rule.enabled else "disabled"
            considered.append(Considered(rule.id, rule.name, why_not is None, why_not))
            if why_not is None:
                break
        return considered
