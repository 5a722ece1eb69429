"""A browser for tests: it signs in, keeps its cookie, and writes as our own pages do."""

from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from tests.support.gateway import GatewayUnderTest


@dataclass(slots=True)
class Browser:
    """Keeps what signing in gave it. A header that is given as None is left out."""

    gw: GatewayUnderTest
    cookie: str = ""
    csrf: str = ""
    session_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Make a request as a page of ours would."""
        headers: dict[str, str | None] = {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": self.csrf, **self.headers}
        headers |= options.pop("headers", {})
        if self.cookie:
            headers["Cookie"] = self.cookie
        shown = {name: value for name, value in headers.items() if value is not None}
        return self.gw.call(method, path, role=None, headers=shown, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        """Read."""
        return self.call("GET", path, **options)

    def sign_in(self, token: str) -> TestResponse:
        """Sign in and keep what comes back."""
        begun = self.call("POST", "/api/session", json={"token": token})
        assert begun.status_code == 201, begun.text
        body: dict[str, Any] = begun.json or {}
        self.cookie = begun.headers["Set-Cookie"].partition(";")[0]
        self.csrf, self.session_id = body["csrfToken"], body["id"]
        return begun


def a_browser(gw: GatewayUnderTest, token: str) -> Browser:
    """Return a browser that signed in with ``token``."""
    browser = Browser(gw)
    browser.sign_in(token)
    return browser
