"""Signals, rules and silences of these tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    GroupingRule,
    Match,
    OwnershipRule,
    RuleBook,
    Silence,
    SilenceKind,
)
from services.gateway.domain.rules import CompiledBook, Facts
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
POLICY = GroupingPolicy()


def a_report(**fields: Any) -> NormalisedSignal:
    return NormalisedSignal(
        **{
            "source": "alertmanager",
            "fingerprint": "alertmanager:f1",
            "status": SignalStatus.FIRING,
            "severity": Severity.HIGH,
            "name": "Down",
            "starts_at": NOW,
            "title": "It is down",
            "labels": {"team": "shop"},
            "group_labels": {"alertname": "Down", "namespace": "pay", "service": "checkout"},
            "service": "checkout",
        }
        | fields
    )


def the_facts(**fields: Any) -> Facts:
    return Facts.of_report(a_report(**fields))


def a_rule(rule_id: str = "one", **fields: Any) -> GroupingRule:
    return GroupingRule(**{"id": rule_id, "name": f"Rule {rule_id}"} | fields)


def an_owner(rule_id: str = "one", **fields: Any) -> OwnershipRule:
    return OwnershipRule(**{"id": rule_id, "name": f"Rule {rule_id}", "owner": "team-shop"} | fields)


def a_book(*grouping: GroupingRule, ownership: tuple[OwnershipRule, ...] = ()) -> RuleBook:
    return RuleBook(version=7, grouping=grouping, ownership=ownership, changed_by="token:ann", changed_at=NOW)


def compiled(*grouping: GroupingRule, ownership: tuple[OwnershipRule, ...] = ()) -> CompiledBook:
    return CompiledBook(a_book(*grouping, ownership=ownership), POLICY)


def a_silence(silence_id: str = "sil_1", **fields: Any) -> Silence:
    return Silence(
        **{
            "id": silence_id,
            "kind": SilenceKind.SILENCE,
            "comment": "Disks are being swapped",
            "match": Match(names=("Down",)),
            "starts_at": NOW,
            "ends_at": NOW + timedelta(hours=2),
            "created_by": "token:ann",
            "created_at": NOW,
            "updated_at": NOW,
        }
        | fields
    )


# Few words, so that rules and signals meet often.
WORDS = st.sampled_from(("a", "b", "c"))
_SOME = st.lists(WORDS, max_size=2).map(tuple)
_LABELS = st.sampled_from(("team", "tier", "a.b"))
_PATHS = st.sampled_from(
    ("signal.name", "signal.service", "signal.namespace", "signal.labels.team", 'signal.labels["a.b"]', "signal.title")
)
_QUOTED = st.builds(lambda word, quote: f"{quote}{word}{quote}", WORDS, st.sampled_from("'\""))
_ATOMS = st.one_of(
    st.builds(lambda path, word: f"{path} == {word}", _PATHS, _QUOTED),
    st.builds(lambda path, word: f"{word}=={path}", _PATHS, _QUOTED),
    st.builds(lambda path, words: f"{path} in [{', '.join(words)}]", _PATHS, st.lists(_QUOTED, max_size=3)),
    st.builds(lambda path, word: f"{path} != {word}", _PATHS, _QUOTED),
    st.builds(lambda path, word: f"{path}.startsWith({word})", _PATHS, _QUOTED),
    st.builds(lambda path, word: f"({path} == {word}) == false", _PATHS, _QUOTED),
    st.builds(lambda path, word: f"{path} == {word} == true", _PATHS, _QUOTED),
    st.builds(lambda path, word: f"{path} == {word} + ''", _PATHS, _QUOTED),
    st.builds(lambda path, word: f"signal.labels.exists(k, k == {word} && {path} == {word})", _PATHS, _QUOTED),
    st.sampled_from(("true", "false", "1", "has(signal.labels.team)", "signal.name == r'a'", r"signal.name == '\x61'")),
    st.sampled_from(
        ("'|| a' != \"b && c\"", "signal.name == 'a' // && signal.name == 'b'\n", "'''a''' == signal.name")
    ),
)
CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"{a} && {b}", inner, inner),
        st.builds(lambda a, b: f"{a} || {b}", inner, inner),
        st.builds(lambda a: f"({a})", inner),
        st.builds(lambda a: f"!({a})", inner),
        st.builds(lambda a, b, c: f"({a}) ? ({b}) : ({c})", inner, inner, inner),
    ),
    max_leaves=6,
).filter(lambda text: text.count(".exists(") <= 2)
MATCHES = st.builds(
    Match,
    names=_SOME,
    services=_SOME,
    namespaces=_SOME,
    severities=st.lists(st.sampled_from(Severity), max_size=2).map(tuple),
    labels=st.dictionaries(_LABELS, st.lists(WORDS, min_size=1, max_size=2).map(tuple), max_size=1),
)
REPORTS = st.builds(
    a_report,
    name=WORDS,
    title=WORDS,
    service=st.none() | WORDS,
    severity=st.sampled_from(Severity),
    labels=st.dictionaries(_LABELS, WORDS | st.just("")),
    group_labels=st.dictionaries(st.just("namespace"), WORDS),
)
