"""The inbox in a browser: addresses, keys, arrivals from elsewhere, several at once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.support.chromium import NARROW, Watched, axe_violations, ready
from tests.support.inbox_page import Inbox
from tests.support.product import Product


@pytest.fixture
def inbox(admin: Watched, product: Product) -> Inbox:
    return Inbox(product, admin.page)


def test_the_address_holds_the_filters_and_back_leads_to_the_view_before(inbox: Inbox) -> None:
    inbox.open("Alpha is slow", severity="high", owner="ann")
    inbox.open("Beta is down", severity="critical")
    inbox.show()
    page = inbox.page

    page.locator("#facet-severity a", has_text="critical").click()
    expect(inbox.titles).to_have_text(["Beta is down"])
    assert "severity=critical" in page.url
    page.locator("#facet-severity a", has_text="high").click()
    expect(inbox.titles).to_have_text(["Beta is down", "Alpha is slow"])
    page.keyboard.press("/")
    page.keyboard.type("alpha")
    expect(inbox.titles).to_have_text(["Alpha is slow"])
    page.wait_for_url("**q=alpha*")
    shared = page.url
    expect(page.locator("#q")).to_be_focused()

    page.go_back()
    expect(inbox.titles).to_have_text(["Beta is down", "Alpha is slow"])
    expect(page.locator("#q")).to_have_value("")
    page.goto(shared)
    expect(inbox.titles).to_have_text(["Alpha is slow"])
    expect(page.locator("#q")).to_have_value("alpha")


def test_a_view_stays_what_its_address_says_while_news_arrive(inbox: Inbox) -> None:
    inbox.open("Alpha is slow", severity="high")
    inbox.open("Beta is down", severity="critical")
    inbox.show()
    page = inbox.page
    # What the list asked for before is answered last, when the person is elsewhere.
    held: list[Route] = []

    def hold(one: Route) -> None:
        held.append(one)

    page.route(lambda url: "severity" not in url and "/incidents?" in url, hold)
    with page.expect_request(lambda asked: "/incidents?" in asked.url):
        inbox.send("POST", "", {"title": "News"})

    page.locator("#facet-severity a", has_text="critical").click()
    expect(inbox.titles).to_have_text(["Beta is down"])
    for one in held:
        one.continue_()
    page.wait_for_function("!document.querySelector('.htmx-request')")

    expect(page.locator("#list")).to_have_attribute("hx-get", re.compile("severity=critical"))
    expect(inbox.titles).to_have_text(["Beta is down"])


def test_keys_move_select_and_assign(inbox: Inbox) -> None:
    opened = [inbox.open(f"Number {n}") for n in range(4)]
    inbox.show()
    page = inbox.page

    for key in ("j", "j", "x", "j", "j", "k", "X"):
        page.keyboard.press(key)
    expect(inbox.row(opened[1])).to_be_focused()
    expect(page.locator("#selected-count")).to_have_text("2 selected")
    page.keyboard.press("a")
    expect(page.locator("#several-dialog input[name=owner]")).to_be_focused()
    assert axe_violations(page) == []
    page.keyboard.press("Enter")

    expect(page.locator("#messages")).to_contain_text("2 incidents assigned.")
    for incident, owner in zip(opened, ("nobody", "admin", "admin", "nobody"), strict=True):
        expect(inbox.row(incident).locator(".col-owner")).to_have_text(owner)
    expect(page.locator("#selected-count")).to_have_text("2 selected")
    page.keyboard.press("Escape")
    expect(page.locator(".several-bar")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/INC-{opened[3]['number']}")


def test_what_others_do_arrives_without_moving_what_one_is_at(inbox: Inbox) -> None:
    first, second = inbox.open("First"), inbox.open("Second")
    inbox.show()
    page = inbox.page
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    before = inbox.row(first).bounding_box()

    inbox.open("Third")
    inbox.change(first, title="First, renamed", severity="critical")
    inbox.change(second, status="resolved")

    expect(page.locator("#fresh")).to_have_text("1 new incident · show")
    expect(inbox.titles).to_have_text(["Second", "First, renamed"])
    expect(inbox.row(second)).to_have_attribute("data-left", "true")
    expect(inbox.row(first)).to_be_focused()
    assert inbox.row(first).bounding_box() == before
    page.keyboard.press(".")
    expect(inbox.titles).to_have_text(["Third", "First, renamed"])
    expect(inbox.row(first)).to_be_focused()
    expect(inbox.row(first).locator(".row-check")).to_be_checked()

    page.keyboard.press("Escape")
    inbox.open("Fourth")
    expect(inbox.titles).to_have_text(["Fourth", "Third", "First, renamed"])


def test_what_is_refused_for_one_of_several_is_said_and_the_others_are_done(inbox: Inbox) -> None:
    one, other = inbox.open("One"), inbox.open("Other")
    inbox.show()
    page = inbox.page
    page.get_by_label("Select all on this page").check()
    page.keyboard.press("m")
    page.locator("#several-dialog select[name=status]").select_option("investigating")
    inbox.change(one, title="One, while the dialog was open")
    page.locator("#several-dialog").get_by_role("button", name="Move").click()

    expect(page.locator("#several-dialog h2")).to_have_text("1 of 2 moved")
    expect(page.locator(".several-results li", has_text=f"INC-{one['number']}")).to_contain_text("refused")
    page.get_by_role("button", name="Look at the refused again").click()
    page.locator("#several-dialog select[name=status]").select_option("investigating")
    page.locator("#several-dialog").get_by_role("button", name="Move").click()
    for incident in (one, other):
        expect(inbox.row(incident).locator(".col-status")).to_have_text("investigating", ignore_case=True)


def test_on_a_narrow_screen_filters_open_and_an_incident_is_opened_by_hand(
    open_as: Callable[..., Watched], product: Product
) -> None:
    watched = open_as("responder", size=NARROW, theme="dark")
    inbox = Inbox(product, watched.page)
    inbox.open("Narrow", labels={"team": "payments"})
    inbox.show()
    page = watched.page

    page.get_by_role("button", name="Filters").click()
    page.locator("#facet-severity a", has_text="medium").click()
    expect(page.locator("#in-force")).to_contain_text("medium")
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    expect(inbox.titles).to_have_text(["Narrow"])
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    page.keyboard.press("n")
    page.wait_for_url("**/incidents/new")
    ready(page)
    watched.expected_statuses.add(422)
    page.get_by_label("Title").fill("   ")
    page.get_by_role("button", name="Open the incident").click()
    expect(page.get_by_label("Title")).to_have_attribute("aria-invalid", "true")
    assert axe_violations(page) == []
    page.get_by_label("Title").fill("By hand")
    page.get_by_role("button", name="Open the incident").click()
    page.wait_for_url("**/incidents/INC-*")
