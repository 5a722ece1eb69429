import logging
from datetime import timedelta

import msgspec
import pytest

from services.gateway.domain.access import may
from services.gateway.domain.records import Role, Token
from services.gateway.openapi import describe_api
from tests.support.clock import START, FixedClock
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.memory_store import MemoryStore

SPEC = msgspec.json.decode(describe_api())
OPERATIONS = [
    # Where the credential stands in the path or the body, the tests of intake try it.
    (method.upper(), path, operation["x-required-role"] if operation["security"] else "none")
    for path, members in SPEC["paths"].items()
    for method, operation in members.items()
    if method in {"get", "post", "patch", "put", "delete"}
]
GUARDED = [operation for operation in OPERATIONS if operation[2] != "none"]


@pytest.fixture(scope="module")
def shared_gw() -> GatewayUnderTest:
    """One gateway for the walks over every endpoint; nothing they do lets them meet."""
    return a_gateway()


def _open_operations(path: str, members: dict) -> list[tuple[str, str]]:
    return [
        (method, path)
        for method, operation in members.items()
        if method != "parameters" and operation["x-required-role"] == "none"
    ]


def concrete(path: str) -> str:
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize(("method", "path", "required"), GUARDED)
@pytest.mark.parametrize("role", list(Role))
def test_every_endpoint_lets_in_exactly_the_roles_it_states(
    shared_gw: GatewayUnderTest, method: str, path: str, required: str, role: Role
):
    response = shared_gw.call(method, concrete(path), role=role)

    assert (response.status_code == 403) == (not may(role, Role(required)))
    assert response.status_code not in {401, 500}
    if response.status_code == 403:
        assert response.json["code"] == "forbidden"


@pytest.mark.parametrize(("method", "path", "required"), GUARDED)
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nope", "Basic YWRtaW46eA==", "nonsense"])
def test_no_endpoint_answers_without_a_good_token(
    shared_gw: GatewayUnderTest, method: str, path: str, required: str, header: str | None
):
    # An address that shows a good token is never sent away for bad ones.
    shared_gw.get("/api/me")
    headers = {"Authorization": header} if header else {}
    response = shared_gw.call(method, concrete(path), role=None, headers=headers)

    assert (response.status_code, response.json["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="faultline"'


def test_only_health_readiness_metrics_and_the_description_are_open(gw: GatewayUnderTest):
    described = [one for members in SPEC["paths"].items() for one in _open_operations(*members)]
    assert set(described) == {
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
        ("options", "/api/intake/cloudevents"),
        ("options", "/api/intake/cloudevents/{token}"),
    }
    for path in ("/healthz", "/readyz", "/metrics", "/api/openapi.json", "/api/docs", "/api/docs/style.css"):
        assert gw.call("GET", path, role=None).status_code == 200


def test_the_ladder_of_roles():
    ladder = [Role.VIEWER, Role.RESPONDER, Role.APPROVER, Role.ADMIN]
    for at, role in enumerate(ladder):
        assert [may(role, required) for required in ladder] == [at >= other for other in range(4)]
    assert [may(role, Role.SERVICE) for role in [*ladder, Role.SERVICE]] == [False, True, True, True, True]
    assert not any(may(Role.SERVICE, required) for required in ladder)


def test_a_token_works_from_the_moment_it_is_made_until_it_is_revoked(gw: GatewayUnderTest):
    made = gw.post("/api/tokens", json={"name": "bob", "role": "viewer"})
    secret = made.json["token"]

    assert made.status_code == 201
    assert secret.startswith("flt_")
    me = gw.get("/api/me", token=secret).json
    assert (me["id"], me["name"], me["role"]) == ("token:bob", "bob", "viewer")
    assert gw.call("DELETE", made.headers["Location"]).status_code == 204
    assert gw.call("DELETE", made.headers["Location"]).status_code == 204
    assert gw.get("/api/me", token=secret).status_code == 401
    assert gw.get(made.headers["Location"]).json["revokedAt"] is not None


def test_an_expired_token_is_refused(gw: GatewayUnderTest):
    expires = (START + timedelta(minutes=5)).isoformat()
    secret = gw.post("/api/tokens", json={"name": "bob", "role": "viewer", "expiresAt": expires}).json["token"]
    assert gw.get("/api/me", token=secret).status_code == 200

    gw.clock.advance(300)
    assert gw.get("/api/me", token=secret).status_code == 401


def test_neither_secret_nor_hash_is_ever_shown_again(gw: GatewayUnderTest, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    headers = {"Idempotency-Key": "once"}
    body = {"name": "bob", "role": "viewer"}
    made = gw.post("/api/tokens", json=body, headers=headers).json
    again = gw.post("/api/tokens", json=body, headers=headers)
    digest = gw.store.get(Token, made["id"]).sha256

    assert again.json == {**made, "token": None}
    seen = gw.get("/api/tokens").text + gw.get("/metrics").text + caplog.text
    assert made["token"] not in seen
    assert digest not in seen


def test_a_name_is_never_given_twice(gw: GatewayUnderTest):
    made = gw.post("/api/tokens", json={"name": "bob", "role": "viewer"})
    gw.call("DELETE", made.headers["Location"])

    refused = gw.post("/api/tokens", json={"name": "Bob", "role": "admin"})
    assert (refused.status_code, refused.json["code"]) == (409, "token_name_taken")


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 64, "a\n", "ü"])
def test_names_of_tokens_are_plain_words(gw: GatewayUnderTest, name: str):
    assert list(gw.post("/api/tokens", json={"name": name, "role": "viewer"}).json["errors"]) == ["name"]


def guess(gw: GatewayUnderTest, times: int) -> list[int]:
    return [gw.get("/api/me", token=f"guess-{number}").status_code for number in range(times)]


def fresh() -> GatewayUnderTest:
    return a_gateway(store=MemoryStore(FixedClock()))


def test_an_address_that_guesses_is_sent_away_for_the_rest_of_the_minute():
    gw = fresh()
    assert guess(gw, 22) == [401] * 20 + [429] * 2

    refused = gw.get("/api/me", token="guess")
    assert (refused.json["code"], refused.headers["Retry-After"]) == ("too_many_bad_tokens", "61")
    gw.ticks.seconds += 61
    assert guess(gw, 1) == [401]


def test_an_address_that_shows_good_tokens_is_not_sent_away():
    gw = fresh()
    assert gw.get("/api/me").status_code == 200

    assert set(guess(gw, 30)) == {401}
    assert gw.get("/api/me").status_code == 200


def test_requests_without_any_token_are_not_guesses():
    gw = fresh()
    for _ in range(25):
        assert gw.call("GET", "/api/me", role=None).status_code == 401

    assert gw.get("/api/me").status_code == 200
