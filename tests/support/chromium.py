"""A real browser for tests: Debian's Chromium, driven by Playwright, whose page reports whatever went wrong in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

AXE = Path(__file__).resolve().parents[2] / "services/gateway/ui/web/node_modules/axe-core/axe.min.js"
# No sandbox: CI runs as root, where Chromium refuses to start with one. It visits this machine and nothing else.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
_AXE_RUN = """
async () => {
    const where = (node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`;
    const {violations} = await axe.run(document, {resultTypes: ["violations"]});
    return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map(where).join(" | ")}`);
}
"""
WIDE, NARROW = (1440, 900), (390, 844)


@dataclass
class Watched:
    """A page, and what went wrong in it: errors of scripts and of the console, and violations of the policy."""

    page: Page
    problems: list[str] = field(default_factory=list)
    # Answers of these statuses are part of the story of the test; the console tells of each.
    expected_statuses: set[int] = field(default_factory=set)

    def hear(self, message: ConsoleMessage) -> None:
        """Take in a line of the console."""
        if message.type not in {"error", "warning"}:
            return
        if any(f"status of {status} " in message.text for status in self.expected_statuses):
            return
        self.problems.append(f"{message.type}: {message.text} at {message.location.get('url', '')}")


def program() -> str | None:
    """Return the path of Chromium; None where this machine has none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Run Chromium until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def a_watched_page(context: BrowserContext) -> Iterator[Watched]:
    """Open a page whose problems fail the test that uses it, at its end."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.add_init_script(_TELL_VIOLATIONS)
    watched = Watched(page)
    page.on("console", watched.hear)
    page.on("pageerror", lambda error: watched.problems.append(f"script: {error}"))
    try:
        yield watched
    finally:
        page.close()
    assert watched.problems == []


def a_context(
    browser: Browser, *, size: tuple[int, int] = WIDE, theme: Literal["light", "dark"] = "light"
) -> BrowserContext:
    """Return a browser's profile of its own: no cookie, this size, and this theme as the system's."""
    return browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, reduced_motion="reduce", locale="en-GB"
    )


def sign_in(page: Page, url: str, token: str) -> None:
    """Sign in by the form, as a person does."""
    page.goto(f"{url}/sign-in")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)
    ready(page)


def ready(page: Page) -> None:
    """Wait until the scripts of the page are at work."""
    page.wait_for_selector("html[data-ready=true]", state="attached")


def axe_violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it is now, a line each."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(_AXE_RUN)
    return found
