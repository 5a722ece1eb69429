"""Rules as data: which signals become one incident, who owns it, and what is held back. Pure and fast."""

from services.gateway.domain.rules.book import CompiledBook, Considered, Decision, dedup_key
from services.gateway.domain.rules.builtin import BUILT_IN, DEFAULT, WATCHDOG
from services.gateway.domain.rules.check_book import check_book
from services.gateway.domain.rules.check_silence import check_silence
from services.gateway.domain.rules.conditions import Condition, ConditionInvalid, compile_condition
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.rules.invalid import RulesInvalid, SilenceInvalid
from services.gateway.domain.rules.silences import CompiledSilences
from services.gateway.domain.rules.spans import Span, current_span, next_span

__all__ = [
    "BUILT_IN",
    "DEFAULT",
    "WATCHDOG",
    "CompiledBook",
    "CompiledSilences",
    "Condition",
    "ConditionInvalid",
    "Considered",
    "Decision",
    "Facts",
    "RulesInvalid",
    "SilenceInvalid",
    "Span",
    "check_book",
    "check_silence",
    "compile_condition",
    "current_span",
    "dedup_key",
    "next_span",
]
