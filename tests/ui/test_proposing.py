"""The form of a proposal in a browser: what it begins with, and what it says of the cluster while it is filled in."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from tests.support.chromium import NARROW, WIDE, Watched, axe_violations, ready
from tests.support.product import Product
from tests.support.waiting import wait_until


def incident_of_an_alert(product: Product, **labels: str) -> str:
    """Send an alert with these labels; return the number of the incident it opened, as people write it."""
    name = f"Odd-{uuid.uuid4().hex[:8]}"
    alert = {"status": "firing", "labels": {"alertname": name, **labels}, "startsAt": "2026-11-01T12:00:00Z"}
    body = {"version": "4", "status": "firing", "groupKey": name, "alerts": [alert]}
    sent = requests.post(f"{product.url}/api/intake/alertmanager", json=body, headers=product.headers, timeout=10)
    assert sent.status_code == 202, sent.text

    def found() -> list[dict[str, Any]]:
        query = {"q": name, "limit": 1}
        answer = requests.get(f"{product.url}/api/incidents", params=query, headers=product.headers, timeout=10)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    wait_until(lambda: bool(found()), "the incident of the alert")
    return f"INC-{found()[0]['number']}"


@pytest.mark.parametrize(("size", "theme"), [(WIDE, "light"), (NARROW, "dark")])
def test_the_form_begins_with_what_the_incident_names_and_follows_what_is_chosen(
    open_as: Callable[..., Watched], product: Product, size: tuple[int, int], theme: str
) -> None:
    """The product's actions worker has no kubeconfig, so it can change no cluster: the form says so at once."""
    incident = incident_of_an_alert(product, cluster="lab", namespace="shop", deployment="cart", pod="cart-1")
    page = open_as("responder", size=size, theme=theme).page
    page.goto(f"{product.url}/incidents/{incident}/actions/new")
    ready(page)
    form, note = page.locator("#propose"), page.locator("#place-note")
    expect(form.get_by_role("combobox", name="Cluster")).to_have_value("lab")
    expect(form.get_by_label("Namespace")).to_have_value("shop")
    expect(form.get_by_label("Name", exact=True)).to_have_value("cart")
    expect(note).to_contain_text("No actions worker can change lab")
    expect(note).to_contain_text("FAULTLINE_ACTIONS_KUBECONFIG")
    assert axe_violations(page) == []

    # While the note is fetched, what is typed next stays.
    form.get_by_role("combobox", name="Cluster").fill("prod")
    form.get_by_label("Title").fill("Take the pod away")
    expect(note).to_contain_text("No actions worker can change prod")
    expect(form.get_by_label("Title")).to_have_value("Take the pod away")

    form.get_by_label("Verb").select_option("delete-pod")
    expect(form.get_by_label("Name", exact=True)).to_have_value("cart-1")
    expect(form.get_by_label("Kind")).to_have_value("Pod")
    expect(form.get_by_role("combobox", name="Cluster")).to_have_value("prod")
    expect(form.get_by_label("Title")).to_have_value("Take the pod away")
