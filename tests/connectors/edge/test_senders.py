"""What every sender meets at the edge: the answer it understands, and nothing of its credential kept or logged."""

import json

import pytest
from structlog.testing import capture_logs

from services.gateway.domain.records import Role
from services.gateway.handlers.manage_tokens import make_secret
from services.gateway.openapi import describe_api
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.senders import SENDERS, Sender, a_token, deliveries, everything_kept, send

every_sender = pytest.mark.parametrize("sender", SENDERS, ids=lambda one: f"{one.path} {one.show.__name__}")


@every_sender
def test_a_firing_is_accepted_in_the_shape_its_sender_expects_and_no_credential_is_left(
    gw: GatewayUnderTest, sender: Sender
):
    token = a_token(gw)
    with capture_logs() as logs:
        answer = send(gw, sender, token)

    assert answer.status_code == 202, answer.text
    [delivery] = deliveries(gw)
    assert (delivery.source, delivery.sender) == (sender.source, "token:a-service")
    if sender.path == "/v2/enqueue":
        assert answer.json == {"status": "success", "message": "Event processed", "dedup_key": "k"}
    elif sender.path == "/v2/change/enqueue":
        assert answer.json == {"status": "success", "message": "Change event processed"}
    elif sender.path.startswith("/v2/alerts"):
        assert answer.json.items() >= {"result": "Request will be processed", "requestId": delivery.id}.items()
        assert answer.json["took"] >= 0
    else:
        assert (answer.json["deliveryId"], answer.json["jobId"]) == (delivery.id, delivery.job_id)
    assert token not in answer.text
    assert token not in everything_kept(gw)
    assert token not in repr(logs)


@every_sender
def test_a_repeat_with_the_same_key_is_the_same_delivery(gw: GatewayUnderTest, sender: Sender):
    token = a_token(gw)
    first = send(gw, sender, token, headers={"Idempotency-Key": "once"})
    again = send(gw, sender, token, headers={"Idempotency-Key": "once"})

    assert (first.status_code, again.status_code) == (202, 202)
    assert len(deliveries(gw)) == 1
    assert first.headers["Location"] == again.headers["Location"]


@pytest.mark.parametrize(
    "sender", [one for one in SENDERS if not one.is_shown_in_body], ids=lambda one: f"{one.path} {one.show.__name__}"
)
def test_malformed_bodies_are_accepted(gw: GatewayUnderTest, sender: Sender):
    token = a_token(gw)
    bodies = [b"", b"not json", b"\xff\xfe", b"[" * 5_000, b'{"routing_key": 7}']
    for body in bodies:
        assert send(gw, sender, token, data=body).status_code == 202

    assert sorted(one.size_bytes for one in deliveries(gw)) == sorted(map(len, bodies))


@every_sender
def test_a_body_above_the_limit_is_413_and_kept_nowhere(sender: Sender):
    gw = a_gateway(max_body_bytes=2_000)
    token = a_token(gw)
    answer = send(gw, sender, token, data=b"x" * 2_001)

    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    assert deliveries(gw) == []


@every_sender
def test_a_busy_intake_answers_what_makes_this_sender_come_again(gw: GatewayUnderTest, sender: Sender):
    token = a_token(gw)
    gw.relay.waiting = gw.gateway.settings.backlog_limit
    answer = send(gw, sender, token)

    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (sender.busy, "intake_busy", "5")
    assert deliveries(gw) == []


@every_sender
def test_a_wrong_token_is_refused_and_not_repeated(gw: GatewayUnderTest, sender: Sender):
    token = make_secret()
    with capture_logs() as logs:
        answer = send(gw, sender, token)

    assert answer.status_code == sender.refused
    if sender.refused == 400:
        assert answer.json["status"] == "invalid event"
        assert answer.json["errors"]
    else:
        assert answer.json["code"] == "unauthenticated"
    assert token not in answer.text
    assert token not in repr(answer.headers)
    assert token not in repr(logs)
    assert deliveries(gw) == []


@every_sender
def test_a_token_others_may_read_on_its_way_must_be_a_service_s(gw: GatewayUnderTest, sender: Sender):
    for role in (Role.ADMIN, Role.RESPONDER):
        answer = send(gw, sender, a_token(gw, role))
        if sender.is_shown_in_header:
            assert answer.status_code == 202
        else:
            assert answer.status_code == (400 if sender.refused == 400 else 403)
            assert deliveries(gw) == []


@every_sender
def test_a_guessing_address_is_held_back(gw: GatewayUnderTest, sender: Sender):
    for _ in range(20):
        send(gw, sender, make_secret())
    answer = send(gw, sender, make_secret())

    assert (answer.status_code, answer.json["code"]) == (429, "too_many_bad_tokens")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/api/intake/nobody/{}", "/api/intake/grafana/{}/", "/api/intake/grafana/{}/x"])
def test_an_address_that_is_unknown_does_not_repeat_its_token(gw, path):
    token = a_token(gw)
    with capture_logs() as logs:
        answer = gw.call("POST", path.format(token), role=None)

    assert (answer.status_code, answer.json["code"]) == (404, "route_not_found")
    assert token not in answer.text + repr(logs)


def test_another_method_at_an_address_does_not_repeat_its_token(gw):
    token = a_token(gw)
    answer = gw.call("DELETE", f"/api/intake/grafana/{token}", role=None)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, PUT")
    assert token not in answer.text


def test_grafana_may_put(gw):
    token = a_token(gw)

    assert gw.call("PUT", "/api/intake/grafana", role=Role.SERVICE, data=b"{}").status_code == 202
    assert gw.call("PUT", f"/api/intake/grafana/{token}", role=None, data=b"{}").status_code == 202


def test_the_failure_of_a_delivery_does_not_log_its_address():
    class Broken:
        def put(self, _body):
            raise RuntimeError("the disk is gone")

    gw = a_gateway(blobs=Broken())
    token = a_token(gw)
    with capture_logs() as logs:
        answer = gw.call("POST", f"/api/intake/webhook/{token}", role=None, data=b"x" * 50_000)

    assert answer.status_code == 500
    assert token not in answer.text + repr([{**line, "exc_info": str(line.get("exc_info"))} for line in logs])


def test_the_document_names_every_address():
    paths = json.loads(describe_api())["paths"]

    assert {one.path.partition("?")[0].replace("/disk/", "/{identifier}/") for one in SENDERS} <= set(paths)
