"""From signing in to an action that is done by keys alone: nothing is clicked, nothing is focused by script."""

import uuid

from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.chromium import a_context, a_watched_page, ready
from tests.support.product import Product

MOST_TABS = 120


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until ``wanted`` has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(MOST_TABS):
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {wanted}")


def press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    tab_to(page, wanted)
    page.keyboard.press(key)


def fill(page: Page, wanted: Locator, text: str) -> None:
    tab_to(page, wanted)
    page.keyboard.type(text)


def test_from_signing_in_to_an_action_that_is_done(product: Product, browser: Browser) -> None:
    title = f"Mails wait {uuid.uuid4().hex[:8]}"
    context = a_context(browser)
    with a_watched_page(context) as watched:
        page = watched.page
        page.goto(f"{product.url}/sign-in")
        page.keyboard.type(product.token)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{product.url}/")
        ready(page)

        page.keyboard.press("g")
        page.keyboard.press("i")
        page.wait_for_url("**/incidents")
        page.wait_for_selector("html[data-inbox=ready]", state="attached")
        page.keyboard.press("n")
        page.wait_for_url("**/incidents/new*")
        ready(page)
        fill(page, page.get_by_label("Title"), title)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text(title)
        page.wait_for_selector("[data-module=incident][data-ready=true]", state="attached")

        page.keyboard.press("n")
        page.keyboard.type("The queue grows since noon.")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#timeline")).to_contain_text("The queue grows since noon.")
        press(page, page.get_by_role("button", name="Acknowledge"))
        expect(page.locator("#incident-header .status")).to_have_text("triage")

        press(page, page.locator(".tabs").get_by_role("link", name="Actions"))
        ready(page)
        press(page, page.get_by_role("link", name="Propose an action"))
        page.wait_for_url("**/actions/new*")
        ready(page)
        propose(page)
        approve_and_state(page)
    context.close()


def propose(page: Page) -> None:
    tab_to(page, page.locator("input[name=type]:checked"))
    for shown in ("Program and arguments", "Instructions"):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_label(shown)).to_be_visible()
    fill(page, page.locator("#propose").get_by_label("Title"), "Drain the queue")
    fill(page, page.get_by_label("Instructions"), "Start two more senders.")
    tab_to(page, page.locator("input[name=risk]:checked"))
    for risk in ("medium", "low"):
        page.keyboard.press("ArrowLeft")
        expect(page.locator("input[name=risk]:checked")).to_have_value(risk)
    press(page, page.get_by_role("button", name="Propose"))
    expect(page.locator("#gate-title")).to_be_visible()
    ready(page)


def approve_and_state(page: Page) -> None:
    press(page, page.get_by_role("button", name="Approve exactly this"))
    press(page, page.get_by_label("It went well"), "Space")
    fill(page, page.get_by_label("What came of it"), "The queue is empty.")
    press(page, page.get_by_role("button", name="State the result"))
    expect(page.locator("main")).to_contain_text("executed")
    expect(page.locator("main")).to_contain_text("The queue is empty.")
