"""A cluster that goes away, and comes back, is seen by the metrics of the whole product without anybody asking."""

from pathlib import Path

import requests

from tests.support.kube_api import TOKEN, Account, KubeApi, serve
from tests.support.kube_config_file import write_kubeconfig
from tests.support.kube_rights import all_rights
from tests.support.kube_world import a_world
from tests.support.metrics_page import value_of
from tests.support.product import Product, running_product
from tests.support.waiting import wait_until


def an_api() -> KubeApi:
    return KubeApi(a_world(), {TOKEN: Account("reader", all_rights())})


def wait_for(product: Product, value: int) -> None:
    def is_shown() -> bool:
        text = requests.get(f"{product.url}/metrics", timeout=30).text
        return value_of(text, "faultline_connector_up", kind="cluster", name="prod") == value

    wait_until(is_shown, f"faultline_connector_up of prod to be {value}")


def test_the_metric_of_a_cluster_follows_it(tmp_path: Path) -> None:
    with serve(an_api()) as api:
        file = write_kubeconfig(tmp_path / "kubeconfig", {"prod": (api.url, {"token": TOKEN})})
        settings = {"FAULTLINE_GRAPH_KUBECONFIG": str(file), "FAULTLINE_GATEWAY_INVENTORY_SECONDS": "0.5"}
        with running_product(tmp_path, **settings) as product:
            wait_for(product, 1)
            api.answer = lambda exchange: exchange.wire.reply(503, b"", {}, None)
            wait_for(product, 0)
            del api.answer
            wait_for(product, 1)
            jobs = requests.get(f"{product.url}/api/jobs", headers=product.headers, timeout=30).json()["items"]

    assert {job["createdBy"] for job in jobs if job["kind"] == "graph.take_inventory"} == {"system"}
