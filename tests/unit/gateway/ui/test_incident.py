"""The page of an incident without a browser: what it shows, how its forms map to the API, and refusals."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.gateway.domain.records import Job, JobState, Role
from services.gateway.ui.pages.incident.offers import offers_of
from services.gateway.ui.pages.incident.signals import web_link
from services.gateway.ui.pages.incident.timeline import KINDS, View, read_view
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest, a_gateway

SCRIPT = "<script>alert(1)</script>"
TABS = ("", "/signals", "/jobs", "/report")


@dataclass
class Case:
    """An incident of its own in a gateway that the tests share: making one takes longer than all they do with it."""

    gw: GatewayUnderTest
    id: str
    number: int

    @property
    def page(self) -> str:
        return f"/incidents/INC-{self.number}"

    @property
    def api(self) -> str:
        return f"/api/incidents/INC-{self.number}"

    def send(self, path: str, role: Role = Role.RESPONDER, **form: Any) -> TestResponse:
        """Send a form as a browser without script does."""
        return self.gw.post(f"{self.page}{path}", role=role, data=form)

    def text(self, path: str = "", role: Role = Role.ADMIN) -> str:
        return self.gw.get(f"{self.page}{path}", role=role).text

    def now(self) -> dict[str, Any]:
        found: dict[str, Any] = self.gw.get(f"{self.api}?redirect=false").json
        return found


@pytest.fixture(scope="module")
def gw() -> GatewayUnderTest:
    return a_gateway()


@pytest.fixture
def case(gw: GatewayUnderTest) -> Case:
    opened = gw.open_incident(severity="high", services=["checkout"], labels={"team": "pay"})
    return Case(gw, opened["id"], opened["number"])


@pytest.mark.parametrize("tab", TABS)
def test_an_address_with_the_id_leads_to_that_with_the_number(case: Case, tab: str):
    answer = case.gw.get(f"/incidents/{case.id}{tab}")

    assert (answer.status_code, answer.headers["Location"]) == (302, case.page + tab)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_escapes_what_people_wrote(case: Case, tab: str):
    fields = {"title": SCRIPT, "description": SCRIPT, "owner": SCRIPT, "roles": {"commander": SCRIPT}}
    case.gw.patch(case.api, json={**fields, "services": [SCRIPT], "labels": {SCRIPT[:20]: SCRIPT}})
    case.gw.post(f"{case.api}/timeline", json={"message": SCRIPT})
    case.gw.post(f"{case.api}/tasks", json={"title": SCRIPT, "description": SCRIPT, "owner": SCRIPT})

    answer = case.gw.get(case.page + tab)

    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert "alert(1)" in answer.text


def test_an_incident_that_is_not_there_is_a_problem_page(gw: GatewayUnderTest):
    answer = gw.get("/incidents/INC-9999")

    assert answer.status_code == 404
    assert "There is no incident INC-9999." in answer.text


@pytest.mark.parametrize("status", ["new", "triage", "investigating", "mitigated", "resolved", "closed", "cancelled"])
def test_the_header_offers_the_moves_the_api_allows_and_no_other(status: str):
    allowed = ["triage", "resolved", "merged"]

    offers = offers_of({"status": status, "allowedTransitions": allowed, "firingCount": 0})

    assert {offer.status for offer in offers} == set(allowed)


def test_a_viewer_is_offered_nothing_to_write(case: Case):
    text = case.text(role=Role.VIEWER)

    assert 'method="post"' not in text.replace('<form method="post" action="/sign-out">', "")
    assert "data-opens=" not in text.replace('data-opens="keys"', "")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"title": " New title "}, {"title": "New title"}),
        ({"description": "one\r\ntwo"}, {"description": "one\ntwo"}),
        ({"severity": "low"}, {"severity": "low", "severityPinned": True}),
        ({"services": "a, b,\na"}, {"services": ["a", "b"]}),
        ({"services": ""}, {"services": []}),
        (
            {"labels": "team: pay\r\n\r\nurl: http://x:1\nbare"},
            {"labels": {"team": "pay", "url": "http://x:1", "bare": ""}},
        ),
        (
            {"commander": "ann", "scribe": " ", "commsLead": "", "otherRoles": "liaison: bo"},
            {"roles": {"commander": "ann", "liaison": "bo"}},
        ),
    ],
)
def test_a_form_of_fields_sets_those_it_has(case: Case, form: dict[str, str], expected: dict[str, Any]):
    answer = case.send("/fields", **form)

    assert (answer.status_code, answer.headers["Location"]) == (303, case.page)
    after = case.now()
    assert {name: after[name] for name in expected} == expected
    assert after["version"] == 2


def test_the_owner_is_named_and_taken_away(case: Case):
    case.send("/owner", owner=" ann ")
    assert case.now()["owner"] == "ann"

    case.send("/owner", owner="")
    assert case.now()["owner"] is None


def test_an_edit_on_an_older_version_is_refused_in_words(case: Case):
    case.send("/fields", title="Somebody was faster", version=1)

    answer = case.send("/fields", title="Mine", version=1)

    assert answer.status_code == 412
    assert "version_conflict" in answer.text
    assert case.now()["title"] == "Somebody was faster"


def test_a_form_sent_twice_is_one_note(case: Case):
    for _ in range(2):
        answer = case.send("/notes", message="Rolled back.", requestKey="key-1")
        assert answer.status_code == 303

    assert [entry["type"] for entry in case.now()["timeline"]["entries"]] == ["incident_opened", "note_added"]


def test_a_note_may_be_of_earlier(case: Case):
    case.send("/notes", message="a\r\nb", occurredAt="2026-01-01T12:00")

    note = case.now()["timeline"]["entries"][-1]
    assert (note["message"], note["occurredAt"]) == ("a\nb", "2026-01-01T12:00:00Z")


def test_with_script_a_form_stays_on_the_page_and_names_what_to_fetch(case: Case):
    answer = case.gw.post(f"{case.page}/notes", data={"message": "x"}, headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Trigger"])["refresh"] == {"parts": ["timeline"]}


@pytest.mark.parametrize(
    ("path", "form", "status", "code"),
    [
        ("/notes", {"message": " "}, 422, "validation_failed"),
        ("/status", {"status": "closed"}, 409, "transition_not_allowed"),
        ("/status", {"status": "cancelled"}, 422, "reason_required"),
        ("/status", {"status": "nonsense"}, 422, "validation_failed"),
        ("/merge", {"into": "INC-{number}", "reason": "same"}, 409, "merge_into_itself"),
        ("/merge", {"into": "INC-7777", "reason": "same"}, 422, "validation_failed"),
        ("/split", {"reason": "x"}, 409, "incident_not_merged"),
        ("/relations", {"incidentId": ""}, 422, "validation_failed"),
        ("/milestones", {"reason": "x", "detectedAt": "2026-01-01T00:00:00"}, 403, "forbidden"),
        ("/tasks", {"title": ""}, 422, "validation_failed"),
        ("/tasks/task_none/state", {"state": "done"}, 404, "not_found"),
        ("/jobs/job_none/retry", {}, 404, "not_found"),
        ("/fields", {"title": "x" * 301}, 422, "validation_failed"),
    ],
)
def test_what_the_api_refuses_is_told_and_changes_nothing(
    case: Case, path: str, form: dict[str, str], status: int, code: str
):
    typed = {name: value.replace("{number}", str(case.number)) for name, value in form.items()}

    answer = case.gw.post(case.page + path, role=Role.RESPONDER, data=typed, headers={"HX-Request": "true"})

    assert answer.status_code == status
    assert code in answer.text
    assert case.now()["version"] == 1


def test_a_viewer_cannot_send_what_was_not_offered(case: Case):
    assert case.send("/status", Role.VIEWER, status="triage").status_code == 403
    assert case.now()["status"] == "new"


def test_status_moves_with_its_reason(case: Case):
    case.send("/status", status="triage")
    case.send("/status", status="cancelled", reason="A drill.")

    assert case.now()["status"] == "cancelled"
    assert case.now()["timeline"]["entries"][-1]["payload"]["reason"] == "A drill."


def test_merged_it_says_where_it_went_and_a_split_undoes_it(case: Case):
    other = case.gw.open_incident(title="The same outage")
    case.send("/merge", into=other["ref"], reason="same")

    text = case.text()
    assert f'href="/incidents/{other["ref"]}"' in text
    assert "was merged into" in text

    case.send("/split", reason="another cause")
    assert case.now()["status"] == "new"


def test_relations_are_added_and_taken_back(case: Case):
    other = case.gw.open_incident(title="Mail is late")

    case.send("/relations", incidentId=other["ref"])
    assert "Mail is late" in case.text()

    case.send(f"/relations/{other['id']}/remove")
    assert case.now()["relations"] == []


def test_only_milestones_that_were_touched_are_corrected(case: Case):
    case.gw.clock.advance(3_600)
    case.send("/status", status="triage")
    known = case.now()["milestones"]
    form = {
        "detectedAt": "2025-12-31T10:00:00",
        "acknowledgedAt": known["acknowledgedAt"][:19],
        "reason": "By the log.",
    }

    assert case.send("/milestones", Role.APPROVER, **form).status_code == 303

    after = case.now()["milestones"]
    assert after["detectedAt"] == "2025-12-31T10:00:00Z"
    assert after["acknowledgedAt"] == known["acknowledgedAt"]


def test_tasks_are_added_changed_and_done(case: Case):
    case.send("/tasks", title=" Raise the limit ", owner="ann", dueAt="2026-01-05T12:00", description="")
    task = case.now()["tasks"][0]
    assert (task["title"], task["owner"], task["dueAt"]) == ("Raise the limit", "ann", "2026-01-05T12:00:00Z")

    case.send(f"/tasks/{task['id']}", title="Lower it", owner="", dueAt="")
    case.send(f"/tasks/{task['id']}/state", state="done")

    after = case.gw.get(f"{case.api}/tasks/{task['id']}").json
    assert (after["title"], after["owner"], after["dueAt"], after["state"]) == ("Lower it", None, None, "done")


def test_a_failed_job_is_told_and_done_again(case: Case):
    job = Job(
        id="job_1",
        kind="graph.take_inventory",
        queue="graph",
        incident_id=case.id,
        state=JobState.FAILED,
        attempt=3,
        max_attempts=3,
        error=f"cluster_unusable: {SCRIPT}",
        created_by="token:ann",
        created_at=START,
    )
    case.gw.store.transact(lambda tx: tx.put(job))

    text = case.text("/jobs")
    assert "Attempt 3 of 3" in text
    assert "cluster_unusable: &lt;script&gt;" in text
    assert case.send("/jobs/job_1/retry").status_code == 303

    jobs = case.gw.get(f"{case.api}/jobs").json["items"]
    assert [(one["state"], one["retryOf"]) for one in jobs if one["id"] != "job_1"] == [("pending", "job_1")]
    assert "done again" in case.text("/jobs")


def test_the_report_is_edited_on_the_version_that_was_seen(case: Case):
    assert "This is the draft" in case.text("/report")
    assert case.send("/report", text="# Ours\r\n<b>x</b>", version=0).status_code == 303

    text = case.text("/report")
    assert "<h1>Ours</h1>" in text
    assert "<b>x</b>" not in text
    assert "version 1" in text
    assert "This is the draft" in case.text("/report?show=draft")
    assert "# Ours" in case.text("/report?edit=1")
    assert "written from the record alone" in case.text("/report?edit=draft")
    assert case.send("/report", text="Theirs", version=0).status_code == 412
    assert "<h1>Ours</h1>" in case.text("/report")


def test_the_address_holds_the_view_of_the_timeline(case: Case):
    case.gw.post(f"{case.api}/timeline", json={"message": "Only this note"})
    case.send("/status", status="triage")

    text = case.gw.get(f"{case.page}/parts/timeline?kind=notes&actor=token:admin&order=oldest").text

    assert "Only this note" in text
    assert "new → triage" not in text
    assert f'hx-get="{case.page}/parts/timeline?kind=notes&amp;actor=token%3Aadmin&amp;order=oldest"' in text


@pytest.mark.parametrize("args", [{}, {"kind": "x", "shown": "-1", "before": "0"}, {"shown": "1e9", "before": "٣"}])
def test_an_address_that_makes_no_sense_shows_the_newest(args: dict[str, str]):
    assert read_view(args) == View()


def test_every_type_of_entry_is_of_one_kind(gw: GatewayUnderTest):
    document = gw.get("/api/openapi.json").json
    types = document["components"]["schemas"]["Entry"]["properties"]["type"]["enum"]

    assert sorted(types) == sorted(kind for kinds in KINDS.values() for kind in kinds)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://prom.example/graph?q=1", "https://prom.example/graph?q=1"),
        ("HTTP://x/", "HTTP://x/"),
        ("javascript:alert(1)", None),
        ("//evil.example", None),
        ("data:text/html,x", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_a_signals_link_is_a_web_address_or_none(address: str | None, expected: str | None):
    assert web_link(address) == expected
