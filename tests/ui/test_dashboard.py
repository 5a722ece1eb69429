"""The dashboard in a browser: from an empty product to a live picture of an outage."""

import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from services.gateway.app import create_app
from services.gateway.domain.records import Role
from services.gateway.ui.assets import Assets
from tests.support.chromium import NARROW, Watched, a_context, a_watched_page, axe_violations, ready, sign_in
from tests.support.gateway import a_gateway
from tests.support.product import Product


def open_incident(product: Product, **fields: object) -> None:
    answer = requests.post(f"{product.url}/api/incidents", json=fields, headers=product.headers, timeout=10)
    assert answer.status_code == 201, answer.text


def row(page: Page, title: str):
    return page.locator("#dashboard-now .now-table tr").filter(has_text=title)


@pytest.fixture
def empty() -> Iterator[tuple[str, str]]:
    """A gateway where nothing came yet, by itself: its address, and an admin's token."""
    gw = a_gateway()
    server = make_server("127.0.0.1", 0, create_app(gw.gateway, assets=Assets()), threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", gw.secrets[Role.ADMIN]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_empty_product_teaches_and_becomes_the_dashboard_when_the_demo_is_played(
    empty: tuple[str, str], browser: Browser
) -> None:
    url, token = empty
    context = a_context(browser)
    with a_watched_page(context) as watched:
        page = watched.page
        sign_in(page, url, token)
        expect(page.locator("#first-alertmanager")).to_contain_text(f"{url}/api/intake/alertmanager")
        assert axe_violations(page) == []
        page.evaluate("window.isTheSamePage = true")

        page.get_by_role("button", name="Play the demo outage").click()

        expect(page.get_by_text("The demo outage is being played")).to_be_visible()
        expect(page.locator("#dashboard-now")).to_be_visible()
        assert page.evaluate("window.isTheSamePage")
    context.close()


def test_what_comes_stands_there_at_once_in_every_tab_with_one_stream(
    product: Product, open_as: Callable[..., Watched]
) -> None:
    first = f"Payments stand still {uuid.uuid4().hex[:8]}"
    open_incident(product, title=first, severity="critical")
    page = open_as("viewer").page
    expect(row(page, first)).to_be_visible()
    page.locator("#chart-acknowledge summary").click()
    other = page.context.new_page()
    other.goto(f"{product.url}/")
    ready(other)
    for tab in (page, other):
        expect(tab.locator("html")).to_have_attribute("data-stream", "live")

    second = f"And cards too {uuid.uuid4().hex[:8]}"
    open_incident(product, title=second, severity="critical")

    for tab in (page, other):
        expect(row(tab, second)).to_be_visible()
    count = "performance.getEntriesByType('resource').filter((one) => one.name.includes('/api/stream')).length"
    assert other.evaluate(count) == 0
    page.close()
    third = f"And refunds {uuid.uuid4().hex[:8]}"
    open_incident(product, title=third, severity="critical")
    expect(row(other, third)).to_be_visible()
    expect(other.locator("html")).to_have_attribute("data-stream", "live")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_for_everyone_on_every_screen(product: Product, open_as: Callable[..., Watched], theme: str) -> None:
    open_incident(product, title=f"Something is wrong {uuid.uuid4().hex[:8]}", severity="critical", services=["cart"])
    page = open_as("viewer", size=NARROW, theme=theme).page
    page.goto(f"{product.url}/")
    ready(page)

    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    page.set_viewport_size({"width": 1440, "height": 900})
    # Charts are drawn as they come into view; how far down that is goes by how many incidents are open.
    page.locator("#chart-opened").scroll_into_view_if_needed()
    expect(page.locator("#chart-opened canvas")).to_be_visible()
    page.locator("#chart-opened summary").click()
    page.locator(".menu > summary").click()
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".menu-body")).to_be_hidden()
    expect(page.locator(".menu > summary")).to_be_focused()
    page.locator(".menu > summary").click()
    page.get_by_text("Open by severity and age").click()
    expect(page.locator(".menu-body")).to_be_hidden()


def test_a_page_without_tls_is_as_live(product: Product, open_as: Callable[..., Watched]) -> None:
    page = open_as("viewer").page
    # What browsers take from pages that came over plain HTTP from another machine.
    page.add_init_script("delete Navigator.prototype.locks; delete Crypto.prototype.randomUUID;")
    page.goto(f"{product.url}/")
    ready(page)
    expect(page.locator("html")).to_have_attribute("data-stream", "live")
    assert page.evaluate("[navigator.locks, crypto.randomUUID].every((one) => one === undefined)")

    title = f"Search is slow {uuid.uuid4().hex[:8]}"
    open_incident(product, title=title, severity="critical")

    expect(row(page, title)).to_be_visible()


def test_an_unknown_address_leads_on(product: Product, open_as: Callable[..., Watched]) -> None:
    watched = open_as("viewer")
    watched.expected_statuses.add(404)
    page = watched.page
    page.goto(f"{product.url}/no-such-page")

    expect(page.get_by_role("heading", name="Nothing is here")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("main").get_by_role("link", name="Dashboard").click()
    expect(page.locator("#dashboard")).to_be_visible()
