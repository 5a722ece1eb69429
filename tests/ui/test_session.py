"""A session that ends while somebody works: nothing typed is lost, sent twice, or sent in another's name."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support.chromium import Watched, ready, sign_in
from tests.support.product import Product

OpenAs = Callable[..., Watched]


@dataclass
class Person:
    """Somebody with a token of their own."""

    product: Product
    name: str
    token_id: str
    token: str

    def end_sessions(self) -> None:
        """End every session of theirs, as an admin does who revokes them."""
        listed = self._call("GET", "/api/sessions", params={"tokenId": self.token_id, "state": "live"}).json()
        for session in listed["items"]:
            self._call("DELETE", f"/api/sessions/{session['id']}")

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = requests.request(method, self.product.url + path, headers=self.product.headers, timeout=10, **options)
        assert answer.status_code < 300, answer.text
        return answer


@pytest.fixture
def a_person(product: Product) -> Callable[..., Person]:
    def make(role: str = "responder") -> Person:
        body = {"name": f"p-{uuid.uuid4().hex[:8]}", "role": role}
        made = requests.post(f"{product.url}/api/tokens", json=body, headers=product.headers, timeout=10).json()
        return Person(product, made["name"], made["id"], made["token"])

    return make


def opened(product: Product, title: str) -> list[str]:
    """Return who opened each incident of this title."""
    headers = product.headers
    found = requests.get(f"{product.url}/api/incidents", params={"q": title}, headers=headers, timeout=10).json()
    paths = [f"{product.url}/api/incidents/{one['id']}/timeline" for one in found["items"]]
    return [requests.get(path, headers=headers, timeout=10).json()["items"][0]["actor"] for path in paths]


def type_incident(page: Page, url: str, title: str) -> None:
    page.goto(f"{url}/incidents/new")
    ready(page)
    page.locator('main [name="title"]').fill(title)


def send(page: Page) -> None:
    page.locator('main form[action="/incidents/new"] button.primary').click()


def sign_in_again(page: Page, token: str) -> None:
    dialog = page.get_by_role("dialog", name="Your session is over")
    dialog.get_by_label("Token").fill(token)
    dialog.get_by_role("button", name="Sign in").click()


def test_what_was_typed_arrives_once_after_signing_in_again(
    product: Product, open_as: OpenAs, a_person: Callable[[], Person]
) -> None:
    ann, title = a_person(), f"typed {uuid.uuid4().hex}"
    watched = open_as("viewer")
    watched.expected_statuses.add(401)
    page = watched.page
    sign_in(page, product.url, ann.token)
    type_incident(page, product.url, title)

    ann.end_sessions()
    send(page)
    sign_in_again(page, "flt_wrong")
    expect(page.get_by_role("dialog").locator(".problem")).to_be_visible()
    expect(page.locator('main [name="title"]')).to_have_value(title)
    assert opened(product, title) == []

    sign_in_again(page, ann.token)
    page.wait_for_url("**/incidents/INC-*")

    assert opened(product, title) == [f"token:{ann.name}"]


def test_a_button_of_a_menu_says_the_same_after_signing_in_again(
    product: Product, open_as: OpenAs, a_person: Callable[[], Person]
) -> None:
    ann, body = a_person(), {"title": f"owned {uuid.uuid4().hex}", "owner": "ben"}
    made = requests.post(f"{product.url}/api/incidents", json=body, headers=product.headers, timeout=10).json()
    watched = open_as("viewer")
    watched.expected_statuses.add(401)
    page = watched.page
    sign_in(page, product.url, ann.token)
    page.goto(f"{product.url}/incidents/INC-{made['number']}")
    ready(page)
    for wanted in (ann.name, "Nobody"):
        ann.end_sessions()
        page.locator("#owner-menu > summary").click()
        page.locator("#owner-menu").get_by_role("button", name="Assign to me" if wanted == ann.name else wanted).click()

        sign_in_again(page, ann.token)

        expect(page.locator("#owner-menu > summary")).to_have_text(wanted)


def test_what_one_typed_is_not_sent_in_anothers_name(
    product: Product, open_as: OpenAs, a_person: Callable[[], Person]
) -> None:
    ann, ben, title = a_person(), a_person(), f"typed {uuid.uuid4().hex}"
    watched = open_as("viewer")
    watched.expected_statuses.add(401)
    page = watched.page
    sign_in(page, product.url, ann.token)
    type_incident(page, product.url, title)
    ann.end_sessions()
    send(page)

    sign_in_again(page, ben.token)

    expect(page.get_by_text("Nothing was sent")).to_be_visible()
    expect(page.locator(".menu-name")).to_have_text(ben.name)
    expect(page.locator('main [name="title"]')).to_have_value(title)
    assert opened(product, title) == []

    send(page)
    page.wait_for_url("**/incidents/INC-*")
    assert opened(product, title) == [f"token:{ben.name}"]


def test_a_session_begun_in_another_tab_is_taken_over_and_signing_out_ends_it(
    product: Product, open_as: OpenAs, a_person: Callable[[], Person]
) -> None:
    ann, title = a_person(), f"typed {uuid.uuid4().hex}"
    watched = open_as("viewer")
    watched.expected_statuses |= {401, 403}
    page = watched.page
    sign_in(page, product.url, ann.token)
    type_incident(page, product.url, title)
    other = page.context.new_page()
    other.goto(f"{product.url}/incidents/new")
    ready(other)
    other.locator(".menu > summary").click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/sign-in")
    assert other.request.get(f"{product.url}/api/me").status == 401
    sign_in(other, product.url, ann.token)

    send(page)

    page.wait_for_url("**/incidents/INC-*")
    assert opened(product, title) == [f"token:{ann.name}"]


def test_a_button_that_a_refusal_offered_does_what_it_says_after_signing_in_again(
    product: Product, open_as: OpenAs, a_person: Callable[..., Person]
) -> None:
    ann, rule = a_person("admin"), {"id": f"r-{uuid.uuid4().hex[:8]}", "name": "Theirs"}

    def put(**parts: Any) -> int:
        answer = requests.put(f"{product.url}/api/rules", json=parts, headers=product.headers, timeout=10)
        return int(answer.json()["version"])

    watched = open_as("viewer")
    watched.expected_statuses.update({401, 412})
    page = watched.page
    sign_in(page, product.url, ann.token)
    page.goto(f"{product.url}/operations/rules/edit")
    ready(page)
    now = put(grouping=[rule])
    page.get_by_role("button", name="Put into force").click()
    ann.end_sessions()
    page.get_by_role("button", name=f"Go on, based on version {now}").click()
    sign_in_again(page, ann.token)

    expect(page.locator("#rules-base")).to_contain_text(f"Based on version {now}, in force.")
    expect(page.locator(".problem")).to_have_count(0)
    put(reason="the test is over")
