"""CloudEvents at the edge: modes, repeats and the handshake."""

import pytest

from services.gateway.domain.records import Role
from tests.support.senders import CLOUD_EVENT, deliveries


def cloud_event(gw, body=b"{}", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return gw.call("POST", "/api/intake/cloudevents", role=Role.SERVICE, data=body, headers=named)


def binary(gw, body=b"{}", **more):
    return cloud_event(gw, body, ce_specversion="1.0", ce_id="1", ce_source="/disk", ce_type="x", **more)


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "application/cloudevents+avro"])
def test_what_can_be_no_event_is_415(gw, media_type):
    answer = cloud_event(gw, Content_Type=media_type)

    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
    assert deliveries(gw) == []


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/cloudevents+json; charset=utf-8", "application/cloudevents-batch+json"],
)
def test_json_may_be_an_event(gw, media_type):
    assert cloud_event(gw, Content_Type=media_type).status_code == 202


def test_in_binary_mode_any_body_will_do_and_the_reader_gets_the_attributes(gw):
    assert binary(gw, b"full", Content_Type="text/plain", ce_subject="db%2D3").status_code == 202

    assert deliveries(gw)[0].context == {
        "content-type": "text/plain",
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "/disk",
        "ce-type": "x",
        "ce-subject": "db%2D3",
    }


def test_attributes_are_bounded(gw):
    binary(gw, **{f"ce_x{number}": "v" * 2_000 for number in range(10, 80)})
    context = deliveries(gw)[0].context

    assert len(context) <= 41
    assert max(map(len, context.values())) == 1_024


def test_an_event_is_known_by_its_source_and_id_in_either_mode(gw):
    first = binary(gw, b"one").json
    again = binary(gw, b"another body").json
    structured = cloud_event(gw, CLOUD_EVENT, Content_Type="application/cloudevents+json").json
    other = cloud_event(gw, CLOUD_EVENT.replace(b'"1"', b'"2"'), Content_Type="application/cloudevents+json").json

    assert again == structured == {**first, "replayed": True}
    assert other["deliveryId"] != first["deliveryId"]


@pytest.mark.parametrize("body", [b"[1]", b"{", b'{"id": 1, "source": "/x"}', b'{"id": "", "source": "/x"}'])
def test_an_event_without_identity_is_no_repeat(gw, body):
    for _ in range(2):
        assert cloud_event(gw, body, Content_Type="application/cloudevents+json").status_code == 202

    assert len(deliveries(gw)) == 2


def test_the_handshake_allows_who_asks(gw):
    for path in ("/api/intake/cloudevents", "/api/intake/cloudevents/whatever"):
        asked = {"WebHook-Request-Origin": "eventemitter.example.com", "WebHook-Request-Rate": "120"}
        answer = gw.call("OPTIONS", path, role=None, headers=asked)

        assert (answer.status_code, answer.headers["Allow"]) == (200, "POST")
        assert answer.headers["WebHook-Allowed-Origin"] == "eventemitter.example.com"
        assert answer.headers["WebHook-Allowed-Rate"] == "120"
    plain = gw.call("OPTIONS", "/api/intake/cloudevents", role=None, headers={"WebHook-Request-Origin": "x"})
    assert plain.headers["WebHook-Allowed-Rate"] == "*"
    assert "WebHook-Allowed-Origin" not in gw.call("OPTIONS", "/api/intake/cloudevents", role=None).headers
