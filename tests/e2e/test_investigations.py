"""An alert becomes an investigated incident on the whole product, without anyone asking, also after a restart."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from services.gateway.domain.demo_story import CHECKOUT, tell_story
from tests.support.product import Product, running_product

SECONDS = 90.0


def call(product: Product, method: str, path: str, **options: Any) -> Any:
    answer = requests.request(method, product.url + path, headers=product.headers, timeout=30, **options)
    assert answer.status_code < 300, answer.text
    return answer.json()


def wait(product: Product, path: str, holds: Any) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        shown = call(product, "GET", path)
        if holds(shown):
            return shown
        time.sleep(0.2)
    raise AssertionError(f"not in time: {shown}\n{product.logs()}")


def alert(product: Product) -> str:
    """Send the demo's alert about checkout; return the incident it opened."""
    body = next(one.body for one in tell_story(datetime.now(UTC), "demo") if CHECKOUT.name.encode() in one.body)
    call(product, "POST", "/api/intake/alertmanager", data=body)
    page = wait(product, "/api/incidents", lambda page: page["items"])
    incident: str = page["items"][0]["id"]
    return incident


def test_an_alert_opens_an_incident_that_is_investigated_by_itself(tmp_path: Path) -> None:
    with running_product(tmp_path, FAULTLINE_GATEWAY_INVESTIGATE="auto") as product:
        incident = alert(product)
        path = f"/api/incidents/{incident}"
        shown = wait(product, path, lambda one: (one["investigation"] or {}).get("state") in {"done", "failed"})

        assert shown["investigation"]["state"] == "done", shown["investigation"]
        assert shown["investigation"]["trigger"] == "opened"
        culprit = shown["hypotheses"][0]["culprit"]
        assert (culprit["kind"], culprit["name"]) == ("ConfigMap", "checkout-config")

        graph, evidence = call(product, "GET", f"{path}/graph"), call(product, "GET", f"{path}/evidence")
        ids = {one["id"] for one in graph["entities"]}
        assert {"Deployment/shop/checkout", "ConfigMap/shop/checkout-config"} <= ids
        assert all(one["source"] in ids and one["target"] in ids for one in graph["edges"])
        assert evidence["hypotheses"][0]["evidence"]
        assert sum(step["delta"] for step in evidence["hypotheses"][0]["arithmetic"]) > 0

        types = [one["type"] for one in call(product, "GET", f"{path}/timeline?limit=100")["items"]]
        assert types.count("investigated") == 1
        asked = call(product, "POST", f"{path}/investigate", json={})
        wait(product, f"/api/jobs/{asked['jobId']}", lambda job: job["state"] == "succeeded")
        again = [one["type"] for one in call(product, "GET", f"{path}/timeline?limit=100")["items"]]
        assert again == [*types, "investigated"]
        assert call(product, "GET", f"{path}/graph/diff")["entitiesRemoved"] == []
