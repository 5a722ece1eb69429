"""Writers of one record take turns, and nobody else waits for them."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.gateway.adapters.staging import Conflict
from services.gateway.adapters.transaction import StoreTransaction
from services.gateway.adapters.turns import Turns
from services.gateway.domain.records import Activity
from services.gateway.errors import StoreBusy
from tests.support.records import NOW

HOT = (Activity.KIND, "inc_hot")


def a_change_of(incident_id: str) -> Callable[[], tuple[StoreTransaction, str]]:
    def begin() -> tuple[StoreTransaction, str]:
        tx = StoreTransaction(lambda _: (None, 0), NOW)
        tx.find(Activity, incident_id)
        tx.put(Activity(incident_id=incident_id))
        return tx, incident_id

    return begin


def lose(_: object) -> None:
    raise Conflict(HOT)


class OverdueWriter:
    """Loses six times over one record, and then stays in its turn until it is let go."""

    def __init__(self, turns: Turns) -> None:
        self.is_in_turn, self.may_end = threading.Event(), threading.Event()
        self._lost = 0
        self.thread = threading.Thread(target=turns.try_until_won, args=(a_change_of("inc_hot"), self.commit))
        self.thread.start()
        assert self.is_in_turn.wait(10)

    def commit(self, _: object) -> None:
        if self._lost < 6:
            self._lost += 1
            raise Conflict(HOT)
        self.is_in_turn.set()
        assert self.may_end.wait(10)


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def overdue(turns: Turns) -> Iterator[OverdueWriter]:
    writer = OverdueWriter(turns)
    yield writer
    writer.may_end.set()
    writer.thread.join(10)


def test_a_writer_of_another_record_does_not_wait_for_one_that_is_overdue(turns: Turns, overdue: OverdueWriter) -> None:
    committed: list[Any] = []

    assert turns.try_until_won(a_change_of("inc_cold"), committed.append) == "inc_cold"
    assert len(committed) == 1
    assert not overdue.may_end.is_set()


def test_a_newcomer_with_its_record_does(turns: Turns, overdue: OverdueWriter) -> None:
    after: list[bool] = []
    begun: list[StoreTransaction] = []
    has_begun = threading.Event()

    def begin() -> tuple[StoreTransaction, str]:
        tx, result = a_change_of("inc_hot")()
        begun.append(tx)
        has_begun.set()
        return tx, result

    def commit(tx: StoreTransaction) -> None:
        after.append(overdue.may_end.is_set())
        assert tx is not begun[0], "what was read before the turn is of an older state"

    newcomer = threading.Thread(target=turns.try_until_won, args=(begin, commit))
    newcomer.start()
    assert has_begun.wait(10)
    overdue.may_end.set()
    newcomer.join(10)

    assert after == [True]


def test_once_it_has_won_nobody_waits(turns: Turns, overdue: OverdueWriter) -> None:
    overdue.may_end.set()
    overdue.thread.join(10)
    begun: list[StoreTransaction] = []

    def begin() -> tuple[StoreTransaction, str]:
        tx, result = a_change_of("inc_hot")()
        begun.append(tx)
        return tx, result

    turns.try_until_won(begin, lambda _: None)

    assert len(begun) == 1


def test_who_loses_fifty_times_is_told_and_nobody_waits_for_it_any_more(turns: Turns) -> None:
    with pytest.raises(StoreBusy):
        turns.try_until_won(a_change_of("inc_hot"), lose)

    assert turns.try_until_won(a_change_of("inc_hot"), lambda _: None) == "inc_hot"


def test_what_fails_for_another_reason_is_not_tried_again(turns: Turns) -> None:
    tries: list[object] = []

    def commit(tx: StoreTransaction) -> None:
        tries.append(tx)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        turns.try_until_won(a_change_of("inc_hot"), commit)
    assert len(tries) == 1
