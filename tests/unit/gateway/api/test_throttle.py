import pytest

from services.gateway.api import throttle
from services.gateway.api.throttle import BAD_TOKENS, Throttle
from tests.support.clock import Ticks


def guess(throttle: Throttle, address: str) -> None:
    for _ in range(BAD_TOKENS):
        throttle.note_bad(address)


def test_a_whole_64_of_ipv6_is_one_address():
    throttle = Throttle(Ticks())
    for number in range(BAD_TOKENS):
        throttle.note_bad(f"2001:db8:0:1::{number:x}")

    assert throttle.wait_seconds("2001:db8:0:1:ffff::1") == 61
    assert throttle.wait_seconds("2001:DB8::1:0:0:0:1") == 61
    assert throttle.wait_seconds("2001:db8:0:2::1") == 0


def test_an_ipv4_address_is_one_however_it_is_written():
    throttle = Throttle(Ticks())
    guess(throttle, "::ffff:192.0.2.1")

    assert throttle.wait_seconds("192.0.2.1") == 61
    assert throttle.wait_seconds("192.0.2.2") == 0
    assert throttle.wait_seconds("::ffff:192.0.2.2") == 0


@pytest.mark.parametrize("address", ["", "fe80::1%eth0", "::", "not:an:address", ":"])
def test_whatever_stands_for_an_address_is_held_back(address: str):
    throttle = Throttle(Ticks())
    guess(throttle, address)

    assert throttle.wait_seconds(address) == 61


def test_it_remembers_no_more_addresses_than_it_may(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttle, "_ADDRESSES", 5)
    held = Throttle(Ticks())
    for number in range(50):
        guess(held, f"192.0.2.{number}")
        held.note_good(f"198.51.100.{number}")

    assert len(held._bad) == len(held._good) == 5
    assert held.wait_seconds("192.0.2.49") == 61
