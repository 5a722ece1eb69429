"""What no person types and a link or a program sends all the same: it is refused, and breaks nothing."""

import pytest

from services.gateway.domain.records import Role
from services.gateway.ui.ask import ApiRefused
from services.gateway.ui.pages.operations.moments import local_moment, zone_of
from services.gateway.ui.pages.operations.silence_form import silence_of
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest, a_gateway

MANY_DIGITS = "9" * 5_000
HALF = '{"grouping": [{"id": "\\ud800", "name": "x"}]}'


@pytest.fixture(scope="module")
def gw() -> GatewayUnderTest:
    return a_gateway()


@pytest.mark.parametrize("odd", ["%3F", "%23", "%25", "%252F", "%3Fredirect=true", ".."])
@pytest.mark.parametrize("page", ["/incidents/{}", "/operations/jobs/{}", "/quickdx/{}"])
def test_an_id_of_an_address_stays_one_id(gw: GatewayUnderTest, page: str, odd: str):
    assert gw.get(page.format(odd)).status_code == 404


def test_an_id_reaches_no_other_call_of_the_api(gw: GatewayUnderTest):
    number = gw.open_incident()["number"]

    shortened = gw.post(f"/incidents/INC-{number}%3F/owner", data={"owner": "eve"})
    twice = gw.post(f"/incidents/INC-{number}%252Ftasks%23/owner", data={"owner": "eve"})

    assert (shortened.status_code, twice.status_code) == (404, 404)
    assert gw.get(f"/api/incidents/INC-{number}").json["owner"] is None


def test_an_owner_that_is_not_said_is_not_nobody(gw: GatewayUnderTest):
    opened = gw.open_incident(owner="ann")

    answer = gw.post(f"/incidents/INC-{opened['number']}/owner", data={"version": "1"})

    assert answer.status_code == 400
    assert gw.get(f"/api/incidents/{opened['id']}").json["owner"] == "ann"


@pytest.mark.parametrize("path", ["/sign-in?next=//[", "/incidents/several?back=//["])
def test_an_address_that_is_none_leads_to_the_first_page(gw: GatewayUnderTest, path: str):
    assert gw.get(path).status_code == 200


@pytest.mark.parametrize("text", [HALF, MANY_DIGITS, f'{{"grouping": {MANY_DIGITS}}}', f'{{"grouping": {"9" * 30}}}'])
@pytest.mark.parametrize("path", ["/operations/rules/try", "/operations/rules/save", "/operations/rules/mapping/try"])
def test_a_text_that_is_json_in_part_only_is_refused(gw: GatewayUnderTest, path: str, text: str):
    answer = gw.post(path, data={"rules": text, "paths": text, "version": "0"})

    assert answer.status_code == 422
    assert "The input is not valid" in answer.text


def test_numbers_without_end_are_refused(gw: GatewayUnderTest):
    page = f"/incidents/INC-{gw.open_incident()['number']}"
    change = {"type": "kubernetes", "verb": "scale", "kind": "Deployment", "name": "x", "replicas": MANY_DIGITS}

    assert gw.post(f"{page}/graph/investigations", data={"maxEntities": MANY_DIGITS}).status_code == 422
    assert gw.post(f"{page}/actions/new", data=change).status_code == 422
    made = gw.post("/operations/tokens", data={"name": "ann", "role": "viewer", "days": MANY_DIGITS})
    assert made.status_code == 200
    assert [one["expiresAt"] for one in gw.get("/api/tokens").json["items"] if one["name"] == "ann"] != [None]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_before_or_after_all_time_is_refused(moment: str):
    with pytest.raises(ApiRefused):
        local_moment(moment, zone_of("Asia/Tokyo"), "startsAt")


@pytest.mark.parametrize("lasts", [MANY_DIGITS, "-5", "1441", "", "x"])
def test_a_silence_that_lasts_without_end_is_refused(lasts: str):
    with pytest.raises(ApiRefused):
        silence_of({"comment": "x", "lasts": lasts}, [], START)


def test_a_silence_that_would_end_after_all_time_is_refused():
    with pytest.raises(ApiRefused):
        silence_of({"comment": "x", "lasts": "60", "startsAt": "9999-12-31T23:59", "timezone": "UTC"}, [], START)


def test_a_long_report_is_taken_in_any_script(gw: GatewayUnderTest):
    page = f"/incidents/INC-{gw.open_incident()['number']}"

    answer = gw.post(f"{page}/report", data={"text": "é" * 100_000, "version": "0"}, role=Role.RESPONDER)

    assert answer.status_code == 303
