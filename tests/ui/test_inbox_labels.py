"""The labels of the inbox's rows in a browser: what has room on a line, and how a person gets at the others."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium import NARROW, WIDE, Watched, axe_violations
from tests.support.inbox_page import Inbox
from tests.support.product import Product

# More than a row lays out.
LABELS = {"cluster": "eu-1", "namespace": "shop", **{f"key-{n}": f"value {n}" for n in range(18)}}
# Of a row's line of labels: those that are seen, whether they keep within it, and how many are said to be more.
_SEEN = """(row) => {
    const line = row.querySelector(".labels-line");
    const edge = line.getBoundingClientRect();
    const seen = [...line.children].filter((one) => getComputedStyle(one).visibility === "visible");
    const keeps = seen.every((one) => {
        const {right, bottom} = one.getBoundingClientRect();
        return right <= edge.right + 0.5 && bottom <= edge.bottom + 0.5;
    });
    return [seen.length, keeps, Number(row.querySelector(".labels-more span").textContent)];
}"""
_IS_SCROLLED_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def inbox(admin: Watched, product: Product) -> Inbox:
    return Inbox(product, admin.page)


@pytest.mark.parametrize(("size", "least"), [(WIDE, 2), (NARROW, 2), ((1000, 800), 1)])
def test_a_row_shows_the_labels_that_fit_on_one_line_and_counts_the_others(
    open_as: Callable[..., Watched], product: Product, size: tuple[int, int], least: int
) -> None:
    inbox = Inbox(product, open_as("viewer", size=size).page)
    row = inbox.row(inbox.open("Many labels", labels=LABELS))
    inbox.row(inbox.open("None", services=[]))
    inbox.show()

    expect(row.locator(".labels-more")).to_be_visible()
    seen, keeps, rest = row.evaluate(_SEEN)
    assert (keeps, seen + rest) == (True, len(LABELS) + 1)
    assert seen >= least
    assert not inbox.page.evaluate(_IS_SCROLLED_SIDEWAYS)
    # What is cut is no stop of Tab; one line it is, whatever is cut.
    expect(row.locator(".labels-line li").nth(seen)).to_be_hidden()
    assert row.locator(".labels-line").bounding_box()["height"] < 30

    # Another width, another count.
    inbox.page.set_viewport_size({"width": 1900, "height": 900})
    expect(row.locator(".labels-more span").first).not_to_have_text(f"+{rest}")
    seen, keeps, rest = row.evaluate(_SEEN)
    assert (keeps, seen + rest) == (True, len(LABELS) + 1)


def test_all_labels_are_reached_by_keys_and_one_narrows_the_list(inbox: Inbox) -> None:
    incident = inbox.open("Many labels", labels=LABELS)
    inbox.open("Another", labels={"key-7": "else"})
    inbox.show()
    page, row = inbox.page, inbox.row(incident)
    panel = page.get_by_role("group", name=f"All labels of INC-{incident['number']}")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    seen, _, rest = row.evaluate(_SEEN)

    # The checkbox, the title, the labels that are seen, and then the count.
    for _ in range(2 + seen + 1):
        page.keyboard.press("Tab")
    expect(row.get_by_role("button", name=f"+{rest} more")).to_be_focused()
    expect(panel.get_by_role("link")).to_have_count(len(LABELS) + 1)
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(row.locator(".labels-more")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("link").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(row.locator(".labels-more")).to_be_focused()
    # The key was for what was shown, and not for the selection.
    expect(page.locator("#selected-count")).to_have_text("1 selected")
    page.keyboard.press("Enter")
    panel.get_by_role("link", name="key-7 value 7").focus()
    page.keyboard.press("Enter")

    page.wait_for_url("**label=key-7%3Avalue+7*")
    expect(inbox.titles).to_have_text(["Many labels"])
    expect(row).to_be_focused()
    expect(panel).to_be_hidden()
    page.go_back()
    expect(inbox.titles).to_have_text(["Another", "Many labels"])


def test_all_labels_are_shown_to_a_pointer_for_as_long_as_it_is_there(inbox: Inbox) -> None:
    incident = inbox.open("Many labels", labels=LABELS)
    inbox.show()
    page, row = inbox.page, inbox.row(incident)
    before = row.bounding_box()
    row.locator(".labels-more").hover()
    panel = page.locator("#row-labels")

    expect(panel).to_be_visible()
    assert row.bounding_box() == before
    inbox.change(incident, title="Renamed")
    expect(inbox.titles).to_have_text(["Renamed"])
    expect(panel).to_be_visible()
    expect(row.locator(".labels-more span").first).not_to_have_text("+0")
    page.locator("#q").hover()
    expect(panel).to_be_hidden()
    row.locator(".labels-line a").nth(1).click()
    page.wait_for_url("**label=namespace%3Ashop*")
    expect(row.locator(".labels-line a").nth(1)).to_have_attribute("aria-current", "true")
