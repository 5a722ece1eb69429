"""The names that QuickDx offers, on a page that stays open: what is new, what is gone, and how listing them ends."""

import html
import re
from dataclasses import replace

import pytest

from shared.contracts.cluster_names import NamedCluster, NamedObjects
from shared.contracts.messages import JobFailed
from tests.support.gateway import GatewayUnderTest
from tests.support.names_listed import cluster, list_names, report

CHOSEN = {"context": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
PART = {"HX-Request": "true"}


def test_names_that_are_being_listed_are_asked_for_until_they_are_there(gw: GatewayUnderTest):
    gw.relay.workers = ()
    answer = gw.post("/quickdx/inventory", headers=PART)
    moving = gw.get("/quickdx/picker").text
    list_names(gw, cluster("prod", "shop"))
    resting = gw.get("/quickdx/picker").text

    assert answer.status_code == 204
    assert 'hx-trigger="every 1s"' in moving
    assert "no worker of this queue has said hello" in moving
    assert "every 1s" not in resting


def known_of(text: str) -> str:
    found = re.search(r"/quickdx/picker\?known=([0-9a-f]+)", text)
    assert found
    return found[1]


def test_an_open_page_is_told_of_another_inventory_and_of_nothing_else(gw: GatewayUnderTest):
    list_names(gw, cluster("prod", "shop"))
    known = known_of(gw.get("/quickdx").text)
    chosen = {**CHOSEN, "known": known}

    same = [gw.get("/quickdx/picker", query_string=asked, headers=PART) for asked in ({"known": known}, chosen)]
    chosen_anew = gw.get("/quickdx/picker", query_string=CHOSEN, headers=PART)
    gw.clock.advance(600)
    gw.post("/api/quickdx/inventory")
    begun = gw.get("/quickdx/picker", query_string=chosen, headers=PART)
    list_names(gw, cluster("prod", "shop", "new"))
    ended = gw.get("/quickdx/picker", query_string={**chosen, "known": known_of(begun.text)}, headers=PART)

    assert [(answer.status_code, answer.text) for answer in same] == [(204, ""), (204, "")]
    assert (chosen_anew.status_code, known_of(chosen_anew.text)) == (200, known)
    assert (begun.status_code, ended.status_code) == (200, 200)
    assert "listing names" in begun.text
    assert '<option value="new">' in ended.text
    assert "listing names" not in ended.text
    assert len({known, known_of(begun.text), known_of(ended.text)}) == 3


def test_how_long_a_worker_is_away_is_no_news_to_an_open_page(gw: GatewayUnderTest):
    gw.post("/api/quickdx/inventory")
    known = set()
    for seconds in (50.0, 51.0, 52.0):
        gw.relay.workers = tuple(replace(one, heard_seconds_ago=seconds) for one in gw.relay.workers)
        text = gw.get("/quickdx/picker").text
        assert f"heard {seconds:.0f} s ago" in text
        known.add(known_of(text))

    assert len(known) == 1
    assert gw.get("/quickdx/picker", query_string={"known": known.pop()}, headers=PART).status_code == 204


def missing(gw: GatewayUnderTest, **chosen: str) -> str:
    text = gw.get("/quickdx/picker", query_string=CHOSEN | chosen, headers=PART).text
    found = re.search(r'id="dx-missing">(?:<p[^>]*><strong>([^<]*))?', text)
    assert found
    return html.unescape(found[1] or "")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({}, ""),
        ({"context": "gone"}, "Context gone"),
        ({"namespace": "gone"}, "Namespace gone"),
        ({"namespace": "gone", "name": "gone"}, "Namespace gone"),
        ({"kind": "CronJob"}, "Kind CronJob"),
        ({"name": "<gone>"}, "Deployment <gone> in namespace shop"),
        ({"name": "only-data"}, "Deployment only-data in namespace shop"),
        ({"namespace": "", "name": "gone"}, "Deployment gone"),
        ({"namespace": "", "name": "only-data"}, ""),
        ({"name": ""}, ""),
        # Its kind could not be listed, so nobody knows.
        ({"kind": "Pod", "name": "gone"}, ""),
        # The other cluster could not be listed at all.
        ({"context": "dark", "namespace": "gone"}, ""),
        ({"context": "", "namespace": "gone"}, ""),
    ],
)
def test_what_is_chosen_and_not_listed_is_said_where_that_is_known(
    gw: GatewayUnderTest, chosen: dict[str, str], said: str
):
    list_names(gw, cluster("prod", "shop", "data"), NamedCluster(context="dark", problem="no route to host"))

    assert missing(gw, **chosen) == said
    text = gw.get("/quickdx/picker", query_string=CHOSEN | chosen, headers=PART).text
    assert f'value="{html.escape((CHOSEN | chosen)["name"])}"' in text


def test_of_a_list_that_was_cut_nothing_is_said_to_be_missing(gw: GatewayUnderTest):
    cut = NamedObjects(namespace="shop", kind="Deployment", names=("a",), is_cut=True)
    list_names(gw, NamedCluster(context="prod", namespaces=("shop",), objects=(cut,)))

    assert missing(gw, name="z") == ""


def test_without_an_inventory_nothing_is_said_to_be_missing(gw: GatewayUnderTest):
    assert missing(gw) == ""


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("failed", "Listing the names failed: cluster_unusable: refused"),
        ("cancelled", "Listing the names was stopped: cancelled by token:admin"),
    ],
)
def test_listing_that_ends_without_names_says_so_and_is_asked_for_again(gw: GatewayUnderTest, result: str, said: str):
    job = gw.post("/api/quickdx/inventory").json["jobId"]
    if result == "failed":
        report(gw, JobFailed(job_id=job, attempt=1, error="cluster_unusable: refused", retryable=False))
    else:
        gw.post(f"/api/jobs/{job}/cancel")

    text = gw.get("/quickdx").text

    assert said in text
    assert "listing names" not in text
    assert "every 1s" not in text
    assert 'action="/quickdx/inventory"' in text
