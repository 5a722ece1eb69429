"""The graph of an incident in a real browser: asked for, drawn, walked through, compared, and without a script."""

import json
from collections.abc import Callable
from typing import Any

import requests
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.chromium import Watched, axe_violations, ready
from tests.support.product import Product
from tests.support.waiting import wait_until

CONFIG = "ConfigMap/shop/checkout-config"
CHECKOUT = "Deployment/shop/checkout"
# Cytoscape keeps itself at the element it draws in.
CY = "document.querySelector('.graph-canvas')._cyreg.cy"
SPOT = f"id => {{ const node = {CY}.getElementById(id); return node.renderedPosition(); }}"
VIEW = f"() => ({{zoom: {CY}.zoom(), pan: {CY}.pan()}})"


def call(product: Product, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(method, product.url + path, json=body, headers=product.headers, timeout=30)
    assert answer.status_code < 300, answer.text
    return answer.json()


def investigate(product: Product, incident: str, **body: Any) -> str:
    """Have the incident investigated; return the investigation once it is done."""
    asked = call(product, "POST", f"/api/incidents/{incident}/investigate", body)
    wait_until(lambda: call(product, "GET", f"/api/jobs/{asked['jobId']}")["state"] == "succeeded", "the investigation")
    name: str = asked["id"]
    return name


def an_incident(product: Product, title: str) -> str:
    labels = {"namespace": "shop", "deployment": "checkout", "service": "checkout"}
    number = call(product, "POST", "/api/incidents", {"title": title, "labels": labels})["number"]
    return f"INC-{number}"


def drawn(page: Page) -> None:
    ready(page)
    expect(page.locator(".graph[data-started=true]")).to_be_visible()


def click_on(page: Page, entity: str) -> None:
    spot = page.evaluate(SPOT, entity)
    page.locator(".graph-canvas").click(position={"x": spot["x"], "y": spot["y"]})


def test_a_graph_is_asked_for_drawn_and_walked_through(admin: Watched, product: Product) -> None:
    incident, page = an_incident(product, "Checkout fails, seen as a graph"), admin.page
    # The cluster that was mistyped first.
    admin.expected_statuses.add(409)
    page.goto(f"{product.url}/incidents/{incident}/graph")
    ready(page)
    page.get_by_label("Cluster", exact=True).fill("no-such-cluster")
    page.get_by_role("button", name="Investigate the cluster").click()
    page.get_by_role("button", name="Investigate in shop").click()
    page.get_by_role("link", name="Show it").click()
    drawn(page)
    assert page.locator(".graph-lane-name").all_text_contents()[:2] == ["edge", "app"]
    assert axe_violations(page) == []

    click_on(page, CONFIG)
    panel = page.locator("#graph-entity")
    expect(panel.get_by_role("heading", name="checkout-config")).to_be_visible()
    expect(panel.get_by_text("culprit").first).to_be_visible()
    assert "entity=ConfigMap%2Fshop%2Fcheckout-config" in page.url
    href = panel.get_by_role("link", name="The log of checkout says").get_attribute("href")
    assert f"/incidents/{incident}/evidence?investigation=" in str(href)
    assert str(href).endswith("#hypothesis-log-dns")

    # By keyboard alone: along an edge to its user, in, and from there on by the links of the panel.
    page.locator(".graph-canvas").focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(page.locator(".graph-spoken")).not_to_contain_text("ConfigMap")
    page.keyboard.press("Enter")
    expect(panel).to_be_focused()
    expect(panel.get_by_role("link", name="ConfigMap checkout-config").first).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="How to read it")).to_be_visible()

    link = page.locator(f'#graph-list [data-entity="{CHECKOUT}"]')
    link.focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="checkout", exact=True)).to_be_visible()

    page.get_by_role("checkbox", name="rbac").focus()
    page.keyboard.press("Space")
    expect(page.locator("#graph-layer-rbac")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("orders-db serv")
    expect(page.locator("#graph-list [data-row]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="orders-db")).to_be_visible()
    expect(panel.get_by_text("absent").first).to_be_visible()

    page.evaluate("document.documentElement.dataset.theme = 'dark'; document.dispatchEvent(new Event('themechange'))")
    assert axe_violations(page) == []


def test_a_newer_investigation_is_offered_and_compared_without_losing_the_place(
    admin: Watched, product: Product
) -> None:
    incident, page = an_incident(product, "Checkout fails, seen twice"), admin.page
    before = investigate(product, incident, cluster="shop", maxEntities=12)
    page.goto(f"{product.url}/incidents/{incident}/graph")
    drawn(page)
    page.get_by_role("button", name="Zoom in").click()
    view = page.evaluate(VIEW)

    investigate(product, incident, cluster="shop")
    page.get_by_role("link", name="Show what changed").click()
    page.wait_for_url(f"**/graph?from={before}")
    drawn(page)

    assert page.evaluate(VIEW) == view
    came = page.locator(".graph-diff .change-came").first.inner_text()
    assert int(came.removeprefix("+ ").split()[0]) > 20
    assert page.evaluate(f"() => {CY}.nodes('[change = \"came\"]').length") > 10
    expect(page.locator("#graph-list .change-came").first).to_be_visible()
    page.get_by_label("Light up").select_option("changed")
    expect(page.locator(f'#graph-list [data-row="{CHECKOUT}"]')).to_be_hidden()
    assert axe_violations(page) == []


def test_too_many_entities_are_grouped_and_counted(admin: Watched, product: Product) -> None:
    incident, page = an_incident(product, "Very many pods"), admin.page
    investigate(product, incident, cluster="shop", maxEntities=5)

    def answer(route: Route) -> None:
        graph = route.fetch().json()
        pod = {**graph["nodes"][0], "kind": "Pod", "namespace": "many", "state": "present", "is_seed": False}
        graph["nodes"] += [{**pod, "id": f"Pod/many/web-{number}", "name": f"web-{number}"} for number in range(3_000)]
        route.fulfill(body=json.dumps(graph), content_type="application/json")

    page.route("**/graph.json*", answer)
    page.goto(f"{product.url}/incidents/{incident}/graph")
    drawn(page)

    shown = page.evaluate(f"() => {CY}.nodes().length")
    assert shown <= 500
    expect(page.locator(".graph-note")).to_contain_text("3000 of them stand in 1 group.")
    click_on(page, page.evaluate(f"() => {CY}.nodes('[?group]')[0].id()"))
    expect(
        page.locator("#graph-entity").get_by_role("heading", name="3000 \N{MULTIPLICATION SIGN} Pod")
    ).to_be_visible()


def test_without_a_script_the_list_says_it_all(
    browser: Browser, product: Product, token_of: Callable[[str], str]
) -> None:
    incident = an_incident(product, "Checkout fails, read without a script")
    investigate(product, incident, cluster="shop")
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{product.url}/sign-in?next=/incidents/{incident}/graph")
        page.get_by_label("Token").fill(token_of("viewer"))
        page.get_by_role("button", name="Sign in").click()

        expect(page.locator(".graph-canvas")).to_be_hidden()
        page.locator(f'#graph-list [data-entity="{CONFIG}"]').click()

        expect(page.locator("#graph-entity").get_by_role("heading", name="checkout-config")).to_be_visible()
    finally:
        context.close()
