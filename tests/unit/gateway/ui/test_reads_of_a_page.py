"""How often a page asks the API does not rise with what it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import request, request_started

from services.gateway.domain.records import Role
from tests.support.actions import MANUAL
from tests.support.gateway import GatewayUnderTest

PART = {"HX-Request": "true"}


@contextmanager
def asked_of_the_api(gw: GatewayUnderTest) -> Iterator[list[str]]:
    """Collect the paths that are asked of the API, by pages too."""
    paths: list[str] = []

    def note(_: Any, **__: Any) -> None:
        if request.path.startswith("/api/"):
            paths.append(request.path)

    with request_started.connected_to(note, gw.app):
        yield paths


def with_actions(gw: GatewayUnderTest, count: int) -> list[dict[str, Any]]:
    incidents = [gw.open_incident(title=f"Case {number}") for number in range(count)]
    for incident in incidents:
        assert gw.post(f"/api/incidents/{incident['id']}/actions", json=MANUAL, role=Role.RESPONDER).status_code == 201
    return incidents


def test_the_page_of_all_actions_reads_their_incidents_at_once(gw: GatewayUnderTest):
    incidents = with_actions(gw, 7)

    with asked_of_the_api(gw) as paths:
        page = gw.get("/actions").text

    assert all(f"INC-{incident['number']}</a> {incident['title']}" in page for incident in incidents)
    assert [path for path in paths if path.startswith("/api/incidents")] == ["/api/incidents/summaries"]


def test_an_action_of_an_incident_that_is_not_kept_is_listed_all_the_same(gw: GatewayUnderTest):
    (incident,) = with_actions(gw, 1)
    gw.store.transact(lambda tx: tx.remove_incident(incident["id"]))

    page = gw.get("/actions").text

    assert MANUAL["title"] in page
    assert f"/incidents/{incident['id']}/actions/" in page


def test_the_header_reads_as_often_with_many_relations_as_with_one(gw: GatewayUnderTest):
    case, *others = [gw.open_incident(title=f"Case {number}") for number in range(16)]
    for other in others:
        gw.post(f"/api/incidents/{case['id']}/relations", json={"incidentId": other["id"]})

    with asked_of_the_api(gw) as paths:
        header = gw.get(f"/incidents/INC-{case['number']}/parts/header", headers=PART).text

    assert all(f"INC-{other['number']}</a>" in header for other in others)
    assert sorted(paths) == [
        f"/api/incidents/INC-{case['number']}",
        f"/api/incidents/{case['id']}/jobs",
        "/api/incidents/summaries",
        "/api/me",
    ]


def test_the_header_counts_more_actions_than_an_incident_shows(gw: GatewayUnderTest):
    case = gw.open_incident()
    path = f"/api/incidents/{case['id']}"
    for _ in range(21):
        gw.post(f"{path}/actions", json=MANUAL, role=Role.RESPONDER)

    header = gw.get(f"/incidents/INC-{case['number']}/parts/header", headers=PART).text

    assert '<span class="count" title="21">21</span>' in header
