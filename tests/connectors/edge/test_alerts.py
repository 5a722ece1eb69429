"""Opsgenie's Alert API at the edge: what goes to the reader, and what became of a request."""

import pytest

from services.gateway.domain.records import Role
from tests.support.senders import a_token, deliveries


def test_an_alert_without_alias_is_given_one(gw):
    gw.call("POST", "/v2/alerts", role=Role.SERVICE, json={"message": "Down"})
    gw.call("POST", "/v2/alerts", role=Role.SERVICE, json={"message": "Down", "alias": "mine"})
    mine, made = (one.context for one in deliveries(gw))

    assert mine == {"action": "create"}
    assert made == {"action": "create", "identifier": made["identifier"], "identifier_type": "alias"}
    assert len(made["identifier"]) == 32


@pytest.mark.parametrize(
    ("path", "context"),
    [
        ("disk/close", ("close", "disk", "id")),
        ("a%20b/acknowledge?identifierType=alias", ("acknowledge", "a b", "alias")),
        ("prod%2Fdb/close?identifierType=alias", ("close", "prod/db", "alias")),
        # As our server hands on a slash that came encoded.
        ("prod%252Fdb/close?identifierType=alias", ("close", "prod/db", "alias")),
    ],
)
def test_an_action_goes_to_the_reader_with_its_identifier(gw, path, context):
    answer = gw.call("POST", f"/v2/alerts/{path}", role=Role.SERVICE)

    assert answer.status_code == 202
    assert deliveries(gw)[0].context == dict(zip(("action", "identifier", "identifier_type"), context, strict=True))


@pytest.mark.parametrize("path", ["1/close?identifierType=tiny", f"{'x' * 513}/close?identifierType=alias"])
def test_an_identifier_that_names_nothing_here_is_opsgenie_s_422(gw, path):
    answer = gw.call("POST", f"/v2/alerts/{path}", role=Role.SERVICE)

    assert answer.status_code == 422
    assert set(answer.json) == {"message", "took", "requestId"}


@pytest.mark.parametrize("action", ["notes", "snooze", "tags"])
def test_an_action_nothing_comes_of_is_404(gw, action):
    assert gw.call("POST", f"/v2/alerts/disk/{action}", role=Role.SERVICE).status_code == 404


def test_only_its_sender_and_viewers_read_what_became_of_a_request(gw):
    made = gw.call("POST", "/v2/alerts", role=Role.SERVICE, json={"message": "Down"}).json["requestId"]
    path = f"/v2/alerts/requests/{made}"
    other = gw.post("/api/intake/webhook", data=b"{}").json["deliveryId"]

    waiting = gw.call("GET", path, role=Role.SERVICE)
    assert (waiting.status_code, set(waiting.json)) == (404, {"message", "took", "requestId"})
    assert gw.call("GET", path, role=Role.VIEWER).status_code == 404
    assert gw.call("GET", path, role=None, token=a_token(gw)).status_code == 403
    assert gw.call("GET", f"/v2/alerts/requests/{other}", role=Role.VIEWER).status_code == 404
    assert gw.call("GET", path, role=None).status_code == 401
