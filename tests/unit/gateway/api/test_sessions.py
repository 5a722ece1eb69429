"""Browsers that sign in, and what others may try with their cookies."""

import logging
from datetime import timedelta

import msgspec
import pytest

from services.gateway.api.access_keeper import keep_access
from services.gateway.domain.records import Role, Session, Token
from services.gateway.handlers.manage_sessions import MOST_LIVE
from services.gateway.handlers.manage_tokens import hash_token, make_token, token_id_for
from tests.support.browser import Browser, a_browser
from tests.support.gateway import GatewayUnderTest, a_gateway

IDLE = timedelta(hours=8)


def browser_of(gw: GatewayUnderTest, role: Role = Role.RESPONDER) -> Browser:
    return a_browser(gw, gw.secrets[role])


def upkeep(gw: GatewayUnderTest) -> None:
    keep_access(gw.store, gw.app.extensions["faultline_auth"], gw.clock)


def secret_of(browser: Browser) -> str:
    return browser.cookie.partition("=")[2]


def code_of(response) -> tuple[int, str]:
    return response.status_code, response.json["code"]


def test_a_browser_signs_in_with_a_token_and_is_known_by_its_cookie(gw: GatewayUnderTest):
    browser = browser_of(gw)
    me = browser.get("/api/me").json

    assert (me["id"], me["role"], me["signedInBy"], me["sessionId"]) == (
        "token:responder",
        "responder",
        "session",
        browser.session_id,
    )
    assert me["csrfToken"] == browser.csrf
    assert browser.call("POST", "/api/incidents", json={"title": "Down"}).status_code == 201
    timeline = browser.get("/api/incidents/INC-1/timeline").json
    assert timeline["items"][0]["actor"] == "token:responder"


def test_a_token_in_the_header_signs_in_too_but_not_two_at_once(gw: GatewayUnderTest):
    assert gw.post("/api/session", json={}).status_code == 201

    both = gw.post("/api/session", json={"token": gw.secrets[Role.VIEWER]})
    assert code_of(both) == (422, "validation_failed")
    assert "Set-Cookie" not in both.headers


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'"x"', b'{"token": 1}', b'{"token": null}', b'{"token": ""}', b"{", b"\xff", b"[" * 2000],
)
def test_signing_in_without_a_good_token_is_refused(gw: GatewayUnderTest, body: bytes):
    refused = gw.call("POST", "/api/session", role=None, data=body, content_type="application/json")

    assert code_of(refused) == (401, "unauthenticated")
    assert "Set-Cookie" not in refused.headers


def test_a_token_in_a_form_or_in_the_address_signs_nobody_in(gw: GatewayUnderTest):
    token = gw.secrets[Role.ADMIN]
    form = gw.call("POST", "/api/session", role=None, data={"token": token})
    text = gw.call("POST", "/api/session", role=None, data=f'{{"token": "{token}"}}', content_type="text/plain")
    query = gw.call("POST", "/api/session", role=None, json={}, query_string={"token": token, "access_token": token})

    assert [one.status_code for one in (form, text, query)] == [401] * 3


def test_more_than_a_token_is_not_read_of_a_stranger(gw: GatewayUnderTest):
    refused = gw.call("POST", "/api/session", role=None, json={"token": "x" * 10_000})

    assert code_of(refused) == (413, "body_too_large")


def test_a_service_cannot_sign_in(gw: GatewayUnderTest):
    refused = gw.call("POST", "/api/session", role=None, json={"token": gw.secrets[Role.SERVICE]})

    assert code_of(refused) == (403, "forbidden")


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(gw: GatewayUnderTest):
    begun = Browser(gw).sign_in(gw.secrets[Role.VIEWER])
    name, *flags = begun.headers["Set-Cookie"].split("; ")

    assert name.startswith("faultline_session=fls_")
    assert {flag for flag in flags if not flag.startswith("Expires")} == {
        "HttpOnly",
        "Path=/",
        "SameSite=Strict",
        "Max-Age=86400",
    }


def test_over_https_the_cookie_is_secure_and_of_this_host_only():
    gw = a_gateway(public_url="https://faultline.example.org")
    begun = Browser(gw, headers={"Origin": "https://faultline.example.org"}).sign_in(gw.secrets[Role.VIEWER])

    cookie = begun.headers["Set-Cookie"]
    assert cookie.startswith("__Host-faultline_session=")
    assert "; Secure" in cookie
    assert "Domain" not in cookie
    secret = cookie.partition("=")[2].partition(";")[0]
    planted = gw.call("GET", "/api/me", role=None, headers={"Cookie": f"faultline_session={secret}"})
    assert planted.status_code == 401


def test_a_session_that_was_planted_is_never_taken_over(gw: GatewayUnderTest):
    planted = "fls_chosen-by-somebody-else"
    browser = Browser(gw, cookie=f"faultline_session={planted}")
    browser.sign_in(gw.secrets[Role.VIEWER])

    assert secret_of(browser) != planted
    assert gw.call("GET", "/api/me", role=None, headers={"Cookie": f"faultline_session={planted}"}).status_code == 401


def test_signing_in_again_ends_the_session_the_browser_had(gw: GatewayUnderTest):
    browser = browser_of(gw)
    old = browser.cookie
    browser.sign_in(gw.secrets[Role.ADMIN])

    assert browser.get("/api/me").json["role"] == "admin"
    assert gw.call("GET", "/api/me", role=None, headers={"Cookie": old}).status_code == 401


# --- writes of other sites ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-CSRF-Token": None}, id="no token"),
        pytest.param({"X-CSRF-Token": ""}, id="empty token"),
        pytest.param({"X-CSRF-Token": "f" * 64}, id="wrong token"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="cross-site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="another host of the domain"),
        pytest.param({"Sec-Fetch-Site": "none"}, id="typed"),
        pytest.param({"Sec-Fetch-Site": None, "Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Sec-Fetch-Site": None, "Origin": "null"}, id="no origin to name"),
        pytest.param({"Sec-Fetch-Site": None, "Origin": "http://localhost.evil.example"}, id="a longer host"),
        pytest.param({"Sec-Fetch-Site": None, "Origin": "http://localhost:81"}, id="another port"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_that_no_page_of_ours_sent_is_refused(gw: GatewayUnderTest, method: str, headers: dict):
    browser = browser_of(gw, Role.ADMIN)
    path = {"POST": "/api/incidents", "PUT": "/api/rules", "PATCH": "/api/incidents/x", "DELETE": "/api/session"}[
        method
    ]
    refused = browser.call(method, path, json={"title": "Down"}, headers=headers)

    assert code_of(refused) == (403, "csrf_failed")
    assert browser.get("/api/incidents").json["total"] == 0
    assert browser.get("/api/me").status_code == 200


def test_the_csrf_token_of_one_session_is_none_of_another(gw: GatewayUnderTest):
    mine, yours = browser_of(gw, Role.ADMIN), browser_of(gw, Role.ADMIN)
    refused = mine.call("POST", "/api/incidents", json={"title": "Down"}, headers={"X-CSRF-Token": yours.csrf})

    assert code_of(refused) == (403, "csrf_failed")


def test_a_browser_that_says_only_its_origin_may_write_from_ours(gw: GatewayUnderTest):
    browser = browser_of(gw)
    ours = {"Sec-Fetch-Site": None, "Origin": "http://localhost"}

    assert browser.call("POST", "/api/incidents", json={"title": "Down"}, headers=ours).status_code == 201


def test_a_public_url_says_which_origin_is_ours():
    gw = a_gateway(public_url="https://faultline.example.org")
    browser = Browser(gw, headers={"Origin": "https://faultline.example.org"})
    browser.sign_in(gw.secrets[Role.RESPONDER])

    assert browser.call("POST", "/api/incidents", json={"title": "Down"}).status_code == 201
    other = {"Origin": "http://localhost"}
    assert browser.call("POST", "/api/incidents", json={"title": "Down"}, headers=other).status_code == 403


def test_another_site_cannot_sign_a_browser_in_as_somebody_else(gw: GatewayUnderTest):
    token = gw.secrets[Role.VIEWER]
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    refused = gw.call("POST", "/api/session", role=None, json={"token": token}, headers=headers)

    assert code_of(refused) == (403, "csrf_failed")
    assert "Set-Cookie" not in refused.headers


def test_a_bearer_token_needs_no_csrf_token_and_goes_before_a_cookie(gw: GatewayUnderTest):
    browser = browser_of(gw, Role.VIEWER)
    headers = {"Cookie": browser.cookie, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    assert gw.post("/api/incidents", json={"title": "Down"}, headers=headers).status_code == 201
    headers["Authorization"] = "Bearer flt_of-nobody"
    assert gw.call("GET", "/api/me", role=None, headers=headers).status_code == 401


def test_a_cookie_sends_no_delivery(gw: GatewayUnderTest):
    browser = browser_of(gw, Role.ADMIN)

    assert browser.call("POST", "/api/intake/webhook", json={}).status_code == 401
    assert browser.call("POST", "/v2/alerts", json={}).status_code == 401


# --- the end of a session ----------------------------------------------------------------------------


def test_signing_out_ends_the_session_and_takes_the_cookie(gw: GatewayUnderTest):
    browser = browser_of(gw)
    out = browser.call("DELETE", "/api/session")

    assert out.status_code == 204
    assert out.headers["Set-Cookie"].startswith("faultline_session=;")
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    assert browser.get("/api/me").status_code == 401
    ended = gw.store.get(Session, browser.session_id)
    assert (ended.end, ended.ended_by) == ("signed_out", "token:responder")


def test_a_session_ends_at_the_end_of_its_time_however_busy_it_is():
    gw = a_gateway(session_seconds=3_600)
    browser = browser_of(gw)
    for _ in range(11):
        gw.clock.advance(300)
        assert browser.get("/api/me").status_code == 200

    gw.clock.advance(300)
    assert browser.get("/api/me").status_code == 401


def test_a_session_that_is_not_used_ends(gw: GatewayUnderTest):
    browser, used = browser_of(gw), browser_of(gw)
    gw.clock.advance(IDLE.total_seconds() - 1)
    assert used.get("/api/me").status_code == 200
    gw.clock.advance(1)

    assert browser.get("/api/me").status_code == 401
    assert used.get("/api/me").status_code == 200
    upkeep(gw)
    assert gw.store.get(Session, browser.session_id).end == "idle"
    assert gw.store.get(Session, used.session_id).end is None


@pytest.mark.parametrize("way", ["revoked", "expired", "renewed"])
def test_the_end_of_a_token_ends_its_sessions_at_once(gw: GatewayUnderTest, way: str):
    expires = (gw.clock.now() + timedelta(hours=1)).isoformat()
    made = gw.post("/api/tokens", json={"name": "ann", "role": "viewer", "expiresAt": expires}).json
    browser = a_browser(gw, made["token"])
    assert browser.get("/api/me").json["expiresAt"] == made["expiresAt"]

    if way == "revoked":
        gw.call("DELETE", f"/api/tokens/{made['id']}")
    elif way == "expired":
        gw.clock.advance(3_600)
    else:
        token = gw.store.get(Token, made["id"])
        gw.store.transact(lambda tx: tx.put(msgspec.structs.replace(token, sha256=hash_token("flt_another"))))
    assert browser.get("/api/me").status_code == 401
    assert gw.get("/api/sessions").json["items"][0]["state"] == "ended"
    upkeep(gw)
    assert gw.store.get(Session, browser.session_id).end == "token_ended"


def test_of_too_many_sessions_of_a_token_the_oldest_end(gw: GatewayUnderTest):
    browsers = []
    for _ in range(MOST_LIVE + 1):
        browsers.append(browser_of(gw))
        gw.clock.advance(1)

    assert [one.get("/api/me").status_code for one in browsers] == [401] + [200] * MOST_LIVE
    assert gw.get("/api/sessions?state=live").json["total"] == MOST_LIVE


# --- whose sessions ----------------------------------------------------------------------------------


def test_everybody_sees_and_ends_their_own_sessions_and_admins_all(gw: GatewayUnderTest):
    mine, other, admins = browser_of(gw, Role.VIEWER), browser_of(gw), browser_of(gw, Role.ADMIN)
    seen = mine.get("/api/sessions").json

    assert [(one["id"], one["isCurrent"]) for one in seen["items"]] == [(mine.session_id, True)]
    assert admins.get("/api/sessions").json["total"] == 3
    assert mine.get(f"/api/sessions?tokenId={token_id_for('admin')}").status_code == 403
    assert mine.get(f"/api/sessions?tokenId={token_id_for('viewer')}").status_code == 200
    assert code_of(mine.call("DELETE", f"/api/sessions/{other.session_id}")) == (404, "not_found")
    assert other.get("/api/me").status_code == 200
    assert admins.call("DELETE", f"/api/sessions/{other.session_id}").status_code == 204
    assert other.get("/api/me").status_code == 401
    assert mine.call("DELETE", f"/api/sessions/{mine.session_id}").status_code == 204
    assert mine.get("/api/me").status_code == 401


def test_an_admin_whose_scopes_leave_access_out_sees_own_sessions_only(gw: GatewayUnderTest):
    browser_of(gw)
    made = gw.post("/api/tokens", json={"name": "narrow", "role": "admin", "scopes": ["incidents:read"]}).json
    narrow = a_browser(gw, made["token"])

    assert narrow.get("/api/sessions").json["total"] == 1
    assert code_of(narrow.get("/api/tokens")) == (403, "scope_missing")
    assert narrow.get("/api/incidents").status_code == 200


def test_neither_secret_nor_hash_of_a_session_is_ever_shown(
    gw: GatewayUnderTest, caplog: pytest.LogCaptureFixture, capsys
):
    caplog.set_level(logging.DEBUG)
    browser = browser_of(gw, Role.ADMIN)
    seen = browser.get("/api/sessions").text + browser.get("/api/audit").text + browser.get("/metrics").text
    browser.get("/api/nope")
    browser.call("POST", "/api/incidents", json={}, headers={"X-CSRF-Token": "x"})
    gw.call("GET", "/api/me", role=None, headers={"Cookie": f"{browser.cookie}x"})
    digest = gw.store.get(Session, browser.session_id).sha256

    seen += caplog.text + "".join(capsys.readouterr())
    assert secret_of(browser) not in seen
    assert browser.csrf not in seen
    assert digest not in seen


# --- guessing ----------------------------------------------------------------------------------------


def guess(gw: GatewayUnderTest, address: str, times: int) -> list[int]:
    return [
        gw.call(
            "GET",
            "/api/me",
            role=None,
            headers={"Cookie": f"faultline_session=fls_{number}"},
            environ_overrides={"REMOTE_ADDR": address},
        ).status_code
        for number in range(times)
    ]


def test_an_address_that_guesses_sessions_is_sent_away(gw: GatewayUnderTest):
    assert guess(gw, "192.0.2.7", 22) == [401] * 20 + [429] * 2
    assert guess(gw, "192.0.2.8", 1) == [401]


def test_signing_in_is_guessing_too(gw: GatewayUnderTest):
    tries = [
        gw.call(
            "POST",
            "/api/session",
            role=None,
            json={"token": f"flt_{number}"},
            environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
        ).status_code
        for number in range(21)
    ]

    assert tries == [401] * 20 + [429]


def test_a_page_that_stays_open_after_its_session_is_no_guess(gw: GatewayUnderTest):
    browser = browser_of(gw)
    gw.call("DELETE", f"/api/sessions/{browser.session_id}")
    gw.ticks.seconds += 1_000

    options = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.9"}}
    assert [browser.get("/api/me", **options).status_code for _ in range(30)] == [401] * 30


def test_sessions_are_known_after_a_start(gw: GatewayUnderTest):
    kept, ended = browser_of(gw), browser_of(gw)
    ended.call("DELETE", "/api/session")
    again = a_gateway(store=gw.store, clock=gw.clock, with_tokens=False)

    assert again.call("GET", "/api/me", role=None, headers={"Cookie": kept.cookie}).status_code == 200
    assert again.call("GET", "/api/me", role=None, headers={"Cookie": ended.cookie}).status_code == 401


def test_what_a_session_may_do_is_what_its_token_may(gw: GatewayUnderTest):
    gw.store.transact(
        lambda tx: make_token(tx, name="x", role=Role.VIEWER, secret="flt_x-of-the-tests", created_by="test")
    )
    browser = a_browser(gw, "flt_x-of-the-tests")

    assert code_of(browser.call("POST", "/api/incidents", json={"title": "Down"})) == (403, "forbidden")
