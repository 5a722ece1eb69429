import pytest

from shared.adapters.clock import SystemClock
from shared.errors import AppError, SettingsInvalid, TransientError
from shared.ids import new_id


def test_an_id_says_what_it_is_of() -> None:
    prefix, _, rest = new_id("inc").partition("_")

    assert prefix == "inc"
    assert len(rest) == 26


def test_ids_do_not_repeat() -> None:
    assert len({new_id("inc") for _ in range(1000)}) == 1000


def test_the_clock_is_aware_and_in_utc() -> None:
    offset = SystemClock().now().utcoffset()

    assert offset is not None
    assert offset.total_seconds() == 0


def test_an_error_without_detail_says_its_title() -> None:
    assert str(SettingsInvalid()) == "The settings are not usable"


def test_an_error_carries_its_extra_members() -> None:
    error = TransientError("busy", retry_after_seconds=3, backlog=9)

    assert (error.detail, error.retry_after_seconds, error.fields) == ("busy", 3, {"backlog": 9})


@pytest.mark.parametrize("kind", [AppError, TransientError, SettingsInvalid])
def test_a_code_is_snake_case(kind: type[AppError]) -> None:
    assert kind.code == kind.code.lower().replace("-", "_").replace(" ", "_")
