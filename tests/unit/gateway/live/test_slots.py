"""How many streams may be open."""

import pytest

from services.gateway.errors import TooManyStreams
from services.gateway.live.slots import StreamSlots


def test_a_slot_given_back_can_be_taken_again() -> None:
    slots = StreamSlots(1)
    give_back = slots.take("token:ann")
    with pytest.raises(TooManyStreams) as refused:
        slots.take("token:ben")
    assert refused.value.retry_after_seconds == 30
    give_back()
    slots.take("token:ben")
    assert slots.taken == 1


def test_giving_back_twice_frees_one_slot_only() -> None:
    slots = StreamSlots(2)
    give_back, _ = slots.take("token:ann"), slots.take("token:ann")
    give_back()
    give_back()
    assert slots.taken == 1


def test_one_subject_cannot_take_all() -> None:
    slots = StreamSlots(20)
    for _ in range(8):
        slots.take("token:ann")
    with pytest.raises(TooManyStreams, match="token:ann has 8 open already"):
        slots.take("token:ann")
    slots.take("token:ben")


def test_none_may_be_open_where_streams_are_turned_off() -> None:
    with pytest.raises(TooManyStreams):
        StreamSlots(0).take("token:ann")
