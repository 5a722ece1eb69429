"""The pages of the inbox, as Flask renders them: filters, addresses, forms and what they send to the API."""

import re

import pytest

from services.gateway.domain.records import Role
from tests.support.gateway import GatewayUnderTest

PART = {"HX-Request": "true"}


def session_of(gw: GatewayUnderTest, role: Role = Role.ADMIN) -> dict[str, str]:
    """Sign in, and return what a browser would send with each form."""
    answer = gw.post("/sign-in", data={"token": gw.secrets[role], "next": "/"}, role=None)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    me = gw.get("/api/me", role=None, headers={"Cookie": cookie}).json
    return {"Cookie": cookie, "X-CSRF-Token": me["csrfToken"]}


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r'<tr id="row-(\d+)"', text)]


def test_only_what_is_open_is_shown_until_somebody_asks_for_all(gw: GatewayUnderTest):
    gw.open_incident(title="Still open")
    ended = gw.open_incident(title="Over")
    gw.patch(f"/api/incidents/{ended['id']}", json={"status": "resolved"})

    assert numbers(gw.get("/incidents").text) == [1]
    assert numbers(gw.get("/incidents?open=all").text) == [2, 1]
    assert numbers(gw.get("/incidents?open=false").text) == [2]


def test_the_address_narrows_by_every_filter_at_once(gw: GatewayUnderTest):
    wanted = {"severity": "high", "owner": "ann", "services": ["checkout"], "labels": {"team": "a,b"}}
    gw.open_incident(**wanted)
    for name, other in (("severity", "low"), ("owner", None), ("services", ["mail"]), ("labels", {"team": "a"})):
        gw.open_incident(**{**wanted, name: other})

    answer = gw.get("/incidents?severity=high,critical&owner=ann&service=checkout&label=team:a,b&source=manual&q=down")

    assert numbers(answer.text) == [1]


def test_a_facet_leads_to_the_address_with_its_value_and_back(gw: GatewayUnderTest):
    gw.open_incident(severity="high", owner="ann")

    offered = gw.get("/incidents?severity=low").text
    chosen = gw.get("/incidents?severity=low&severity=high").text

    assert 'href="/incidents?severity=low&amp;severity=high"' in offered
    assert 'href="/incidents?severity=low" aria-current="true"' in chosen


def test_a_value_that_is_not_among_the_frequent_ones_can_still_be_taken_away(gw: GatewayUnderTest):
    assert 'href="/incidents" aria-current="true"' in gw.get("/incidents?service=nobody-has-it").text


def test_a_part_has_the_address_people_share(gw: GatewayUnderTest):
    answer = gw.get("/incidents?q=&sort=-createdAt&severity=high", headers=PART)

    assert answer.headers["HX-Push-Url"] == "/incidents?severity=high"
    assert "<html" not in answer.text


def test_what_the_stream_has_fetched_anew_is_the_list_alone(gw: GatewayUnderTest):
    gw.open_incident()

    answer = gw.get("/incidents", headers={**PART, "HX-Target": "list"})

    assert answer.text.strip().startswith('<section id="list"')
    assert numbers(answer.text) == [1]
    assert "facet" not in answer.text


def test_a_filter_nobody_has_ever_heard_of_is_told(gw: GatewayUnderTest):
    assert gw.get("/incidents?severity=terrible").status_code == 422


def test_pages_follow_each_other_by_cursor(gw: GatewayUnderTest):
    for _ in range(51):
        gw.open_incident()

    first = gw.get("/incidents?severity=medium").text
    found = re.search(r'rel="next" href="([^"]+)"', first)

    assert found
    assert numbers(first) == list(range(51, 1, -1))
    assert numbers(gw.get(found[1].replace("&amp;", "&")).text) == [1]


@pytest.mark.parametrize("path", ["/incidents?q=none", "/incidents?open=all&owner=none", "/incidents"])
def test_an_empty_list_says_what_to_do(gw: GatewayUnderTest, path: str):
    text = gw.get(path).text

    assert 'class="empty"' in text
    assert "<a href=" in text.partition('class="empty"')[2]


def test_markup_in_what_people_and_machines_write_stays_text(gw: GatewayUnderTest):
    evil = '"><script>alert(1)</script>'
    gw.open_incident(title=evil, owner=evil, services=[evil], labels={"team": evil})

    text = gw.get("/incidents?q=script&owner=%22%3E%3Cscript%3E").text + gw.get("/incidents").text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_a_viewer_is_offered_nothing_that_writes(gw: GatewayUnderTest):
    gw.open_incident()

    text = gw.get("/incidents", role=Role.VIEWER).text

    assert "row-check" not in text
    assert "several-bar" not in text
    assert "New incident" not in text


def test_moves_are_those_that_all_of_them_allow(gw: GatewayUnderTest):
    gw.open_incident()
    gw.patch(f"/api/incidents/{gw.open_incident()['id']}", json={"status": "mitigated"})
    gw.patch(f"/api/incidents/{gw.open_incident()['id']}", json={"status": "triage"})

    text = gw.get("/incidents/several?do=move&incident=INC-1&incident=INC-3").text

    assert re.findall(r'<option value="(\w+)">', text) == ["investigating", "resolved", "cancelled"]


def test_a_severity_for_several_is_what_they_have_and_else_nobodys_guess(gw: GatewayUnderTest):
    for severity in ("low", "low", "info"):
        gw.open_incident(severity=severity)

    same = gw.get("/incidents/several?do=severity&incident=INC-1&incident=INC-2").text
    mixed = gw.get("/incidents/several?do=severity&incident=INC-1&incident=INC-3").text

    assert "Change severity of 2 incidents" in same
    assert re.findall(r"<option selected>(\w+)", same) == ["low"]
    assert re.findall(r'<option value="">|<option selected>', mixed) == ['<option value="">']


def form_of(gw: GatewayUnderTest, deed: str, *names: str) -> dict[str, object]:
    text = gw.get(f"/incidents/several?do={deed}&" + "&".join(f"incident={name}" for name in names)).text
    return {
        "do": deed,
        "requestKey": "key-of-the-form",
        "incident": re.findall(r'name="incident" value="([^"]+)"', text),
    }


def test_each_of_several_is_written_once_and_a_repeat_changes_nothing(gw: GatewayUnderTest):
    opened = [gw.open_incident() for _ in range(3)]
    headers, form = session_of(gw), {**form_of(gw, "assign", "INC-1", "INC-3"), "owner": "ann"}

    first = gw.post("/incidents/several", data=form, role=None, headers={**headers, **PART})
    again = gw.post("/incidents/several", data=form, role=None, headers={**headers, **PART})

    shown = [gw.get(f"/api/incidents/{one['id']}").json for one in opened]
    assert [first.status_code, again.status_code] == [204, 204]
    assert "2 incidents assigned." in first.headers["HX-Trigger"]
    assert [one["owner"] for one in shown] == ["ann", None, "ann"]
    assert [one["version"] for one in shown] == [2, 1, 2]


def test_what_is_refused_for_one_is_done_for_the_others_and_said(gw: GatewayUnderTest):
    opened = [gw.open_incident() for _ in range(2)]
    form = {**form_of(gw, "severity", "INC-1", "INC-2"), "severity": "critical"}
    gw.patch(f"/api/incidents/{opened[0]['id']}", json={"title": "Somebody was faster"})

    answer = gw.post("/incidents/several", data=form, role=None, headers={**session_of(gw), **PART})

    assert answer.status_code == 200
    assert "1 of 2 changed" in answer.text
    assert [gw.get(f"/api/incidents/{one['id']}").json["severity"] for one in opened] == ["medium", "critical"]


def test_a_move_that_needs_a_reason_is_refused_without_and_done_with_one(gw: GatewayUnderTest):
    gw.open_incident()
    headers, form = session_of(gw), {**form_of(gw, "move", "INC-1"), "status": "cancelled"}

    refused = gw.post("/incidents/several", data=form, role=None, headers={**headers, **PART})
    form["reason"] = "A drill."
    done = gw.post("/incidents/several", data=form, role=None, headers=headers)

    assert "0 of 1 moved" in refused.text
    assert (done.status_code, done.headers["Location"]) == (303, "/incidents")
    assert gw.get("/api/incidents/INC-1").json["status"] == "cancelled"


def test_the_others_are_merged_into_one_of_them(gw: GatewayUnderTest):
    opened = [gw.open_incident() for _ in range(3)]
    form = {**form_of(gw, "merge", "INC-1", "INC-2", "INC-3"), "into": "INC-1", "reason": "One outage."}

    answer = gw.post("/incidents/several", data=form, role=None, headers={**session_of(gw), **PART})

    states = [gw.get(f"/api/incidents/{one['id']}?redirect=false").json["status"] for one in opened]
    assert "2 incidents merged." in answer.headers["HX-Trigger"]
    assert states == ["new", "merged", "merged"]


def test_without_the_sessions_proof_nothing_is_done(gw: GatewayUnderTest):
    opened = gw.open_incident()
    form = {**form_of(gw, "assign", "INC-1"), "owner": "mallory"}

    answer = gw.post("/incidents/several", data=form, role=None, headers={"Cookie": session_of(gw)["Cookie"]})

    assert answer.status_code == 403
    assert gw.get(f"/api/incidents/{opened['id']}").json["owner"] is None


def test_a_new_incident_has_what_was_typed_and_leads_to_its_page(gw: GatewayUnderTest):
    form = {
        "title": "Checkout is slow",
        "severity": "high",
        "description": "*Since noon*",
        "services": "checkout, payments",
        "labels": "team=payments\ncluster = eu-1",
        "owner": "ann",
    }

    answer = gw.post("/incidents/new", data=form, role=None, headers=session_of(gw))

    shown = gw.get("/api/incidents/INC-1").json
    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents/INC-1")
    assert {name: shown[name] for name in ("title", "severity", "description", "owner", "services", "labels")} == {
        **form,
        "services": ["checkout", "payments"],
        "labels": {"team": "payments", "cluster": "eu-1"},
    }


def test_a_refused_form_keeps_what_was_typed_and_says_where_it_is_wrong(gw: GatewayUnderTest):
    form = {"title": " ", "services": "x" * 201, "description": "<b>kept</b>"}

    answer = gw.post("/incidents/new", data=form, role=None, headers=session_of(gw))

    assert answer.status_code == 422
    assert 'id="wrong-title"' in answer.text
    assert "&lt;b&gt;kept&lt;/b&gt;" in answer.text


def test_with_the_script_the_problem_names_its_fields(gw: GatewayUnderTest):
    answer = gw.post("/incidents/new", data={"title": ""}, role=None, headers={**session_of(gw), **PART})

    assert answer.status_code == 422
    assert '<li data-field="title">' in answer.text
