"""What only shows where parts meet: merged incidents and their tasks and actions, exports and scopes, absurd times."""

import io
import json
import zipfile

import pytest

from services.gateway.domain.records import EntryType
from tests.support.gateway import GatewayUnderTest


def merged(gw: GatewayUnderTest) -> tuple[str, str]:
    """Return the paths of an incident and of the one it was merged into."""
    one, target = (f"/api/incidents/{gw.open_incident()['id']}" for _ in range(2))
    gw.post(f"{one}/tasks", json={"title": "Tell support"})
    body = {"type": "manual", "title": "Fail over", "payload": {"instructions": "Do it."}, "risk": "low"}
    gw.post(f"{one}/actions", json=body)
    assert gw.post(f"{one}/merge", json={"into": target.rpartition("/")[2], "reason": "The same."}).status_code == 200
    return one, target


def test_what_a_merged_incident_brought_along_can_be_brought_to_an_end(gw: GatewayUnderTest):
    one, _ = merged(gw)
    (task,) = gw.get(f"{one}/tasks").json["items"]
    (action,) = gw.get(f"{one}/actions").json["items"]

    assert gw.patch(f"{one}/tasks/{task['id']}", json={"state": "done"}).status_code == 200
    assert gw.get("/api/tasks?state=open").json["total"] == 0
    assert gw.post(f"{action['href']}/withdraw").status_code == 200


@pytest.mark.parametrize(
    ("part", "body"),
    [("tasks", {"title": "x"}), ("timeline", {"message": "x"}), ("relations", {"incidentId": "INC-2"})],
)
def test_nothing_new_is_written_to_a_merged_incident(gw: GatewayUnderTest, part: str, body: dict):
    one, target = merged(gw)
    refused = gw.post(f"{one}/{part}", json=body)

    assert (refused.status_code, refused.json["code"]) == (409, "incident_merged")
    assert refused.json["mergedInto"] == target.rpartition("/")[2]


def test_a_bundle_says_where_the_deliveries_of_a_merge_are(gw: GatewayUnderTest):
    one, target = merged(gw)
    with zipfile.ZipFile(io.BytesIO(gw.get(f"{target}/export", buffered=True).data)) as bundle:
        left_out = json.loads(bundle.read("manifest.json"))["leftOut"]

    source = one.rpartition("/")[2]
    assert left_out == [f"deliveries: those of {source}, merged into this one, are in its own bundle"]


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        (["incidents:read"], 403),
        (["deliveries:read"], 403),
        (["incidents:read", "deliveries:read"], 200),
        (None, 200),
    ],
)
def test_a_bundle_takes_the_scopes_of_all_it_holds_and_is_told_of(gw: GatewayUnderTest, scopes, status: int):
    path = f"/api/incidents/{gw.open_incident()['id']}"
    given = {"scopes": scopes} if scopes else {}
    token = gw.post("/api/tokens", json={"name": "ann", "role": "responder", **given}).json["token"]
    answer = gw.get(f"{path}/export", token=token, buffered=True)

    assert answer.status_code == status
    told = [one["actor"] for one in gw.get(f"/api/audit?type={EntryType.INCIDENT_EXPORTED}").json["items"]]
    assert told == (["token:ann"] if status == 200 else [])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "2006-11-01T12:00:00Z"])
def test_a_time_that_is_a_slip_of_the_year_is_refused(gw: GatewayUnderTest, moment: str):
    path = f"/api/incidents/{gw.open_incident()['id']}"
    refused = gw.patch(f"{path}/milestones", json={"detectedAt": moment, "reason": "As was said."})

    assert (refused.status_code, refused.json["code"]) == (422, "times_not_chronological")
    assert gw.post("/api/incidents", json={"title": "x", "detectedAt": moment}).status_code == 422


@pytest.mark.parametrize("kind", ["Secret", "secret", "secrets", "Secrets.v1."])
def test_the_data_of_a_secret_is_refused_however_its_kind_is_written(gw: GatewayUnderTest, kind: str):
    path = f"/api/incidents/{gw.open_incident()['id']}"
    place = {"verb": "patch", "context": "eu", "namespace": "shop", "kind": kind, "name": "db"}
    payload = place | {"parameters": {"patch": {"data": {"pw": "aHVudGVyMg=="}}}}
    refused = gw.post(f"{path}/actions", json={"type": "kubernetes", "title": "x", "payload": payload})

    assert refused.status_code == 422, refused.json


@pytest.mark.parametrize(
    "argv",
    [["bash", "-c", "x"], ["/usr/bin/env", "bash", "-c", "x"], ["sudo", "-n", "/bin/sh"], ["timeout", "5", "sh"]],
)
def test_a_shell_behind_a_wrapper_is_refused(gw: GatewayUnderTest, argv: list[str]):
    path = f"/api/incidents/{gw.open_incident()['id']}"
    body = {"type": "command", "title": "x", "payload": {"argv": argv, "target": "lb-1"}}

    assert gw.post(f"{path}/actions", json=body).status_code == 422
