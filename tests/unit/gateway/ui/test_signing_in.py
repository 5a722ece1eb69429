import pytest

from services.gateway.domain.records import Role
from tests.support.gateway import GatewayUnderTest


def test_a_page_leads_to_sign_in_and_back(gw: GatewayUnderTest):
    answer = gw.get("/incidents?q=checkout", role=None)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/incidents%3Fq%3Dcheckout")


def test_a_good_token_gets_a_cookie_and_goes_on(gw: GatewayUnderTest):
    form = {"token": gw.secrets[Role.VIEWER], "next": "/incidents?q=checkout"}

    answer = gw.post("/sign-in", data=form, role=None)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents?q=checkout")
    assert "faultline_session=" in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]


def test_a_bad_token_is_told_so_and_nothing_of_it_is_shown(gw: GatewayUnderTest):
    answer = gw.post("/sign-in", data={"token": "flt_wrong", "next": "/"}, role=None)

    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "flt_wrong" not in answer.text


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "a\nb"]
)
def test_sign_in_leads_nowhere_else(gw: GatewayUnderTest, address: str):
    form = {"token": gw.secrets[Role.VIEWER], "next": address}

    assert gw.post("/sign-in", data=form, role=None).headers["Location"] == "/"


def test_another_sites_form_signs_nobody_in(gw: GatewayUnderTest):
    form = {"token": gw.secrets[Role.VIEWER], "next": "/"}

    answer = gw.post("/sign-in", data=form, role=None, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_signing_out_of_a_session_that_is_over_leads_to_sign_in(gw: GatewayUnderTest):
    answer = gw.post("/sign-out", role=None, headers={"Cookie": "faultline_session=fls_gone"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
