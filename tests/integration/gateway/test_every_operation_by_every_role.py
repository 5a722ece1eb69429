"""Every operation of the served document, asked for by everybody: none is reached without what its entry states.

Nothing here looks at how the gateway decides: it reads the document, and sends what the document says may be sent.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from werkzeug.test import TestResponse

from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.json_store import open_json_store
from services.gateway.openapi import describe_api
from tests.support.clock import FixedClock
from tests.support.gateway import GatewayUnderTest, a_gateway

SPEC = msgspec.json.decode(describe_api())
METHODS = {"get", "post", "put", "patch", "delete", "options"}
OPERATIONS = [
    pytest.param(method.upper(), path, entry, id=f"{method.upper()} {path}")
    for path, entries in SPEC["paths"].items()
    for method, entry in entries.items()
    if method in METHODS
]
GUARDED = [one for one in OPERATIONS if one.values[2]["x-required-role"] != "none"]

# As docs/access.md has it, written out.
REACHED_BY = {
    "viewer": {"viewer", "responder", "approver", "admin"},
    "responder": {"responder", "approver", "admin"},
    "approver": {"approver", "admin"},
    "admin": {"admin"},
    "service": {"service", "responder", "approver", "admin"},
}
ROLES = ("viewer", "responder", "approver", "admin", "service")
SCOPES = sorted({one.values[2]["x-required-scope"] for one in OPERATIONS} - {"none"})
# Clients of PagerDuty's Events API know no 401: what has no good routing key is no event.
ROUTING_KEY_ONLY = {"/v2/enqueue", "/v2/change/enqueue"}


@dataclass
class Rig:
    gw: GatewayUnderTest
    tokens: dict[str, str] = field(default_factory=dict)
    scoped: dict[str, str] = field(default_factory=dict)

    def make(self, name: str, **fields: Any) -> str:
        made = self.gw.post("/api/tokens", json={"name": name, **fields})
        assert made.status_code == 201, made.text
        return made.json["token"]

    def sign_in(self, token: str) -> dict[str, str]:
        """Return the headers of a browser that signed in."""
        begun = self.gw.call("POST", "/api/session", role=None, json={"token": token})
        assert begun.status_code == 201, begun.text
        cookie = begun.headers["Set-Cookie"].partition(";")[0]
        return {"Cookie": cookie, "X-CSRF-Token": begun.json["csrfToken"], "Sec-Fetch-Site": "same-origin"}

    def ask(self, method: str, path: str, entry: dict[str, Any], form: str, token: str) -> TestResponse:
        """Make the request of the document's example, with ``token`` in the ``form`` the document names."""
        content = entry.get("requestBody", {}).get("content", {}).get("application/json", {})
        body = {} if path == "/api/session" else dict(content.get("example") or {})
        body |= {"routing_key": token} if form == "body" else {}
        query: dict[str, Any] = {"access_token": token} if form == "accessToken" else {}
        # A stream would stay open for minutes.
        query |= {"seconds": 0} if path.endswith("/stream") else {}
        if form == "path":
            path = path.replace("{token}", token or "nothing")
        for parameter in entry.get("parameters", []):
            if parameter.get("in") == "path":
                path = path.replace(f"{{{parameter['name']}}}", "1")
        options: dict[str, Any] = {} if method == "GET" else {"json": body}
        headers = self.sign_in(token) if form == "session" else authorization(form, token)
        return self.gw.call(method, path, role=None, headers=headers, query_string=query, buffered=True, **options)


def authorization(form: str, token: str) -> dict[str, str]:
    values = {
        "bearer": f"Bearer {token}",
        "basic": "Basic " + base64.b64encode(f"any:{token}".encode()).decode(),
        "genieKey": f"GenieKey {token}",
    }
    return {"Authorization": values[form]} if form in values else {}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder, clock = tmp_path_factory.mktemp("data"), FixedClock()
    store = open_json_store(folder, clock=clock)
    rig = Rig(a_gateway(store=store, blobs=FileBlobs(folder / "blobs"), clock=clock))
    for role in ROLES:
        rig.tokens[role] = rig.make(f"a-{role}", role=role)
        soon = (clock.now() + timedelta(minutes=1)).isoformat()
        rig.tokens[f"expired {role}"] = rig.make(f"expired-{role}", role=role, expiresAt=soon)
        rig.tokens[f"revoked {role}"] = rig.make(f"revoked-{role}", role=role)
    for scope in SCOPES:
        rig.scoped[scope] = rig.make(f"scope-{scope.replace(':', '.')}", role="admin", scopes=[scope])
    for token in rig.gw.get("/api/tokens?limit=200").json["items"]:
        if token["name"].startswith("revoked-"):
            rig.gw.call("DELETE", f"/api/tokens/{token['id']}")
    clock.advance(61)
    yield rig
    store.close()


def forms_of(path: str, entry: dict[str, Any]) -> list[str]:
    """Return the forms a credential may take: the document's schemes, or the path or body where it names none."""
    named = [next(iter(scheme)) for scheme in entry["security"]]
    return named or (["path"] if "{token}" in path else ["body"])


def is_reached(path: str, response: TestResponse) -> bool:
    assert response.status_code < 500, response.text
    if path in ROUTING_KEY_ONLY and response.status_code == 400:
        assert response.json["status"] == "invalid event"
        return False
    return response.status_code not in {401, 403}


@pytest.mark.parametrize(("method", "path", "entry"), OPERATIONS)
def test_every_entry_states_a_role_and_a_scope(method: str, path: str, entry: dict[str, Any]):
    assert entry["x-required-role"] in {"none", *ROLES}
    assert entry["x-required-scope"]
    assert (entry["x-required-role"] == "none") == (not entry["security"] and entry["x-required-scope"] == "none")


@pytest.mark.parametrize(("method", "path", "entry"), GUARDED)
def test_it_is_reached_by_exactly_the_roles_it_states(rig: Rig, method: str, path: str, entry: dict[str, Any]):
    allowed = REACHED_BY[entry["x-required-role"]]
    for form in forms_of(path, entry):
        for role in ROLES:
            if form == "session" and role == "service":
                continue  # A service cannot sign in: that is another entry of the document.
            response = rig.ask(method, path, entry, form, rig.tokens[role])
            # Where others may read a token along the way, only a service's is taken.
            may = {"service"} if form in {"path", "body", "accessToken"} else allowed
            if path in ROUTING_KEY_ONLY or form in {"path", "body"}:
                assert entry["x-required-role"] == "service"

            assert is_reached(path, response) == (role in may), (form, role, response.text)


@pytest.mark.parametrize(("method", "path", "entry"), GUARDED)
def test_nobody_without_a_good_credential_reaches_it(rig: Rig, method: str, path: str, entry: dict[str, Any]):
    bad = [
        "",
        "flt_of-nobody",
        *(token for name, token in rig.tokens.items() if name.split()[0] in {"expired", "revoked"}),
    ]
    for form in {*forms_of(path, entry), "bearer", "basic", "accessToken"} - {"session"}:
        for token in bad:
            response = rig.ask(method, path, entry, form, token)

            assert not is_reached(path, response), (form, response.text)
            assert path in ROUTING_KEY_ONLY or response.status_code == 401


@pytest.mark.parametrize(("method", "path", "entry"), GUARDED)
def test_no_form_reaches_it_that_it_does_not_name(rig: Rig, method: str, path: str, entry: dict[str, Any]):
    for form in {"bearer", "basic", "genieKey", "accessToken", "session", "body"} - set(forms_of(path, entry)):
        response = rig.ask(method, path, entry, form, rig.tokens["admin"])

        if path == "/api/session" and form == "body":
            continue  # Signing in takes a body of its own.
        # Addresses that end with a token, and those of PagerDuty, also take what stands in headers.
        takes_headers = "{token}" in path or "pagerduty" in path or path in ROUTING_KEY_ONLY
        assert takes_headers or not is_reached(path, response), (form, response.text)


@pytest.mark.parametrize(("method", "path", "entry"), GUARDED)
def test_it_is_reached_by_exactly_the_scope_it_states(rig: Rig, method: str, path: str, entry: dict[str, Any]):
    if "bearer" not in forms_of(path, entry):
        return  # Only services come this way, and the one scope they may have is the one it takes.
    required = entry["x-required-scope"]
    for scope in SCOPES:
        forms = {"bearer", "session"} & set(forms_of(path, entry))
        for form in forms:
            response = rig.ask(method, path, entry, form, rig.scoped[scope])

            # Where two are required, no token with one of them gets there.
            is_enough = required in {scope, "none"} and "x-also-required-scope" not in entry
            assert is_reached(path, response) == is_enough, (form, scope, response.text)
            if not is_reached(path, response):
                assert (response.status_code, response.json["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(("method", "path", "entry"), GUARDED)
def test_a_browser_writes_with_its_csrf_token_only(rig: Rig, method: str, path: str, entry: dict[str, Any]):
    if "session" not in forms_of(path, entry):
        return
    headers = rig.sign_in(rig.tokens["admin"])
    del headers["X-CSRF-Token"]
    response = rig.gw.call(method, path.replace("{", "").replace("}", ""), role=None, headers=headers, json={})

    assert (response.status_code == 403) == (method != "GET")
    assert method == "GET" or response.json["code"] == "csrf_failed"


@pytest.mark.parametrize(("method", "path", "entry"), [one for one in OPERATIONS if one not in GUARDED])
def test_what_states_no_role_is_open(rig: Rig, method: str, path: str, entry: dict[str, Any]):
    response = rig.gw.call(method, path.replace("{token}", "1"), role=None)

    assert response.status_code in {200, 503}
