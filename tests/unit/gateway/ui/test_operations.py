import pytest

from tests.support.gateway import GatewayUnderTest

PAGES = (
    "/operations",
    "/operations/deliveries",
    "/operations/rules",
    "/operations/rules/versions",
    "/operations/rules/edit",
    "/operations/rules/mapping",
    "/operations/silences",
    "/operations/silences/new",
    "/operations/silences/new?kind=maintenance_window",
    "/operations/noise",
    "/operations/health",
    "/operations/tokens",
    "/operations/audit",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_made_on_an_empty_product(gw: GatewayUnderTest, path: str):
    answer = gw.get(path)

    assert answer.status_code == 200, answer.text
    assert "<h1>Operations</h1>" in answer.text
