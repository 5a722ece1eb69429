"""Signatures at the edge: required and sufficient where configured, for a while, and once."""

import hashlib
import hmac

import pytest
from structlog.testing import capture_logs

from services.gateway.domain.records import Role
from services.gateway.domain.signatures import Signing
from services.gateway.handlers.manage_tokens import make_secret
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.senders import a_token, deliveries, everything_kept

SECRET = "the-signing-secret"
NOW = int(START.timestamp())
SIGNINGS = {
    "grafana": Signing(secret=SECRET, header="X-Grafana-Alerting-Signature"),
    "timed": Signing(secret=SECRET, header="X-Grafana-Alerting-Signature", timestamp_header="X-Time"),
    "sentry": Signing(
        secret=SECRET,
        header="Sentry-Hook-Signature",
        timestamp_header="Sentry-Hook-Timestamp",
        signs_timestamp=False,
    ),
    "webhook": Signing(secret=SECRET, header="X-Hub-Signature-256"),
}
every_signing = pytest.mark.parametrize("name", SIGNINGS)


def source_of(name: str) -> str:
    return "grafana" if name == "timed" else name


def signing_gateway(name: str) -> GatewayUnderTest:
    return a_gateway(signing={source_of(name): SIGNINGS[name]})


def signed(name: str, body: bytes, *, at: int = NOW, secret: str = SECRET) -> dict[str, str]:
    signing = SIGNINGS[name]
    timed = bool(signing.timestamp_header) and signing.signs_timestamp
    what = f"{at}:".encode() + body if timed else body
    digest = hmac.new(secret.encode(), what, hashlib.sha256).hexdigest()
    time = {signing.timestamp_header: str(at)} if signing.timestamp_header else {}
    return {signing.header: f"sha256={digest}" if name == "webhook" else digest, **time}


def post_signed(gw: GatewayUnderTest, name: str, headers: dict, body: bytes = b'{"a": 1}', path: str = "", **options):
    where = f"/api/intake/{source_of(name)}{path}"
    return gw.call("POST", where, data=body, headers=headers, **{"role": None, **options})


@every_signing
def test_a_signature_is_sufficient(name):
    gw = signing_gateway(name)
    answer = post_signed(gw, name, signed(name, b'{"a": 1}'))

    assert answer.status_code == 202
    assert deliveries(gw)[0].sender == f"signature:{source_of(name)}"


@every_signing
def test_a_signature_is_required_where_a_secret_is_configured(name):
    gw = signing_gateway(name)
    tampered = signed(name, b'{"a": 2}')
    foreign = signed(name, b'{"a": 1}', secret="another-secret")
    odd = dict.fromkeys(signed(name, b""), "ümläut")
    for headers in ({}, tampered, foreign, odd):
        answer = post_signed(gw, name, headers, role=Role.ADMIN)
        assert (answer.status_code, answer.json["code"]) == (401, "signature_invalid")
        assert SECRET not in answer.text
    assert deliveries(gw) == []


def test_equal_bodies_of_a_webhook_that_signs_no_time_are_two_deliveries():
    gw = signing_gateway("webhook")
    headers = signed("webhook", b'{"a": 1}')

    assert [post_signed(gw, "webhook", headers).status_code for _ in range(2)] == [202, 202]
    assert len(deliveries(gw)) == 2


@pytest.mark.parametrize("name", ["grafana", "timed", "sentry"])
def test_a_replay_is_answered_with_what_it_became_and_nothing_happens(name):
    gw = signing_gateway(name)
    headers = signed(name, b'{"a": 1}')
    first = post_signed(gw, name, headers)
    again = post_signed(gw, name, {**headers, "Idempotency-Key": "another"})

    assert again.json == {**first.json, "replayed": True}
    assert len(deliveries(gw)) == 1


@pytest.mark.parametrize("name", ["timed", "sentry"])
@pytest.mark.parametrize(("shift", "status"), [(-301, 401), (-300, 202), (0, 202), (300, 202), (301, 401)])
def test_a_time_must_lie_within_five_minutes_of_ours(name, shift, status):
    gw = signing_gateway(name)

    assert post_signed(gw, name, signed(name, b'{"a": 1}', at=NOW + shift)).status_code == status


@pytest.mark.parametrize("time", ["", "soon", "-5", "9" * 400, "١٢٣"])
def test_a_time_that_is_none_is_refused(time):
    gw = signing_gateway("timed")
    headers = {**signed("timed", b'{"a": 1}'), "X-Time": time}

    assert post_signed(gw, "timed", headers).status_code == 401


def test_sentry_need_not_send_a_time():
    gw = signing_gateway("sentry")
    headers = signed("sentry", b'{"a": 1}')
    del headers["Sentry-Hook-Timestamp"]

    assert post_signed(gw, "sentry", headers).status_code == 202


def test_an_address_with_a_token_needs_both():
    gw = signing_gateway("grafana")
    token = a_token(gw)
    headers = signed("grafana", b'{"a": 1}')

    assert post_signed(gw, "grafana", {}, path=f"/{token}").json["code"] == "signature_invalid"
    assert post_signed(gw, "grafana", headers, path=f"/{make_secret()}").json["code"] == "unauthenticated"
    assert post_signed(gw, "grafana", headers, path=f"/{token}").status_code == 202


def test_the_same_signature_from_two_sources_is_two_deliveries():
    gw = a_gateway(signing={"webhook": SIGNINGS["webhook"], "grafana": SIGNINGS["grafana"]})
    for name in ("webhook", "grafana"):
        assert post_signed(gw, name, signed(name, b'{"a": 1}')).status_code == 202

    assert len(deliveries(gw)) == 2


def test_a_signature_of_another_implementation_holds():
    """Made with openssl: printf '%s' "$BODY" | openssl dgst -sha256 -hmac "$SECRET"."""
    body = b'{"receiver":"faultline","status":"firing"}'
    vector = "b92ee92e0d5d286d38f8f405f507f9842d1fb25fe85f290a363b3930fb2da5ff"
    gw = a_gateway(signing={"grafana": SIGNINGS["grafana"]})

    assert post_signed(gw, "grafana", {"X-Grafana-Alerting-Signature": vector}, body).status_code == 202


def test_a_signing_secret_is_in_no_record_and_no_log_line():
    gw = signing_gateway("webhook")
    with capture_logs() as logs:
        post_signed(gw, "webhook", signed("webhook", b"{}"), b"{}")
        post_signed(gw, "webhook", {})

    assert SECRET not in everything_kept(gw) + repr(logs) + repr(gw.gateway.settings) + repr(SIGNINGS)
