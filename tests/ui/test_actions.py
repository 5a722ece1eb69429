"""An action from proposal to its output in a browser; no request forged from the page's session gets past the gate."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.chromium import NARROW, Watched, a_context, a_watched_page, axe_violations, ready, sign_in
from tests.support.commands import CHECKER_POLICY, write_program
from tests.support.product import Product, running_product
from tests.support.waiting import wait_until

# Says its first word, and ends once the test has seen it.
CHECKER = """
import os, time
print('looking at the pool', flush=True)
while not os.path.exists({go_on!r}):
    time.sleep(0.05)
print('-free 0 of 12')
print('+free 9 of 12')
"""
FORGE = """
async ([path, body, proof]) => {
    const headers = {"Content-Type": "application/json"};
    if (proof) headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf-token]").content;
    const answer = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
    return [answer.status, (await answer.json()).code ?? ""];
}
"""
FORGE_FORMS = """
async ([address, digest]) => {
    const csrfToken = document.querySelector("meta[name=csrf-token]").content;
    const send = async (call, form) =>
        (await fetch(`${address}/${call}`, {method: "POST", body: new URLSearchParams(form)})).status;
    return [
        await send("approve", {digest, csrfToken}),
        await send("execute", {csrfToken}),
        await send("execute", {}),
    ];
}
"""


@dataclass
class Site:
    """A product of its own, which can be started again at the same address."""

    folder: Path
    port: int
    go_on: Path

    def run(self) -> Any:
        settings = {"FAULTLINE_PORT": str(self.port), "FAULTLINE_ACTIONS_COMMANDS": str(self.folder / "commands.toml")}
        return running_product(self.folder, **settings)


@pytest.fixture
def site(browser: Browser, tmp_path: Path) -> Site:
    (tmp_path / "commands.toml").write_text(CHECKER_POLICY.format(folder=tmp_path))
    go_on = tmp_path / "go-on"
    write_program(tmp_path, "checker", CHECKER.format(go_on=str(go_on)))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return Site(tmp_path, port, go_on)


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    made: list[BrowserContext] = []

    def make(**look: Any) -> BrowserContext:
        made.append(a_context(browser, **look))
        return made[-1]

    yield make
    for context in made:
        context.close()


def token(product: Product, name: str, role: str) -> str:
    body = {"name": name, "role": role}
    answer = requests.post(f"{product.url}/api/tokens", json=body, headers=product.headers, timeout=10)
    return str(answer.json()["token"])


def forge(page: Page, path: str, body: Any, *, proof: bool = True) -> tuple[int, str]:
    """Send what a script in the page could send; return the status and code of the answer."""
    status, code = page.evaluate(FORGE, [path, body, proof])
    return status, code


def state(product: Product, href: str) -> str:
    return str(requests.get(product.url + href, headers=product.headers, timeout=10).json()["state"])


def propose(page: Page, incident: str) -> None:
    """Fill the form in as a person does, to the page of the action."""
    page.goto(f"{incident}/actions")
    ready(page)
    page.get_by_role("link", name="Propose an action").click()
    form = page.locator("#propose")
    form.get_by_text("Command", exact=True).click()
    form.get_by_label("Program and arguments").fill("checker\nstatus")
    form.get_by_label("Title").fill("Look at the pool")
    form.get_by_label("Target").fill("here")
    form.get_by_role("button", name="Propose").click()
    page.wait_for_url("**/actions/act_*")
    ready(page)


def refuse_forged(responder: Page, href: str, other: str, product: Product) -> None:
    """Nothing that is sent from the session of a responder's page approves or executes; the state says so."""
    digest = requests.get(product.url + href, headers=product.headers, timeout=10).json()["reviewDigest"]
    before = state(product, href)
    yes = {"approved": True, "digest": digest}

    assert forge(responder, f"{href}/execute", {}) == (403, "action_not_approved")
    assert forge(responder, f"{href}/approve", yes) == (403, "forbidden")
    assert forge(responder, f"{href}/execute", {}, proof=False) == (403, "csrf_failed")
    # The routes of the forms are no way around.
    assert responder.evaluate(FORGE_FORMS, [other, digest]) == [403, 403, 403]
    assert state(product, href) == before


def test_nothing_is_executed_before_it_is_approved_and_its_output_outlives_a_restart(
    site: Site, contexts: Callable[..., BrowserContext]
) -> None:
    with site.run() as product:
        url = product.url
        rita, abe = token(product, "rita", "responder"), token(product, "abe", "approver")
        opened = requests.post(
            f"{url}/api/incidents", json={"title": "Slow"}, headers=product.headers, timeout=10
        ).json()
        incident = f"{url}/incidents/INC-{opened['number']}"
        with a_watched_page(contexts()) as one, a_watched_page(contexts(size=NARROW, theme="dark")) as two:
            sign_in(one.page, url, rita)
            sign_in(two.page, url, abe)
            href = story_until_executing(one, two, product, incident)
            see_it_run(one.page, site)
            address, shown = one.page.url, one.page.get_by_role("region", name="What it put out").inner_text()
            assert state(product, href) == "executed"
            two.page.goto(address)
            ready(two.page)
            assert [axe_violations(two.page), axe_violations(one.page)] == [[], []]
            two.page.goto(f"{url}/actions?show=done")
            expect(two.page.get_by_role("link", name="Look at the pool")).to_be_visible()

    with site.run() as product, a_watched_page(contexts()) as one:
        sign_in(one.page, url, rita)
        one.page.goto(address)
        assert one.page.get_by_role("region", name="What it put out").inner_text() == shown


def story_until_executing(one: Watched, two: Watched, product: Product, incident: str) -> str:
    """Propose, be refused, have it approved, and execute; return the path of the action at the API."""
    responder, approver = one.page, two.page
    propose(responder, incident)
    action = responder.url.rpartition("/")[2]
    href = f"/api{incident.removeprefix(product.url)}/actions/{action}"
    expect(responder.locator("#execute").get_by_role("button")).to_have_count(0)
    expect(responder.get_by_text("1 approval is missing")).to_be_visible()
    one.expected_statuses = {403}
    refuse_forged(responder, href, responder.url.removeprefix(product.url), product)

    two.expected_statuses = {409}
    approver.goto(responder.url)
    ready(approver)
    assert forge(approver, f"{href}/approve", {"approved": True, "digest": "0" * 64}) == (409, "action_changed")
    # While the approver reads, the responder adds what there is to see: the page says so, and the API refuses.
    responder.get_by_text("Attach a preview").click()
    responder.get_by_label("What a dry run put out").fill("-free 0 of 12\n+free 12 of 12")
    responder.get_by_role("button", name="Attach").click()
    expect(approver.get_by_text("There is something else to see")).to_be_visible()
    approver.locator("#approve").get_by_label("Reason").fill("It only looks.")
    approver.get_by_role("button", name="Approve exactly this").click()
    approver.get_by_role("link", name="Show it as it is now").click()
    ready(approver)
    expect(approver.locator(".diff-added")).to_contain_text("free 12 of 12")
    approver.locator("#approve").get_by_label("Reason").fill("It only looks.")
    approver.get_by_role("button", name="Approve exactly this").click()

    # Without a reload: the stream tells the responder's page.
    execute = responder.locator("#execute").get_by_role("button")
    expect(execute).to_be_visible()
    expect(responder.get_by_text("It only looks.")).to_be_visible()
    wait_until(lambda: 'service="actions"' in metrics(product), "an actions worker")
    execute.click()
    return href


def metrics(product: Product) -> str:
    return requests.get(f"{product.url}/metrics", timeout=10).text


def see_it_run(page: Page, site: Site) -> None:
    """What the command puts out is seen while it runs, and all of it at its end."""
    expect(page.get_by_role("heading", name="Under way")).to_be_visible()
    expect(page.locator(".output")).to_contain_text("looking at the pool", timeout=30_000)
    site.go_on.touch()
    expect(page.get_by_role("heading", name="Execution")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("region", name="What it put out")).to_contain_text("free 9 of 12")
    expect(page.get_by_text("exit code 0")).to_be_visible()
