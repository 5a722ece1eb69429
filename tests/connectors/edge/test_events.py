"""PagerDuty's Events API at the edge: routing keys, dedup keys, and its own refusals."""

import hashlib

import pytest

from services.gateway.domain.records import DeliveryBody, Role
from tests.support.gateway import a_gateway
from tests.support.senders import CHANGE, a_token, deliveries, everything_kept


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda key: f'{{"routing_key": "{key}", "event_action": "trigger"}}', id="plain"),
        pytest.param(lambda key: f'{{"routing_key": "\\u0066{key[1:]}", "event_action": "trigger"}}', id="escaped"),
        pytest.param(lambda key: f'{{"routing\\u005fkey": "{key}", "event_action": "trigger"}}', id="escaped name"),
        pytest.param(lambda key: f'{{"routing_key": "{key}", "payload": {{"summary": "{key}"}}}}', id="twice"),
        pytest.param(lambda key: f'{{"routing_key": "{key[:-1]}x", "routing_key": "{key}"}}', id="two keys"),
        pytest.param(lambda key: f'{{"routing_key":"{key}","event_action":7,"payload":[{"9" * 400}]}}', id="poison"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/enqueue", "/v2/change/enqueue", "/api/intake/pagerduty"])
def test_a_poisonous_event_with_a_good_key_is_accepted_and_its_key_overwritten(gw, path, spell):
    key = a_token(gw)
    sent = spell(key)
    answer = gw.call("POST", path, role=None, data=sent.encode())

    assert answer.status_code == 202, answer.text
    [delivery] = deliveries(gw)
    body = gw.store.get(DeliveryBody, delivery.id).text
    assert len(body) == len(sent)
    assert "*" * len(key) in body
    for secret in (key, key[1:], key[:-1]):
        assert secret not in everything_kept(gw)


def test_a_key_is_overwritten_whoever_sends_it(gw):
    body = b'{"routing_key": "0123456789abcdef0123456789abcdef", "event_action": "resolve", "dedup_key": "k"}'
    gw.call("POST", "/api/intake/pagerduty", role=Role.SERVICE, data=body)

    assert "0123456789abcdef" not in everything_kept(gw)
    [delivery] = deliveries(gw)
    expected = body.replace(b"0123456789abcdef0123456789abcdef", b"*" * 32)
    assert gw.get(f"/api/deliveries/{delivery.id}/body").data == expected
    assert delivery.digest == hashlib.sha256(expected).hexdigest()


def test_a_short_word_as_key_damages_nothing_else(gw):
    body = b'{"routing_key": "trigger", "event_action": "trigger", "dedup_key": "trigger"}'
    gw.call("POST", "/api/intake/pagerduty", role=Role.SERVICE, data=body)
    [delivery] = deliveries(gw)

    assert gw.store.get(DeliveryBody, delivery.id).text == body.decode().replace("trigger", "*" * 7, 1)


def test_a_trigger_without_dedup_key_is_given_one_that_a_repeat_gets_again(gw):
    key = a_token(gw)
    event = {"routing_key": key, "event_action": "trigger", "payload": {"summary": "Down"}}
    first, again = (
        gw.call("POST", "/v2/enqueue", role=None, json=event, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )

    [delivery] = deliveries(gw)
    assert delivery.context == {"dedup_key": first.json["dedup_key"]}
    assert len(first.json["dedup_key"]) == 32
    assert again.json == first.json


def test_a_change_says_so_to_its_reader(gw):
    key = a_token(gw)
    gw.call("POST", "/v2/change/enqueue", role=None, json={"routing_key": key, **CHANGE})

    assert deliveries(gw)[0].context == {"action": "change"}


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"no json", b'{"routing_key": null}', b'{"routing_key": 5}'])
def test_what_has_no_key_is_pagerduty_s_400(gw, body):
    answer = gw.call("POST", "/v2/enqueue", role=None, data=body)

    assert (answer.status_code, answer.json["status"]) == (400, "invalid event")


def test_an_event_above_512_kib_is_413():
    gw = a_gateway()
    answer = gw.call("POST", "/v2/enqueue", role=Role.SERVICE, data=b"x" * (512 * 1024 + 1))

    assert answer.status_code == 413
