"""Give every decision about a signal the rules and silences that are in force, compiled once for each version."""

from dataclasses import dataclass

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import BOARD, CURRENT, GroupingRule, RuleBook, Silence, SilenceBoard
from services.gateway.domain.rules.book import CompiledBook
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.rules.silences import CompiledSilences
from services.gateway.ports import Transaction


@dataclass(frozen=True, slots=True)
class _Kept:
    version: int
    silences: CompiledSilences


class Judge:
    """Reads rules and silences through the transaction that asks.

    Reading is the precondition: a decision under rules or silences that change meanwhile is made again. Safe to use
    from many threads: what is kept is replaced whole, never changed.
    """

    def __init__(self, policy: GroupingPolicy) -> None:
        self._policy = policy
        self._book = CompiledBook(None, policy)
        self._kept = _Kept(0, CompiledSilences(()))

    def book(self, tx: Transaction) -> CompiledBook:
        """Return the rules in force."""
        book = tx.find(RuleBook, CURRENT)
        version = book.version if book is not None else 0
        compiled = self._book
        if compiled.version != version:
            self._book = compiled = CompiledBook(book, self._policy)
        return compiled

    def silence_over(self, tx: Transaction, facts: Facts) -> Silence | None:
        """Return the silence that holds a signal back now; of several the one that does so longest."""
        board = tx.find(SilenceBoard, BOARD)
        if board is None or not board.live:
            return None
        kept = self._kept
        if kept.version != board.version:
            found = (tx.find(Silence, silence_id) for silence_id in board.live)
            kept = _Kept(board.version, CompiledSilences(silence for silence in found if silence is not None))
            self._kept = kept
        return kept.silences.covering(facts, tx.now)


def terms_of(book: CompiledBook, rule: GroupingRule) -> GroupingPolicy:
    """Return the windows of ``rule``; those it leaves open are the gateway's."""
    return GroupingPolicy(
        group_window=book.window(rule),
        reopen_window=book.reopen_window(rule),
        stable_period=book.stable_period(rule),
    )
