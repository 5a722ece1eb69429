import uuid
from collections.abc import Callable
from typing import Any

import requests
from playwright.sync_api import Page, expect

from tests.support.chromium import NARROW, Watched, axe_violations, ready
from tests.support.product import Product
from tests.support.waiting import wait_until

expect.set_options(timeout=15_000)


def call(product: Product, method: str, path: str, body: Any = None, token: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else product.headers
    return requests.request(method, product.url + path, json=body, headers=headers, timeout=10)


def visit(page: Page, product: Product, path: str) -> None:
    page.goto(product.url + path)
    ready(page)


def state_of(product: Product, job: str) -> str:
    return str(call(product, "GET", f"/api/jobs/{job}").json()["state"])


def a_name() -> str:
    return f"ops-{uuid.uuid4().hex[:8]}"


def test_a_job_that_failed_is_seen_as_it_fails_and_is_done_again(admin: Watched, product: Product) -> None:
    page = admin.page
    page.clock.install()
    visit(page, product, "/operations")
    asked = {"context": a_name(), "namespace": "shop", "kind": "Deployment", "name": "checkout"}
    job = call(product, "POST", "/api/quickdx", asked).json()["jobId"]

    wait_until(lambda: state_of(product, job) == "failed", "the job to fail")
    # The stream tells of jobs of incidents only; the page asks now and then for the others.
    page.clock.fast_forward(10_000)
    dead = page.locator(f"#dead-{job}")
    expect(dead).to_contain_text("cluster_unusable")
    dead.get_by_role("button", name="Re-drive").click()
    page.wait_for_url(lambda address: "/operations/jobs/" in address and job not in address)
    again = page.url.rsplit("/", 1)[1]

    ready(page)
    wait_until(lambda: state_of(product, again) == "failed", "the job done again to fail")
    page.clock.fast_forward(10_000)
    expect(page.locator("#job-title")).to_contain_text("dead letter")
    expect(page.locator(f"#chain-{job}")).to_be_visible()
    expect(page.locator(f"#chain-{again}")).to_contain_text("this job")
    assert axe_violations(page) == []
    visit(page, product, f"/operations/jobs/{job}")
    expect(page.locator(f"#chain-{again}")).to_be_visible()


def test_what_was_quarantined_is_understood_after_the_mapping_was_mended(admin: Watched, product: Product) -> None:
    page, name = admin.page, a_name()
    call(product, "PUT", "/api/mapping", {"paths": {}})
    sent = call(product, "POST", "/api/intake/webhook", {"fault": {"headline": name}}).json()["deliveryId"]
    visit(page, product, f"/operations/deliveries/{sent}")

    expect(page.locator("#delivery")).to_contain_text("It was not understood.")
    assert axe_violations(page) == []
    page.get_by_role("link", name="mapping").click()
    page.get_by_label("Paths by field").fill('{\n  "titel": ["fault.headline"]\n}')
    admin.expected_statuses.add(422)
    page.get_by_role("button", name="Put into force").click()
    expect(page.locator(".problem")).to_contain_text("line 2: paths.titel")
    page.get_by_label("Paths by field").fill('{"title": ["fault.headline"]}')
    page.get_by_role("button", name="Try on the last 20 deliveries").click()
    expect(page.locator(f"#previewed-{sent}")).to_contain_text(name)
    page.get_by_role("button", name="Put into force").click()
    expect(page.locator("#messages")).to_contain_text("is in force.")

    visit(page, product, f"/operations/deliveries/{sent}")
    page.get_by_role("button", name="Replay", exact=True).click()
    page.wait_for_url(lambda address: sent not in address)
    expect(page.locator("#delivery")).to_contain_text("opened")
    expect(page.locator("#delivery")).to_contain_text(name)
    call(product, "PUT", "/api/mapping", {"paths": {}})


def test_rules_are_tried_on_the_past_and_then_put_into_force(admin: Watched, product: Product) -> None:
    page, name = admin.page, a_name()
    alert = {"title": f"{name} is down", "service": name, "severity": "low"}
    sent = call(product, "POST", "/api/intake/webhook", alert).json()["deliveryId"]
    visit(page, product, f"/operations/deliveries/{sent}")
    expect(page.locator("#delivery")).to_contain_text("opened")
    # Whatever other tests left there: a form may have no place for it.
    version = call(product, "PUT", "/api/rules", {"reason": "the test begins"}).json()["version"]
    visit(page, product, "/operations/rules/edit")
    page.get_by_role("button", name="Edit as JSON").click()
    text = page.get_by_label("Grouping and ownership")

    admin.expected_statuses.add(422)
    text.fill(f'{{"grouping": [\n  {{"id": "{name}", "name": "Mine", "when": "signal.servce == \'x\'"}}\n]}}')
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".problem")).to_contain_text("line 2: grouping[0].when")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="History").click()
    expect(text).to_be_visible()
    assert asked == ["beforeunload"], "what was typed is not left without a word"
    text.fill(f'{{"grouping": [{{"id": "{name}", "name": "Mine", "match": {{"services": ["{name}"]}}}}]}}')
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#trial")).to_contain_text(f"{name} is down")
    expect(page.locator("#trial")).to_contain_text(f"rule {name}")
    assert axe_violations(page) == []
    assert call(product, "GET", "/api/rules").json()["version"] == version

    page.get_by_label("Why they change").fill("One case for mine")
    page.get_by_role("button", name="Put into force").click()
    page.wait_for_url(f"{product.url}/operations/rules")
    expect(page.locator(f"#grouping-{name}")).to_contain_text("Mine")
    rules = call(product, "GET", "/api/rules").json()
    assert (rules["version"], rules["reason"]) == (version + 1, "One case for mine")
    call(product, "PUT", "/api/rules", {"reason": "the test is over"})


def test_rules_are_made_in_a_form_with_the_keyboard_and_survive_a_conflict(
    open_as: Callable[..., Watched], product: Product
) -> None:
    watched, name = open_as("admin", size=NARROW, theme="dark"), a_name()
    page = watched.page
    first, mine = {"id": f"{name}-1", "name": f"{name} one", "match": {"services": [name]}}, f"{name} two"
    call(product, "PUT", "/api/rules", {"grouping": [first]})
    call(product, "POST", "/api/intake/webhook", {"title": f"{name} is down", "service": name, "severity": "low"})
    visit(page, product, "/operations/rules")

    page.get_by_role("link", name=f"Edit {first['name']}").click()
    expect(page.get_by_label("Services")).to_have_value(name)
    expect(page.get_by_label("Services")).to_be_visible()
    page.get_by_role("button", name="Add a grouping rule").press("Enter")
    expect(page.get_by_label("Name", exact=True).last).to_be_focused()
    page.keyboard.type(mine)
    rule = page.locator(".rule-forms > li").last
    rule.get_by_label("Condition in CEL").fill("signal.servce == 'x'")
    watched.expected_statuses.update({412, 422})
    rule.get_by_role("button", name="Check what it takes").press("Enter")
    expect(rule.get_by_role("status")).to_contain_text("signal has no field servce")
    rule.locator("summary").first.press("Enter")
    page.get_by_role("button", name="Try it").last.press("Enter")
    expect(rule.get_by_label("Condition in CEL")).to_be_focused()
    expect(rule.locator(".field-problem")).to_contain_text("signal has no field servce")
    rule.get_by_label("Condition in CEL").fill(f"signal.service == '{name}'")
    expect(rule.get_by_role("status")).to_be_empty()
    rule.get_by_role("button", name="Check what it takes").press("Enter")
    expect(rule.get_by_role("status")).to_contain_text("takes 1 of")
    rule.get_by_label("Description").press("Enter")
    expect(page.locator("#trial")).to_contain_text("What they would have made of the past")
    assert axe_violations(page) == []

    page.get_by_role("button", name="Move New rule up").press("Enter")
    expect(page.locator(".rule-forms > li").first).to_contain_text(mine)
    expect(page.locator(".rule-forms > li").first.get_by_role("button", name="down")).to_be_focused()
    page.get_by_role("button", name=f"Leave out {first['name']}").press("Enter")
    expect(page.get_by_role("button", name=f"Keep {first['name']}")).to_be_focused()
    other = {"grouping": [first | {"name": "Meanwhile"}], "reason": "theirs"}
    now = call(product, "PUT", "/api/rules", other).json()["version"]
    put = page.get_by_role("button", name="Put into force")
    # Sent twice: what somebody else did is not replaced by pressing the same button again.
    for _ in range(2):
        put.press("Enter")
        expect(page.locator(".problem")).to_contain_text(f"Version {now} is in force")
    expect(page.locator(".problem")).to_contain_text("“theirs”")
    expect(page.locator(".problem")).to_contain_text("Grouping: Meanwhile was changed")
    expect(page.locator("#rules-base")).to_contain_text(f"Version {now} is in force by now")
    expect(page.get_by_role("link", name=f"Look at version {now}")).to_be_visible()
    assert axe_violations(page) == []
    assert call(product, "GET", "/api/rules").json()["version"] == now
    page.get_by_role("button", name=f"Go on, based on version {now}").press("Enter")
    expect(put).to_be_focused()
    expect(page.locator("#rules-base")).to_contain_text(f"Based on version {now}, in force.")
    expect(page.locator(".rule-forms > li").first).to_contain_text(mine)
    put.press("Enter")
    page.wait_for_url(f"{product.url}/operations/rules")

    rules = call(product, "GET", "/api/rules").json()
    assert [rule["name"] for rule in rules["grouping"]] == [mine]
    call(product, "PUT", "/api/rules", {"reason": "the test is over"})


def test_the_last_rule_is_taken_away_once_the_page_said_what_that_means(admin: Watched, product: Product) -> None:
    page, name = admin.page, a_name()
    rule = {"id": name, "name": name, "match": {"services": [name]}, "threshold": {"count": 2, "withinSeconds": 60}}
    version = call(product, "PUT", "/api/rules", {"grouping": [rule]}).json()["version"]
    visit(page, product, "/operations/rules/edit")
    admin.expected_statuses.add(422)
    put, problem = page.get_by_role("button", name="Put into force", exact=True), page.locator(".problem")

    put.click()
    expect(problem).to_contain_text(f"These are the rules of version {version}, in force")
    page.get_by_role("button", name=f"Leave out {name}").click()
    expect(page.locator("#rule-set")).to_contain_text("No grouping rule is left.")
    put.click()
    expect(problem).to_contain_text("This takes away every rule.")
    assert axe_violations(page) == []
    assert call(product, "GET", "/api/rules").json()["version"] == version
    problem.get_by_role("button", name="Put into force without any rule").click()
    page.wait_for_url(f"{product.url}/operations/rules")

    rules = call(product, "GET", "/api/rules").json()
    assert (rules["version"], rules["grouping"]) == (version + 1, [])


def test_a_silence_is_previewed_then_set_and_ended(open_as: Callable[..., Watched], product: Product) -> None:
    watched, name = open_as("responder", size=NARROW, theme="dark"), a_name()
    page = watched.page
    visit(page, product, f"/operations/silences/new?services={name}")
    page.get_by_label("Why").fill(f"{name} is replaced")

    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#trial")).to_contain_text("Nothing.")
    page.get_by_role("button", name="Set it").click()
    page.wait_for_url(f"{product.url}/operations/silences")
    row = page.locator("li[id^=silence-]", has_text=name)
    expect(row.get_by_role("button", name="End now")).to_be_visible()
    assert axe_violations(page) == []
    row.get_by_role("button", name="End now").click()

    expect(page.locator("li[id^=silence-]", has_text=name)).to_contain_text("ended")
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)


def test_on_a_narrow_screen_a_value_stands_beside_its_name(open_as: Callable[..., Watched], product: Product) -> None:
    page = open_as("viewer", size=NARROW).page
    call(product, "POST", "/api/intake/webhook", {"title": a_name()})
    visit(page, product, "/operations/deliveries")

    sender = page.locator("td[data-label=Sender]").first
    expect(sender).to_be_visible()
    assert sender.evaluate("cell => getComputedStyle(cell, '::before').display") == "inline"


def test_a_token_is_made_used_and_revoked_and_the_audit_log_tells(admin: Watched, product: Product) -> None:
    page, name = admin.page, a_name()
    visit(page, product, "/operations/tokens")
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("radio", name="Viewer").check()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator("#new-token-secret").inner_text()
    assert call(product, "GET", "/api/me", token=secret).json()["name"] == name

    row = page.locator("#access-board tr", has_text=name)
    row.get_by_role("button", name="Revoke").click()
    row.get_by_role("dialog").get_by_role("button", name=f"Revoke {name}").click()
    expect(row).to_have_count(0)
    assert call(product, "GET", "/api/me", token=secret).status_code == 401

    visit(page, product, "/operations/audit")
    expect(page.locator("#audit-list")).to_contain_text(f"Token {name} made")
    page.get_by_label("What").select_option("token_revoked")
    page.wait_for_url(lambda address: "type=token_revoked" in address)
    expect(page.locator("#audit-list")).not_to_contain_text(f"Token {name} made")
    expect(page.locator("#audit-list")).to_contain_text(name)
    page.get_by_role("button", name="Verify all chains").click()
    expect(page.locator("#verified")).to_contain_text("whole")
    assert axe_violations(page) == []
