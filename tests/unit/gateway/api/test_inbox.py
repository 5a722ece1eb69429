"""The inbox by HTTP: its filters, its facets, the statistics, and answers that hold while nothing changes."""

from datetime import timedelta

import pytest

from services.gateway.api.summaries_shapes import SummariesShape
from services.gateway.domain.records import IncidentSource, IncidentStatus, Job, JobState, Milestones, Role
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest
from tests.support.records import a_job, an_incident


def put(gw: GatewayUnderTest, *records):
    gw.store.transact(lambda tx: [tx.put(record) for record in records])


def at(**time: float):
    return START + timedelta(**time)


@pytest.fixture
def inbox(gw: GatewayUnderTest) -> GatewayUnderTest:
    seen = Milestones(detected_at=START, acknowledged_at=at(minutes=2), resolved_at=at(minutes=10))
    put(
        gw,
        an_incident("inc_a", owner="ann", services=("cart",), labels={"team": "shop"}, created_at=START),
        an_incident("inc_b", status=IncidentStatus.RESOLVED, milestones=seen, created_at=START, rule_id="rule-1"),
        an_incident(
            "inc_c", owner="bob", source=IncidentSource.WEBHOOK, created_at=at(hours=1), updated_at=at(days=40)
        ),
    )
    return gw


def found(gw: GatewayUnderTest, query: str) -> list[int]:
    response = gw.get(f"/api/incidents?sort=number&{query}")
    assert response.status_code == 200, response.text
    return [item["number"] for item in response.json["items"]]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3]),
        ("open=true", [1, 3]),
        ("open=false", [2]),
        ("unowned=true", [2]),
        ("unowned=true&owner=bob", [2, 3]),
        ("owner=ann,bob&service=cart", [1]),
        ("ruleId=rule-1,rule-2", [2]),
        ("source=webhook&open=true", [3]),
        ("label=team:shop&label=team:data", []),
        ("updatedSince=2026-12-01T00:00:00Z", [3]),
        ("resolvedSince=2026-11-01T12:10:00Z", [2]),
        ("resolvedSince=2026-11-01T12:10:01Z", []),
        ("resolvedSince=1969-01-01T00:00:00Z", [2]),
        ("since=2026-11-01T13:00:00Z", [3]),
        ("q=checkout&severity=high&owner=ann&status=new", [1]),
    ],
)
def test_filters_narrow_together(inbox: GatewayUnderTest, query: str, numbers: list[int]):
    assert found(inbox, query) == numbers
    assert inbox.get(f"/api/incidents/facets?{query}").json["total"] == len(numbers)
    assert inbox.get(f"/api/stats?{query}").json["total"] == len(numbers)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("open=true&status=new", "open"),
        ("open=yes", "open"),
        ("unowned=false", "unowned"),
        ("updatedSince=yesterday", "updatedSince"),
        ("sort=title", "sort"),
        ("ruleId=" + "x" * 201, "ruleId.0"),
    ],
)
def test_a_filter_that_means_nothing_is_refused_by_name(inbox: GatewayUnderTest, query: str, field: str):
    response = inbox.get(f"/api/incidents?{query}")

    assert response.status_code == 422
    assert list(response.json["errors"]) == [field]


def test_facets_take_neither_a_page_nor_a_sort(inbox: GatewayUnderTest):
    for query in ("limit=1", "sort=number", "cursor=x"):
        assert inbox.get(f"/api/incidents/facets?{query}").status_code == 422


def test_facets_are_counted_without_their_own_filter(inbox: GatewayUnderTest):
    facets = inbox.get("/api/incidents/facets?owner=ann&open=true").json

    assert facets["total"] == 1
    assert facets["owner"] == [{"value": "ann", "count": 1}, {"value": "bob", "count": 1}]
    assert {one["value"] for one in facets["status"] if one["count"]} == {"new"}
    assert facets["label"] == [{"value": "team:shop", "count": 1}]
    assert facets["labelKey"] == [{"value": "team", "count": 1}]


def test_a_line_of_the_inbox_says_when_it_reached_what_and_by_which_rule(inbox: GatewayUnderTest):
    item = inbox.get("/api/incidents?ruleId=rule-1").json["items"][0]

    assert item["ruleId"] == "rule-1"
    assert item["milestones"]["acknowledgedAt"] == "2026-11-01T12:02:00Z"


def test_statistics_say_how_long_incidents_took(inbox: GatewayUnderTest):
    stats = inbox.get("/api/stats").json

    assert (stats["total"], stats["byStatus"]["resolved"], stats["bySeverity"]["high"]) == (3, 1, 3)
    assert stats["times"]["timeToAcknowledge"] == {"count": 1, "meanSeconds": 120.0, "medianSeconds": 120.0}
    assert stats["times"]["timeToResolve"]["meanSeconds"] == 600.0
    assert stats["timesBySeverity"]["high"]["incidents"] == 3
    assert stats["timesByService"] == {
        "cart": {
            "incidents": 1,
            "timeToAcknowledge": {"count": 0, "meanSeconds": None, "medianSeconds": None},
            "timeToResolve": {"count": 0, "meanSeconds": None, "medianSeconds": None},
        },
    }
    assert stats["perDay"][-1] == {
        "day": "2026-11-01",
        "opened": 3,
        "resolved": 1,
        "meanSecondsToAcknowledge": 120.0,
        "meanSecondsToResolve": 600.0,
    }
    assert len(stats["perDay"]) == 30


@pytest.mark.parametrize(
    ("query", "first", "days"),
    [
        ("since=2026-10-30T23:00:00Z", "2026-10-30", 3),
        ("since=2026-10-30T00:00:00Z&until=2026-11-01T00:00:00Z", "2026-10-30", 2),
        ("since=2020-01-01T00:00:00Z", "2025-11-01", 366),
        ("until=0001-01-01T00:00:00Z", "0001-01-01", 1),
        ("since=9999-12-31T00:00:00Z", "2026-11-01", 1),
        ("since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z", "2025-11-01", 366),
    ],
)
def test_days_are_those_asked_for_and_a_year_of_them_at_most(
    inbox: GatewayUnderTest, query: str, first: str, days: int
):
    per_day = inbox.get(f"/api/stats?{query}").json["perDay"]

    assert (per_day[0]["day"], len(per_day)) == (first, days)


def test_the_days_go_on_although_nothing_else_changes(inbox: GatewayUnderTest):
    before = inbox.get("/api/stats").json["perDay"][-1]["day"]
    inbox.clock.advance(86_400)

    assert inbox.get("/api/stats").json["perDay"][-1]["day"] > before


@pytest.mark.parametrize(
    "path", ["/api/incidents/INC-1", "/api/incidents?open=true", "/api/incidents/facets", "/api/stats"]
)
def test_what_is_held_stays_good_until_something_shown_changes(inbox: GatewayUnderTest, path: str):
    tag = inbox.get(path).headers["ETag"]
    assert inbox.get(path, headers={"If-None-Match": tag}).status_code == 304

    assert inbox.patch("/api/incidents/inc_a", json={"owner": "eve", "status": "triage"}).status_code == 200

    again = inbox.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["ETag"] != tag


def test_a_note_changes_the_tag_and_not_the_version(inbox: GatewayUnderTest):
    before = inbox.get("/api/incidents/INC-1").headers["ETag"]
    inbox.post("/api/incidents/INC-1/timeline", json={"message": "Looking into it"})
    after = inbox.get("/api/incidents/INC-1", headers={"If-None-Match": before})

    assert after.status_code == 200
    assert before.split("-")[0] == after.headers["ETag"].split("-")[0]
    assert after.json["timeline"]["entries"][-1]["message"] == "Looking into it"


def test_a_kept_answer_is_given_to_nobody_who_may_not_read(inbox: GatewayUnderTest):
    inbox.get("/api/incidents/INC-1")

    assert inbox.call("GET", "/api/incidents/INC-1", role=None).status_code == 401
    assert inbox.call("GET", "/api/incidents/INC-1", role=Role.SERVICE).status_code == 403


def test_a_name_with_a_question_mark_is_not_taken_for_a_query(inbox: GatewayUnderTest):
    assert inbox.get("/api/incidents/facets?q=a%3F").status_code == 200

    assert inbox.get("/api/incidents/facets%3Fq=a").status_code == 404


def test_a_removed_incident_is_not_found_by_its_number(inbox: GatewayUnderTest):
    inbox.get("/api/incidents/INC-1")
    inbox.store.transact(lambda tx: tx.remove_incident("inc_a"))

    assert inbox.get("/api/incidents/INC-1").status_code == 404


def test_retention_shows_what_the_next_run_would_remove(gw: GatewayUnderTest):
    put(gw, *(a_job(f"job_{n}", state=JobState.SUCCEEDED, created_at=at(days=-n)) for n in range(20, 60)))

    retention = gw.get("/api/retention").json
    jobs = next(item for item in retention["items"] if item["kind"] == "job")

    assert (jobs["days"], jobs["setting"]) == (30, "FAULTLINE_GATEWAY_RETAIN_JOB_DAYS")
    assert (jobs["records"], jobs["toRemove"], len(jobs["ids"])) == (40, 29, 20)
    assert jobs["ids"][0] == "job_59"
    assert jobs["oldestAt"] == "2026-09-03T12:00:00Z"
    assert gw.store.find(Job, "job_59") is not None


def test_retention_is_for_admins(gw: GatewayUnderTest):
    assert gw.call("GET", "/api/retention", role=Role.APPROVER).status_code == 403


def test_summaries_are_those_of_the_inbox_in_the_order_asked_for(inbox: GatewayUnderTest):
    put(inbox, an_incident("inc_m", status=IncidentStatus.MERGED))
    listed = {one["id"]: one for one in inbox.get("/api/incidents").json["items"]}

    answer = inbox.get("/api/incidents/summaries?id=inc_c,inc_gone&id=inc_a,inc_m,inc_a")
    items = answer.json["items"]

    assert SummariesShape().validate(answer.json) == {}
    assert [one["id"] for one in items] == ["inc_c", "inc_a", "inc_m"], "none for what is not kept, each once"
    assert items[:2] == [listed["inc_c"], listed["inc_a"]]
    assert inbox.get("/api/incidents/summaries", headers={"If-None-Match": "x"}).json == {"items": []}


def test_summaries_of_too_many_are_refused(gw: GatewayUnderTest):
    ids = ",".join(f"inc_{number}" for number in range(51))

    assert gw.get(f"/api/incidents/summaries?id={ids}").status_code == 422
    assert gw.get("/api/incidents/summaries?id=inc_a", role=None).status_code == 401


def test_summaries_are_no_incident_of_that_name(gw: GatewayUnderTest):
    assert gw.patch("/api/incidents/summaries", json={}).status_code == 405
