"""The inbox in a browser, narrowed to the incidents of one test."""

import uuid
from typing import Any

import requests
from playwright.sync_api import Locator, Page

from tests.support.chromium import ready
from tests.support.product import Product


class Inbox:
    """The inbox narrowed to the incidents of one test, by a service that only they have."""

    def __init__(self, product: Product, page: Page) -> None:
        self.product, self.page = product, page
        self.service = f"svc-{uuid.uuid4().hex[:10]}"

    def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.request(
            method, f"{self.product.url}/api/incidents{path}", json=body, headers=self.product.headers, timeout=10
        )
        assert answer.ok, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def open(self, title: str, **fields: Any) -> dict[str, Any]:
        return self.send("POST", "", {"title": title, "services": [self.service], **fields})

    def change(self, incident: dict[str, Any], **fields: Any) -> None:
        self.send("PATCH", f"/{incident['id']}", fields)

    def show(self, query: str = "") -> None:
        self.page.goto(f"{self.product.url}/incidents?service={self.service}{query}")
        ready(self.page)
        # Told to the stream that a person would see: what comes from now on is not missed.
        self.page.wait_for_selector("html[data-inbox=ready][data-stream=live]", state="attached")

    @property
    def titles(self) -> Locator:
        return self.page.locator("#rows .row-text")

    def row(self, incident: dict[str, Any]) -> Locator:
        return self.page.locator(f"#row-{incident['number']}")
