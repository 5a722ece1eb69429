"""A diagnosis that is asked for on the whole product: through the API, the broker, the graph worker, and back."""

import time
from pathlib import Path
from typing import Any

import requests

from tests.support.product import Product, running_product

SECONDS = 60.0


def call(product: Product, method: str, path: str, **options: Any) -> Any:
    answer = requests.request(method, product.url + path, headers=product.headers, timeout=30, **options)
    assert answer.status_code < 300, answer.text
    return answer.json()


def wait(product: Product, quickdx_id: str) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        shown = call(product, "GET", f"/api/quickdx/{quickdx_id}")
        if shown["state"] in {"done", "failed"}:
            return shown
        time.sleep(0.1)
    raise AssertionError(f"not in time: {shown}\n{product.logs()}")


def test_without_any_cluster_the_product_starts_and_says_so_to_who_asks(tmp_path: Path) -> None:
    with running_product(tmp_path, FAULTLINE_GRAPH_KUBECONFIG=str(tmp_path / "no-kubeconfig")) as product:
        asked = {"context": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
        failed = wait(product, call(product, "POST", "/api/quickdx", json=asked)["id"])

        assert "graph" in product.pids
        assert failed["state"] == "failed"
        assert "cluster_unusable: prod" in failed["error"]


def test_the_demo_cluster_is_diagnosed_and_becomes_an_incident_in_one_call(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        checkout = {"context": "demo", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
        found = wait(product, call(product, "POST", "/api/quickdx", json=checkout)["id"])

        assert found["state"] == "done", found
        claims = [*found["content"]["findings"], *found["content"]["hypotheses"]]
        culprit = found["content"]["hypotheses"][0]["culprit"]
        assert (culprit["kind"], culprit["name"]) == ("ConfigMap", "checkout-config")

        incident = call(product, "POST", "/api/incidents", json={"diagnosisId": found["id"]})
        kept = call(product, "GET", f"/api/incidents/{incident['id']}/diagnoses")["items"]

        assert (incident["source"], incident["diagnosisCount"]) == ("quickdx", 1)
        assert kept[0]["evidenceCount"] == sum(len(one["evidence"]) for one in claims)
