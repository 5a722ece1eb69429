"""A page of QuickDx that is open while another inventory is taken: it offers what is new, and keeps what is typed."""

import re
from collections.abc import Callable
from pathlib import Path

import requests
from playwright.sync_api import Page, Route, expect

from tests.support.chromium import Watched, axe_violations, ready
from tests.support.product import Product
from tests.support.waiting import wait_until

_FINAL = {"succeeded", "failed", "cancelled", "unknown"}


def take_inventory(product: Product) -> None:
    """Have an inventory taken as the gateway does by itself: no page is told."""

    def is_taken() -> bool:
        shown = requests.get(f"{product.url}/api/quickdx/inventory", headers=product.headers, timeout=10).json()
        return shown["state"] in _FINAL

    requests.post(f"{product.url}/api/quickdx/inventory", headers=product.headers, timeout=10)
    wait_until(is_taken, "the inventory is taken")


def show(watched: Watched, product: Product, chosen: str = "") -> Page:
    """Open the page once there is an inventory, with what is ``chosen`` in its address."""
    take_inventory(product)
    watched.page.goto(f"{product.url}/quickdx{chosen}")
    ready(watched.page)
    return watched.page


def come_back(page: Page) -> None:
    """Have the page come into sight again: it asks for what is new at once, not within ten seconds."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def rename(shop: Path, old: str, new: str) -> None:
    for path in shop.rglob("lists/**/*.json"):
        path.write_text(path.read_text("utf-8").replace(f'"{old}"', f'"{new}"'), "utf-8")


def test_an_open_page_offers_another_inventory_and_keeps_what_was_chosen_and_typed(
    open_as: Callable[..., Watched], product: Product, changing_shop: Path
) -> None:
    page = show(open_as("responder"), product, "?context=changing&namespace=shop&kind=Deployment&name=checkout")
    listed = page.locator("#inventory time")
    before = listed.get_attribute("datetime")
    expect(page.locator("#dx-missing")).to_be_empty()
    name = page.locator("#dx-name")
    name.press("End")
    name.press_sequentially("-ne")

    rename(changing_shop, "checkout", "kasse")
    take_inventory(product)
    come_back(page)
    expect(listed).not_to_have_attribute("datetime", before or "")

    expect(page.locator("#dx-names option[value=kasse]")).to_be_attached()
    expect(page.locator("#dx-names option[value=checkout]")).not_to_be_attached()
    expect(name).to_be_focused()
    page.keyboard.type("w")
    expect(name).to_have_value("checkout-new")
    for field, value in (("context", "changing"), ("namespace", "shop"), ("kind", "Deployment")):
        expect(page.locator(f"#dx-{field}")).to_have_value(value)
    # Of what is half typed nothing is said; of what is typed, also where it is what it was before.
    expect(page.locator("#dx-missing")).to_be_hidden()
    for _ in range(4):
        page.keyboard.press("Backspace")
    expect(name).to_have_value("checkout")
    page.keyboard.press("Tab")
    expect(page.locator("#dx-missing")).to_contain_text("Deployment checkout in namespace shop is not, or no longer")
    expect(page.get_by_role("button", name="Diagnose", exact=True)).to_be_focused()
    assert axe_violations(page) == []

    rename(changing_shop, "kasse", "checkout")
    take_inventory(product)
    come_back(page)
    expect(page.locator("#dx-missing")).to_be_empty()
    expect(page.get_by_role("button", name="Diagnose", exact=True)).to_be_focused()


def test_the_button_that_lists_the_names_keeps_the_focus_until_they_are_there(
    open_as: Callable[..., Watched], product: Product
) -> None:
    page = show(open_as("responder"), product)
    listed = page.locator("#inventory time")
    before = listed.get_attribute("datetime")
    button = page.get_by_role("button", name="Refresh names")
    button.focus()
    page.keyboard.press("Enter")

    expect(listed).not_to_have_attribute("datetime", before or "", timeout=30_000)
    expect(page.locator("#inventory-rests")).to_be_attached()
    expect(page.locator("#inventory")).not_to_contain_text("listing names")
    expect(button).to_be_focused()


def test_what_fails_again_and_again_by_itself_is_said_once_and_goes_on(
    open_as: Callable[..., Watched], product: Product
) -> None:
    take_inventory(product)
    watched = open_as("responder")
    page, watched.expected_statuses = watched.page, {503}
    page.goto(f"{product.url}/quickdx")
    ready(page)
    before = page.locator("#inventory time").get_attribute("datetime")
    page.route("**/quickdx/picker*", lambda route: route.fulfill(status=503, body="away"))
    for _ in range(3):
        with page.expect_response("**/quickdx/picker*"):
            come_back(page)
    expect(page.locator("#messages > p")).to_have_text(["The gateway answered 503."])

    page.unroute("**/quickdx/picker*")
    take_inventory(product)
    come_back(page)
    expect(page.locator("#inventory time")).not_to_have_attribute("datetime", before or "")


def was_before(page: Page, inventory: Callable[[str], str]) -> None:
    """Have the whole page answered as it was made before the inventory there is now."""

    def answer(route: Route) -> None:
        now = route.fetch()
        route.fulfill(response=now, body=inventory(re.sub("known=[0-9a-f]+", "known=0", now.text())))

    page.route("**/quickdx", answer)


def test_a_choice_stays_chosen_among_what_there_is_to_choose_from_now(
    open_as: Callable[..., Watched], product: Product
) -> None:
    take_inventory(product)
    page = open_as("responder").page
    was_before(page, lambda text: text.replace("<option>changing</option>", "<option>earlier</option>"))
    page.goto(f"{product.url}/quickdx")
    ready(page)
    context = page.locator("#dx-context")
    options = context.locator("option")
    expect(options.filter(has_text="changing")).not_to_be_attached()

    context.select_option("earlier")
    expect(page.locator("#dx-missing")).to_contain_text("Context earlier is not, or no longer")
    expect(context).to_have_value("earlier")
    expect(options.filter(has_text="changing")).to_be_attached()
    context.select_option("changing")
    expect(page.locator("#dx-missing")).to_be_empty()
    expect(context).to_have_value("changing")
    expect(options.filter(has_text="earlier")).not_to_be_attached()


def test_the_first_names_take_no_field_from_under_the_hands(open_as: Callable[..., Watched], product: Product) -> None:
    take_inventory(product)
    page = open_as("responder").page

    field = '<input name="context" id="dx-context" value="">'
    was_before(page, lambda text: re.sub(r'<select name="context".*?</select>', field, text, flags=re.DOTALL))
    page.goto(f"{product.url}/quickdx")
    ready(page)
    context = page.locator("#dx-context")
    context.press_sequentially("chang")
    with page.expect_response(lambda answer: "known=0" in answer.url):
        come_back(page)
    expect(page.locator("#inventory-rests:not([hx-get$='known=0'])")).to_be_attached()

    page.keyboard.type("ing")
    expect(context).to_have_value("changing")
    expect(context).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("select#dx-context")).to_have_value("changing")
    expect(page.locator("#dx-namespace")).to_be_focused()
