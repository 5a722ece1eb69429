import hashlib

from services.gateway.domain.records import Role
from tests.support.gateway import GatewayUnderTest

REPORT = "/api/incidents/INC-1/edited-report"


def test_the_newest_text_is_kept_and_the_timeline_has_the_digest_of_each(gw: GatewayUnderTest):
    gw.open_incident()
    assert gw.get(REPORT).status_code == 404

    first = gw.call("PUT", REPORT, json={"text": "# One"}, headers={"If-Match": '"0"'})
    second = gw.call("PUT", REPORT, json={"text": "# Two\n"}, headers={"If-Match": first.headers["ETag"]})

    assert (first.status_code, second.json["version"], second.json["editedBy"]) == (200, 2, "token:admin")
    assert gw.get(REPORT).json["text"] == "# Two\n"
    told = gw.get("/api/incidents/INC-1/timeline?type=report_edited").json["items"]
    assert [entry["payload"]["version"] for entry in told] == [1, 2]
    assert told[1]["payload"]["digest"] == "sha256:" + hashlib.sha256(b"# Two\n").hexdigest()
    assert "# Two" not in gw.get("/api/incidents/INC-1/report").text


def test_the_same_text_again_writes_nothing_and_another_persons_is_not_overwritten(gw: GatewayUnderTest):
    gw.open_incident()
    for _ in range(2):
        assert gw.call("PUT", REPORT, json={"text": "theirs"}).json["version"] == 1

    answer = gw.call("PUT", REPORT, json={"text": "mine"}, headers={"If-Match": '"0"'})

    assert (answer.status_code, answer.json["code"], answer.json["currentVersion"]) == (412, "version_conflict", 1)
    assert gw.get(REPORT).json["text"] == "theirs"


def test_viewers_do_not_write_it_and_merged_incidents_take_none(gw: GatewayUnderTest):
    gw.open_incident()
    gw.open_incident()
    assert gw.call("PUT", REPORT, json={"text": "x"}, role=Role.VIEWER).status_code == 403

    gw.post("/api/incidents/INC-1/merge", json={"into": "INC-2", "reason": "same"})

    assert gw.call("PUT", REPORT, json={"text": "x"}).json["code"] == "incident_merged"
