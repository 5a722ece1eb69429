from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support.actions import MANUAL
from tests.support.chromium import NARROW, WIDE, Watched, ready
from tests.support.product import Product

# Of each place of the bar, where it begins and ends from the left.
EDGES = "(all) => ['left', 'right'].map((edge) => all.map((one) => one.getBoundingClientRect()[edge]))"


def post(product: Product, path: str, body: Any) -> Any:
    answer = requests.post(product.url + path, json=body, headers=product.headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def waiting(page: Page) -> int:
    """Return the number beside Actions in the bar; 0 where none stands there."""
    found = page.locator("#actions-waiting").inner_text().split()
    return int(found[0]) if found else 0


def test_signed_in_the_first_page_is_the_dashboard(admin: Watched, product: Product) -> None:
    assert admin.page.url == f"{product.url}/"
    assert admin.page.get_by_role("link", name="Dashboard").get_attribute("aria-current") == "page"


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_bar_leads_to_the_actions_and_counts_what_waits_as_it_changes(
    open_as: Callable[..., Watched], product: Product, size: tuple[int, int]
) -> None:
    incident = post(product, "/api/incidents", {"title": "Slow"})
    page = open_as("admin", size=size).page
    page.goto(f"{product.url}/incidents/INC-{incident['number']}")
    page.wait_for_selector("html[data-stream=live]", state="attached")
    before = waiting(page)

    post(product, f"/api/incidents/{incident['id']}/actions", MANUAL | {"risk": "low"})

    expect(page.locator("#actions-waiting")).to_contain_text(f"{before + 1} waiting for approval")
    # The bar holds its places beside each other, none cut off or over another.
    left, right = page.locator(".places a").evaluate_all(EDGES)
    assert all(end <= begin + 1 for end, begin in zip(right, left[1:], strict=False))
    assert right[-1] <= size[0]
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/actions")
    ready(page)
    assert page.locator(".places").get_by_role("link", name="Actions").get_attribute("aria-current") == "page"


def test_the_theme_of_ones_choice_stays(admin: Watched) -> None:
    page = admin.page
    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Dark").click()

    page.reload()
    ready(page)

    assert page.locator("html").get_attribute("data-theme") == "dark"
