"""Live updates over the API: what a stream says, from where, and to whom."""

import json
from typing import Any

from services.gateway.domain.records import Role
from tests.support.gateway import GatewayUnderTest, a_gateway


def events(text: str) -> list[dict[str, Any]]:
    """Return the events of a stream, read as a browser reads them; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in fields:
            found.append({"event": fields["event"], "id": fields.get("id"), "data": json.loads(fields["data"])})
    return found


def missed(gw: GatewayUnderTest, after: str, path: str = "/api/stream") -> list[dict[str, Any]]:
    """Return what a stream says at once, that goes on after the event ``after``."""
    answer = gw.get(path, query_string={"seconds": 0}, headers={"Last-Event-ID": after})
    assert answer.status_code == 200, answer.text
    return events(answer.text)


def start(gw: GatewayUnderTest) -> str:
    """Return the id of now."""
    (ready,) = events(gw.get("/api/stream?seconds=0").text)
    assert ready["event"] == "ready"
    return str(ready["id"])


def test_a_stream_says_that_it_is_ready_and_from_where_to_go_on(gw: GatewayUnderTest) -> None:
    answer = gw.get("/api/stream?seconds=0")
    assert answer.content_type == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.text.startswith("retry: 2000\n")
    assert int(start(gw)) >= 0


def test_what_was_missed_is_told_with_the_line_of_the_inbox(gw: GatewayUnderTest) -> None:
    after = start(gw)
    incident = gw.open_incident(title="Checkout is down", severity="high")
    ready, changed = missed(gw, after)
    assert ready["event"] == "ready"
    assert changed["event"] == "changed"
    assert changed["data"]["incidentId"] == incident["id"]
    assert changed["data"]["parts"] == ["incident", "timeline"]
    assert changed["data"]["summary"]["title"] == "Checkout is down"
    assert changed["data"]["summary"]["severity"] == "high"
    assert missed(gw, changed["id"]) == [{"event": "ready", "id": None, "data": {}}]


def test_only_the_last_event_of_a_batch_has_an_id_so_that_a_batch_cut_short_is_told_again(gw: GatewayUnderTest) -> None:
    after = start(gw)
    for _ in range(3):
        gw.open_incident()
    told = missed(gw, after)[1:]
    assert [event["id"] is None for event in told] == [True, True, False]


def test_a_stream_of_one_incident_leaves_others_out(gw: GatewayUnderTest) -> None:
    incident = gw.open_incident()
    after = start(gw)
    gw.open_incident()
    path = f"/api/incidents/INC-{incident['number']}/stream"
    assert [event["event"] for event in missed(gw, after, path)] == ["ready"]
    gw.post(f"/api/incidents/{incident['id']}/timeline", json={"message": "Looking."})
    (changed,) = missed(gw, after, path)[1:]
    assert changed["data"]["parts"] == ["timeline"]


def test_who_comes_back_after_too_much_is_told_to_look_at_everything_again(gw: GatewayUnderTest) -> None:
    after = start(gw)
    for _ in range(201):
        gw.open_incident()
    assert [event["event"] for event in missed(gw, after)] == ["ready", "reset"]
    assert [event["event"] for event in missed(gw, "999999999")] == ["ready", "reset"]


def test_an_id_may_come_in_the_query_for_browsers_that_begin(gw: GatewayUnderTest) -> None:
    after = start(gw)
    gw.open_incident()
    answer = gw.get("/api/stream", query_string={"seconds": 0, "lastEventId": after})
    assert [event["event"] for event in events(answer.text)] == ["ready", "changed"]


def test_an_id_that_is_none_is_refused_by_name(gw: GatewayUnderTest) -> None:
    assert gw.get("/api/stream?seconds=0&lastEventId=x").json["errors"] == {
        "lastEventId": ["must be the id of an event"]
    }
    answer = gw.get("/api/stream?seconds=0", headers={"Last-Event-ID": "yesterday"})
    assert answer.status_code == 422
    assert answer.json == answer.json | {"errors": {"Last-Event-ID": ["must be the id of an event"]}}


def test_a_stream_of_an_unknown_incident_is_not_found(gw: GatewayUnderTest) -> None:
    assert gw.get("/api/incidents/inc_none/stream?seconds=0").status_code == 404


def test_a_viewer_may_follow_and_a_service_may_not(gw: GatewayUnderTest) -> None:
    assert gw.get("/api/stream?seconds=0", role=Role.VIEWER).status_code == 200
    assert gw.get("/api/stream?seconds=0", role=Role.SERVICE).status_code == 403
    assert gw.get("/api/stream?seconds=0", role=None).status_code == 401


def test_beyond_the_cap_a_stream_is_refused_and_reading_still_works() -> None:
    gw = a_gateway(streams=0)
    refused = gw.get("/api/stream")
    assert refused.status_code == 503
    assert refused.json is not None
    assert refused.json["code"] == "too_many_streams"
    assert refused.headers["Retry-After"] == "30"
    assert gw.get("/api/incidents").status_code == 200


def test_a_stream_that_ended_gives_its_place_back() -> None:
    gw = a_gateway(streams=1)
    for _ in range(3):
        # Read to the end and closed, as a server does it.
        assert gw.get("/api/stream?seconds=0", buffered=True).status_code == 200
    assert "faultline_streams_open 0.0" in gw.get("/metrics", role=None).text
