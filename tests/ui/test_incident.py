"""The page of an incident in a browser, with a second person at work on the same one."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support.chromium import NARROW, Watched, axe_violations, ready
from tests.support.product import Product

_AWAIT_HEADER = """() => { window.headerSettled = new Promise((go) => document.addEventListener("htmx:afterSettle",
    (event) => event.target.id === "incident-header" && go())); }"""
TABS = ("", "/signals", "/jobs", "/report")


@dataclass
class Case:
    """An incident, and a second client that works on it over the API."""

    product: Product
    token: str
    ref: str

    @property
    def url(self) -> str:
        return f"{self.product.url}/incidents/{self.ref}"

    def call(self, method: str, path: str = "", **body: Any) -> dict[str, Any]:
        answer = requests.request(
            method,
            f"{self.product.url}/api/incidents/{self.ref}{path}",
            json=body if method != "GET" else None,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def open_in(self, page: Page, tab: str = "") -> None:
        page.goto(self.url + tab)
        ready(page)
        page.wait_for_selector("html[data-stream=live]", state="attached")
        page.wait_for_selector("[data-module=incident][data-ready=true]", state="attached")


@pytest.fixture
def case(product: Product, token_of: Callable[[str], str]) -> Case:
    token = token_of("responder")
    body = {"title": f"Payments fail {uuid.uuid4().hex[:6]}", "severity": "high", "services": ["payments"]}
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{product.url}/api/incidents", json=body, headers=headers, timeout=10)
    return Case(product, token, answer.json()["ref"])


def entries(page: Page) -> list[str]:
    return page.locator(".timeline .entry-what").all_inner_texts()


def test_notes_of_a_second_client_arrive_in_order_while_a_draft_is_typed(admin: Watched, case: Case) -> None:
    page = admin.page
    case.open_in(page)
    note = page.get_by_label("Note", exact=True)
    note.fill("half a thou")
    note.focus()

    for text in ("first from afar", "second from afar"):
        case.call("POST", "/timeline", message=text)
        expect(page.locator("#timeline")).to_contain_text(text)

    assert [text for text in entries(page) if "from afar" in text] == ["second from afar", "first from afar"]
    expect(note).to_have_value("half a thou")
    expect(note).to_be_focused()
    page.reload()
    ready(page)
    expect(note).to_have_value("half a thou")

    note.press_sequentially("ght")
    note.press("Control+Enter")
    expect(page.locator(".timeline .entry").first).to_contain_text("half a thought")
    expect(note).to_have_value("")
    page.get_by_role("link", name="↓ Newest first").click()
    expect(page.locator(".timeline .entry").last).to_contain_text("half a thought")
    page.get_by_role("link", name="Notes", exact=True).click()
    expect(page.locator(".timeline .entry")).to_have_count(3)
    assert page.url == f"{case.url}?kind=notes&order=oldest"
    case.call("POST", "/timeline", message="third from afar")
    expect(page.locator(".timeline .entry").last).to_contain_text("third from afar")


def test_only_allowed_moves_are_there_and_those_with_a_reason_ask_for_it(admin: Watched, case: Case) -> None:
    page = admin.page
    case.open_in(page)
    moves = page.locator(".incident-moves")
    expect(moves.locator("> form button, > button")).to_have_text(["Acknowledge", "Investigate", "Resolve"])

    case.call("PATCH", status="investigating")
    expect(moves.locator("> form button, > button")).to_have_text(["Mark mitigated", "Back to triage", "Resolve"])
    moves.get_by_role("button", name="Mark mitigated").click()
    expect(page.locator("#incident-header .status")).to_have_text("mitigated")
    moves.get_by_text("More").click()
    expect(page.get_by_role("button", name="Cancel incident")).to_have_count(0)
    page.keyboard.press("Escape")

    moves.get_by_role("button", name="Resolve").click()
    moves.get_by_role("button", name="Start postmortem").click()
    moves.get_by_role("button", name="Reopen").click()
    dialog = page.get_by_role("dialog", name=f"Reopen {case.ref}")
    dialog.get_by_label("Reason").fill("It came back.")
    dialog.get_by_role("button", name="Reopen").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#incident-header .status")).to_have_text("investigating")
    expect(page.locator("#timeline")).to_contain_text("It came back.")


def test_a_button_that_was_pressed_says_what_it_does_next(admin: Watched, case: Case) -> None:
    page = admin.page
    case.open_in(page)
    buttons = page.locator(".incident-moves").locator("> form button, > button")
    buttons.get_by_text("Acknowledge").click()

    expect(page.locator("#incident-header .status")).to_have_text("triage")
    # It has the focus still.
    expect(buttons).to_have_text(["Investigate", "Mark mitigated", "Resolve"])
    buttons.get_by_text("Investigate").click()
    expect(page.locator("#incident-header .status")).to_have_text("investigating")
    expect(buttons).to_have_text(["Mark mitigated", "Back to triage", "Resolve"])


def test_an_edit_that_somebody_overtook_is_refused_and_keeps_what_was_typed(admin: Watched, case: Case) -> None:
    page, _ = admin.page, admin.expected_statuses.add(412)
    case.open_in(page)
    page.get_by_role("button", name="Edit the incident").first.click()
    dialog = page.get_by_role("dialog", name=f"Edit {case.ref}")
    dialog.get_by_label("Title").fill("What I think it is")

    case.call("PATCH", title="What somebody else thinks")
    expect(page.locator("h1")).to_have_text("What somebody else thinks")
    page.evaluate(_AWAIT_HEADER)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("version_conflict")
    # Also when the header behind the dialog was fetched anew.
    page.evaluate("window.headerSettled")
    expect(dialog.get_by_role("alert")).to_contain_text("version_conflict")
    expect(dialog.get_by_label("Title")).to_have_value("What I think it is")

    expect(dialog.locator("input[name=version]")).to_have_value("2")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("What I think it is")


def test_a_job_that_failed_says_why_and_is_done_again(admin: Watched, case: Case) -> None:
    page = admin.page
    case.open_in(page, "/jobs")
    expect(page.get_by_text("No jobs")).to_be_visible()

    case.call("POST", "/investigate", cluster="gone")
    failed = page.locator(".job", has_text="cluster_unusable")
    expect(failed).to_have_count(1)
    expect(page.locator(".tabs")).to_contain_text("1 failed")
    failed.get_by_role("button", name="Do it again").click()

    expect(failed).to_have_count(2)
    expect(page.locator(".job", has_text="done again")).to_have_count(1)
    expect(page.get_by_role("button", name="Do it again")).to_have_count(1)


def test_it_is_worked_by_keyboard_alone(admin: Watched, case: Case) -> None:
    page = admin.page
    case.open_in(page)

    page.keyboard.press("n")
    page.keyboard.type("Looking.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline")).to_contain_text("Looking.")
    page.get_by_role("button", name="Acknowledge").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#incident-header .status")).to_have_text("triage")
    page.locator("#owner-menu > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#owner-menu > summary")).to_have_text("admin")
    page.locator("#add-task > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Raise the limit")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Done: Raise the limit").focus()
    page.keyboard.press("Space")
    expect(page.locator("#tasks")).to_contain_text("1 done or cancelled")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("7")
    page.wait_for_url(f"{case.url}/report")


@pytest.mark.parametrize(("size", "theme"), [((1440, 900), "light"), (NARROW, "dark")])
def test_every_tab_is_accessible_and_fits(
    open_as: Callable[..., Watched], case: Case, size: tuple[int, int], theme: str
) -> None:
    case.call("PATCH", description="**Card** payments", labels={"team": "pay", "x" * 60: "y" * 200}, owner="ann")
    case.call("POST", "/timeline", message="`a` note\n\n- with\n- a list")
    case.call("POST", "/tasks", title="Raise the limit", dueAt="2026-01-01T00:00:00Z", owner="ann")
    page = open_as("approver", size=size, theme=theme).page

    for tab in TABS:
        case.open_in(page, tab)
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_after_an_answer_that_was_lost_other_words_can_be_sent(admin: Watched, case: Case) -> None:
    page, notes = admin.page, []
    admin.expected_statuses.add(422)
    case.open_in(page)
    # The gateway takes it, and the answer never comes.
    page.route("**/notes", lambda route: (notes.append(route.fetch().status), route.abort()))
    page.locator("#note").fill("First words")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#messages")).to_contain_text("still here")
    page.unroute("**/notes")

    page.locator("#note").fill("Other words")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".problem").first).to_contain_text("did arrive")
    page.locator("#note").focus()
    page.keyboard.press("Control+Enter")

    expect(page.locator("#timeline")).to_contain_text("Other words")
    expect(page.locator("#timeline")).to_contain_text("First words")
    assert notes == [204]
    # The console tells of the request that was cut off, thrice.
    cut_off = ("htmx:afterRequest", "htmx:sendError", "ERR_FAILED")
    admin.problems[:] = [one for one in admin.problems if not any(word in one for word in cut_off)]
