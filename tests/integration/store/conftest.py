import pytest

from shared.adapters.clock import SystemClock


@pytest.fixture
def clock():
    return SystemClock()
