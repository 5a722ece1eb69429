import pytest

from tests.support.gateway import GatewayUnderTest, a_gateway


@pytest.fixture
def gw() -> GatewayUnderTest:
    return a_gateway()
