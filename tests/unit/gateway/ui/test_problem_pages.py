"""What a browser is shown where nothing is, and where it was refused: a page that helps, and what was typed."""

import pytest

from services.gateway.domain.records import Role
from tests.support.gateway import GatewayUnderTest

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_a_browser_at_an_unknown_path_gets_a_page(gw: GatewayUnderTest, role):
    answer = gw.get("/nowhere/<script>", role=role, headers=BROWSER)

    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")
    assert "/nowhere/&lt;script&gt;" in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_number_in_the_address_is_understood(gw: GatewayUnderTest):
    assert 'href="/incidents/INC-42"' in gw.get("/INC-42", headers=BROWSER).text


@pytest.mark.parametrize(
    ("path", "headers"), [("/api/nowhere", BROWSER), ("/v2/nowhere", BROWSER), ("/nowhere", {"Accept": "*/*"})]
)
def test_programs_are_told_as_ever(gw: GatewayUnderTest, path, headers):
    answer = gw.get(path, headers=headers)

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_without_script_a_refused_form_shows_what_was_typed_and_no_secret(gw: GatewayUnderTest):
    typed = {
        "message": "Rolled back <b>1.43</b>",
        "csrfToken": "c-secret",
        "token": "t-secret",
        "requestKey": "k-secret",
    }

    answer = gw.post("/demo", data=typed, role=None)

    assert answer.status_code == 401
    assert "Rolled back &lt;b&gt;1.43&lt;/b&gt;" in answer.text
    assert "secret" not in answer.text
    assert 'href="/sign-in"' in answer.text


def test_signed_in_it_says_how_to_get_back_to_the_form(gw: GatewayUnderTest):
    answer = gw.post("/demo", data={"message": "typed"}, role=Role.VIEWER)

    assert answer.status_code == 403
    assert "back button" in answer.text
    assert "typed" in answer.text
