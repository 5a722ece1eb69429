import re
from collections.abc import Callable

import requests
from playwright.sync_api import Page, expect

from tests.support.chromium import Watched, axe_violations, ready
from tests.support.product import Product


def choose(page: Page, label: str, value: str) -> None:
    """Type or pick a choice, and leave the field as a person does; the form then fetches what is left to choose."""
    field = page.locator(f"#dx-{label.lower()}")
    with page.expect_response(lambda answer: "/quickdx/picker" in answer.url):
        if field.evaluate("(field) => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
            field.press("Tab")


def test_from_a_list_of_names_to_an_incident(open_as: Callable[..., Watched], product: Product) -> None:
    page = open_as("responder").page
    page.goto(f"{product.url}/quickdx")
    ready(page)
    page.get_by_role("button", name=re.compile("(List|Refresh) names")).click()
    names = page.locator("#dx-names option")
    # It comes by itself once the worker is done.
    expect(page.locator("#inventory:has(#inventory-rests)")).to_contain_text("Names listed", timeout=30_000)
    choose(page, "Context", "shop")
    choose(page, "Namespace", "shop")
    expect(names).to_have_count(5)
    choose(page, "Kind", "StatefulSet")
    expect(names).to_have_count(0)
    choose(page, "Kind", "Deployment")
    choose(page, "Name", "checkout")
    page.get_by_role("button", name="Diagnose", exact=True).click()

    page.wait_for_url(re.compile(r"/quickdx/qdx_"))
    first = page.locator(".hypothesis").first
    expect(first).to_contain_text("orders-db.dta.svc.cluster.local", timeout=30_000)
    expect(first.locator("table.sum")).to_contain_text("base of log-dns")
    first.locator("[id$=-evidence] > summary").click()
    first.get_by_placeholder("Why (optional)").fill("The host name was wrong.")
    first.get_by_role("button", name="Yes").click()
    expect(first.get_by_text("The host name was wrong.")).to_be_visible()
    # What was closed stays closed when the page is fetched anew.
    expect(first.locator("[id$=-evidence]")).not_to_have_attribute("open", "")
    assert axe_violations(page) == []

    page.get_by_role("button", name="Create incident").click()
    page.get_by_label("Title").fill("Checkout calls a database that is not there")
    page.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d+"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checkout calls a database that is not there")


def test_a_pasted_name_is_asked_back_where_it_stands_and_then_linked(
    open_as: Callable[..., Watched], product: Product
) -> None:
    watched = open_as("responder")
    page, watched.expected_statuses = watched.page, {422}
    title = "Cart answers with an empty basket"
    body = {"title": title, "severity": "low"}
    requests.post(f"{product.url}/api/incidents", json=body, headers=product.headers, timeout=10)
    page.goto(f"{product.url}/quickdx")
    ready(page)
    words = page.get_by_label("As for kubectl")
    words.fill("cart -n shop")
    page.get_by_role("button", name="Diagnose it").click()
    expect(page.get_by_role("alert").get_by_text("is no KIND/NAME")).to_be_visible()
    expect(words).to_have_value("cart -n shop")
    words.fill("kubectl -n shop --context shop describe deploy/cart")
    page.get_by_role("button", name="Diagnose it").click()

    expect(page.locator(".hypothesis").first).to_contain_text("cart", timeout=30_000)
    page.get_by_role("button", name="Link to incident").click()
    page.get_by_label("Number or words").press_sequentially("empty basket")
    page.get_by_role("radio", name=re.compile(title)).check()
    page.get_by_role("button", name="Link", exact=True).click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d+/evidence"))


def test_a_diagnosis_that_fails_ends_says_why_and_is_tried_again(
    open_as: Callable[..., Watched], product: Product
) -> None:
    page = open_as("responder").page
    body = {"context": "no-such-context", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
    asked = requests.post(f"{product.url}/api/quickdx", json=body, headers=product.headers, timeout=10).json()
    page.goto(f"{product.url}/quickdx/{asked['id']}")
    failed = page.locator(".dx-failed")
    expect(failed).to_contain_text("no-such-context", timeout=30_000)
    page.get_by_role("button", name="Try again").click()

    expect(page.locator("#messages")).to_contain_text("It is tried again.")
    expect(failed).to_contain_text("no-such-context", timeout=30_000)
    again = requests.get(f"{product.url}/api/quickdx/{asked['id']}", headers=product.headers, timeout=10).json()
    assert again["jobId"] != asked["jobId"]
