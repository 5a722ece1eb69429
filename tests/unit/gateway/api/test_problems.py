import pytest

from services.gateway.domain.records import Role
from services.gateway.errors import StoreBusy
from tests.support.clock import FixedClock
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.memory_store import MemoryStore


def check(response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    body = response.json
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"].endswith(code)
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == response.headers["X-Request-Id"]


def test_an_unknown_path_is_a_problem(gw: GatewayUnderTest):
    for path in ("/nope", "/api/nope", "/api/incidents/", "/api/incidents/a/b/c", "/api/subscriptions"):
        check(gw.get(path), 404, "route_not_found")


def test_a_method_a_path_does_not_take_is_a_problem_that_names_the_others(gw: GatewayUnderTest):
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        response = gw.call(method, "/api/incidents")
        check(response, 405, "method_not_allowed")
        assert response.headers["Allow"] == "GET, HEAD, POST"


def test_head_is_answered_like_get_without_a_body(gw: GatewayUnderTest):
    response = gw.call("HEAD", "/api/me")

    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize("body", [b"", b"{", b"nope", b'{"title": "\\ud800"}', b"\xff", b'{"title": NaN}', b"{}{}"])
def test_a_body_that_is_no_json_is_malformed(gw: GatewayUnderTest, body: bytes):
    check(gw.post("/api/incidents", data=body, content_type="application/json"), 400, "malformed_json")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"null", b"1"])
def test_a_body_that_is_no_object_is_not_valid(gw: GatewayUnderTest, body: bytes):
    check(gw.post("/api/incidents", data=body, content_type="application/json"), 422, "validation_failed")


@pytest.mark.parametrize("depth", [50, 5_000, 200_000])
def test_a_body_nested_too_deeply_is_refused(gw: GatewayUnderTest, depth: int):
    body = b'{"a":' + b"[" * depth + b"]" * depth + b"}"

    check(gw.post("/api/incidents", data=body, content_type="application/json"), 400, "json_too_deep")


def test_forty_nine_levels_are_read(gw: GatewayUnderTest):
    body = b'{"a":' + b"[" * 49 + b"]" * 49 + b"}"

    check(gw.post("/api/incidents", data=body, content_type="application/json"), 422, "validation_failed")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/xml"])
def test_a_body_of_another_type_is_415(gw: GatewayUnderTest, media_type: str):
    check(gw.post("/api/incidents", data=b'{"title":"x"}', content_type=media_type), 415, "unsupported_media_type")


def test_a_charset_beside_json_is_fine(gw: GatewayUnderTest):
    response = gw.post("/api/incidents", data=b'{"title":"x"}', content_type="application/json; charset=utf-8")

    assert response.status_code == 201


def test_what_nobody_foresaw_is_500_and_tells_nothing():
    class Broken(MemoryStore):
        def list_incidents(self, query):
            raise RuntimeError("secret detail")

    gw = a_gateway(store=Broken(FixedClock()))
    response = gw.get("/api/incidents")

    check(response, 500, "internal_error")
    assert "secret" not in response.text


def test_a_busy_store_is_503_with_a_time_to_come_back():
    class Busy(MemoryStore):
        busy = False

        def transact(self, work):
            if self.busy:
                raise StoreBusy
            return super().transact(work)

    store = Busy(FixedClock())
    gw = a_gateway(store=store)
    store.busy = True
    response = gw.post("/api/incidents", json={"title": "x"})

    check(response, 503, "storage_busy")
    assert response.headers["Retry-After"] == "5"


def test_a_sane_request_id_is_kept_and_any_other_replaced(gw: GatewayUnderTest):
    assert gw.get("/api/me", headers={"X-Request-Id": "abc-1.2_3"}).headers["X-Request-Id"] == "abc-1.2_3"
    for bad in ("a b", "x" * 65, "a;b", ""):
        assert gw.get("/api/me", headers={"X-Request-Id": bad}).headers["X-Request-Id"].startswith("req_")


@pytest.mark.parametrize("path", ["/api/me", "/nope", "/healthz", "/api/docs", "/api/incidents/x"])
def test_every_answer_has_the_security_headers_once(gw: GatewayUnderTest, path: str):
    response = gw.get(path)

    assert response.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    policies = response.headers.getlist("Content-Security-Policy")
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'")
    assert "script" not in policies[0]
    assert response.headers.getlist("Cache-Control") == ["private, no-cache"]


def test_a_viewer_is_told_what_role_it_takes(gw: GatewayUnderTest):
    response = gw.call("POST", "/api/incidents", role=Role.VIEWER, json={"title": "x"})

    check(response, 403, "forbidden")
    assert "responder" in response.json["detail"]
