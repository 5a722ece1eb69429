"""Tasks over HTTP: added, changed, listed over all incidents, and shown where they belong."""

import threading
from datetime import timedelta

import pytest

from services.gateway.api import shapes, task_shapes
from services.gateway.domain.records import Role
from services.gateway.handlers.add_task import MOST_TASKS
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest

SOON = (START + timedelta(hours=1)).isoformat()
LATER = (START + timedelta(days=1)).isoformat()


def add(gw: GatewayUnderTest, title: str = "Raise the limit", incident: str = "INC-1", **fields):
    response = gw.post(f"/api/incidents/{incident}/tasks", json={"title": title, **fields})
    assert response.status_code == 201, response.text
    return response.json


def test_a_task_is_added_and_stands_on_the_timeline(gw):
    incident = gw.open_incident()
    added = gw.post(
        "/api/incidents/INC-1/tasks",
        json={"title": "Raise the limit", "owner": "bob", "dueAt": SOON},
        role=Role.RESPONDER,
    )

    assert added.status_code == 201
    assert added.headers["Location"] == f"/api/incidents/{incident['id']}/tasks/{added.json['id']}"
    assert gw.get(added.headers["Location"]).json == added.json
    assert gw.get(added.headers["Location"]).headers["ETag"] == added.headers["ETag"]
    assert task_shapes.TaskShape().validate(added.json) == {}
    assert added.json["state"] == "open"
    assert added.json["createdBy"] == "token:responder"
    entry = gw.get("/api/incidents/INC-1/timeline").json["items"][-1]
    assert (entry["type"], entry["actor"]) == ("task_added", "token:responder")
    assert entry["payload"]["taskId"] == added.json["id"]


def test_a_task_is_changed_done_and_opened_again(gw):
    gw.open_incident()
    task = add(gw)
    path = f"/api/incidents/INC-1/tasks/{task['id']}"

    gw.clock.advance(60)
    done = gw.patch(path, json={"state": "done", "owner": "ann"}).json
    again = gw.patch(path, json={"state": "open"}).json

    assert (done["state"], done["owner"], done["version"]) == ("done", "ann", 2)
    assert done["finishedAt"] == (START + timedelta(seconds=60)).isoformat().replace("+00:00", "Z")
    assert (again["state"], again["finishedAt"], again["version"]) == ("open", None, 3)
    entries = gw.get("/api/incidents/INC-1/timeline").json["items"][-2:]
    assert [entry["message"] for entry in entries] == ["Task done: Raise the limit", "Task open again: Raise the limit"]
    assert entries[0]["payload"]["changes"] == {
        "owner": {"from": None, "to": "ann"},
        "state": {"from": "open", "to": "done"},
    }


def test_a_change_that_changes_nothing_writes_nothing(gw):
    gw.open_incident()
    task = add(gw, owner="ann")
    before = gw.store.last_seq

    same = gw.patch(f"/api/incidents/INC-1/tasks/{task['id']}", json={"owner": "ann", "state": "open"})

    assert same.json == task
    assert gw.store.last_seq == before


def test_a_long_description_is_named_on_the_timeline_and_not_repeated(gw):
    gw.open_incident()
    task = add(gw)

    gw.patch(f"/api/incidents/INC-1/tasks/{task['id']}", json={"description": "x" * 4_096})

    entry = gw.get("/api/incidents/INC-1/timeline").json["items"][-1]
    assert entry["payload"]["changes"] == {"description": {"fromLength": 0, "toLength": 4_096}}


def test_a_stale_version_is_refused_and_the_new_one_named(gw):
    gw.open_incident()
    task = add(gw)
    path = f"/api/incidents/INC-1/tasks/{task['id']}"
    stale = gw.get(path).headers["ETag"]
    gw.patch(path, json={"owner": "ann"}, headers={"If-Match": stale})

    refused = gw.patch(path, json={"owner": "bob"}, headers={"If-Match": stale})

    assert (refused.status_code, refused.json["code"], refused.json["currentVersion"]) == (412, "version_conflict", 2)
    assert gw.get(path).json["owner"] == "ann"


def test_twins_under_one_key_add_one_task(gw):
    gw.open_incident()
    answers = []

    def send():
        answers.append(gw.post("/api/incidents/INC-1/tasks", json={"title": "x"}, headers={"Idempotency-Key": "k"}))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert gw.get("/api/tasks").json["total"] == 1


def test_of_many_changes_based_on_one_version_one_wins(gw):
    gw.open_incident()
    task = add(gw)
    path = f"/api/incidents/INC-1/tasks/{task['id']}"
    codes = []

    def send(n):
        codes.append(gw.patch(path, json={"owner": f"ann{n}"}, headers={"If-Match": '"1"'}).status_code)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(codes) == [200] + [412] * 7
    assert gw.get(path).json["version"] == 2


def test_everybodys_tasks_are_listed_in_the_order_they_are_due(gw):
    gw.open_incident()
    gw.open_incident()
    add(gw, "no date", owner="ann")
    add(gw, "later", "INC-2", owner="bob", dueAt=LATER)
    add(gw, "soon", owner="ann", dueAt=SOON)
    done = add(gw, "done", owner="ann", dueAt=SOON)
    gw.patch(f"/api/incidents/INC-1/tasks/{done['id']}", json={"state": "done"})

    def titles(query: str) -> list[str]:
        return [task["title"] for task in gw.get(f"/api/tasks?{query}").json["items"]]

    assert titles("state=open") == ["soon", "later", "no date"]
    assert titles("owner=ann&state=open") == ["soon", "no date"]
    assert titles("owner=ann,bob&state=open&dueBefore=2026-11-01T14:00:00Z") == ["soon"]
    assert titles("overdue=true") == []
    gw.clock.advance(7_200)
    assert titles("overdue=true") == ["soon"]
    first = gw.get("/api/tasks?limit=3").json
    rest = gw.get(f"/api/tasks?limit=3&cursor={first['nextCursor']}").json
    assert [t["title"] for t in first["items"] + rest["items"]] == ["soon", "done", "later", "no date"]
    assert first["total"] == 4
    assert task_shapes.TaskPageShape().validate(first) == {}
    assert gw.get("/api/tasks").json["items"][0]["incidentNumber"] == 1
    assert gw.get("/api/tasks?overdue=true&state=done").status_code == 422


def test_overdue_is_said_of_open_tasks_whose_date_is_past(gw):
    gw.open_incident()
    task = add(gw, dueAt=SOON)
    path = f"/api/incidents/INC-1/tasks/{task['id']}"
    before = gw.get(path).headers["ETag"]
    gw.clock.advance(3_601)

    late = gw.get(path, headers={"If-None-Match": before})

    assert (late.status_code, late.json["isOverdue"]) == (200, True)
    assert gw.patch(path, json={"state": "done"}).json["isOverdue"] is False


def test_an_incident_embeds_its_open_tasks_before_the_others(gw):
    gw.open_incident()
    for n in range(22):
        add(gw, f"open {n}", dueAt=LATER)
    done = add(gw, "done", dueAt=SOON)
    gw.patch(f"/api/incidents/INC-1/tasks/{done['id']}", json={"state": "done"})
    found = gw.get("/api/incidents/INC-1").json

    assert shapes.IncidentShape().validate(found) == {}
    assert (found["taskCount"], found["openTaskCount"], len(found["tasks"])) == (23, 22, 20)
    assert {task["state"] for task in found["tasks"]} == {"open"}
    assert gw.get(found["links"]["tasks"]).json["total"] == 23


def test_a_task_belongs_to_its_incident_alone(gw):
    gw.open_incident()
    gw.open_incident()
    task = add(gw)

    for method in ("GET", "PATCH"):
        options = {"json": {"state": "done"}} if method == "PATCH" else {}
        assert gw.call(method, f"/api/incidents/INC-2/tasks/{task['id']}", **options).status_code == 404
    assert gw.post("/api/incidents/inc_nope/tasks", json={"title": "x"}).status_code == 404
    assert gw.get("/api/incidents/inc_nope/tasks").status_code == 404


def test_an_incident_takes_so_many_tasks_and_no_more_also_from_many_at_once(gw):
    gw.open_incident()
    for n in range(MOST_TASKS - 4):
        add(gw, str(n))
    codes = []

    def send():
        codes.append(gw.post("/api/incidents/INC-1/tasks", json={"title": "x"}).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(codes) == [201] * 4 + [409] * 4
    assert gw.get("/api/tasks?limit=1").json["total"] == MOST_TASKS
    assert gw.post("/api/incidents/INC-1/tasks", json={"title": "x"}).json["code"] == "too_many_tasks"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": " "},
        {"title": "x" * 301},
        {"title": "x", "description": "x" * 4_097},
        {"title": "x", "owner": ""},
        {"title": "x", "dueAt": "tomorrow"},
        {"title": "x", "dueAt": "2026-11-01T12:00:00"},
        {"title": "x", "state": "done"},
        {"title": "x", "createdBy": "token:ann"},
        {"title": "x\u0000"},
    ],
)
def test_what_is_no_task_is_refused(gw, body):
    gw.open_incident()

    assert gw.post("/api/incidents/INC-1/tasks", json=body).status_code == 422
    assert gw.get("/api/tasks").json["total"] == 0


def test_who_only_looks_changes_nothing(gw):
    gw.open_incident()
    task = add(gw)

    assert gw.post("/api/incidents/INC-1/tasks", json={"title": "x"}, role=Role.VIEWER).status_code == 403
    path = f"/api/incidents/INC-1/tasks/{task['id']}"
    assert gw.patch(path, json={"state": "done"}, role=Role.VIEWER).status_code == 403
    assert gw.get(path, role=Role.VIEWER).status_code == 200
    assert gw.get("/api/tasks", role=Role.SERVICE).status_code == 403


@pytest.mark.parametrize("role", ["commander", "scribe", "commsLead", "on-call", "legal_2"])
def test_roles_of_ones_own_are_taken(gw, role):
    assert gw.open_incident(roles={role: "ann"})["roles"] == {role: "ann"}


@pytest.mark.parametrize(
    "roles", [{"": "ann"}, {"comms lead": "ann"}, {"2nd": "ann"}, {"x" * 64: "ann"}, {"scribe": " "}]
)
def test_a_role_is_a_name_and_somebody_has_it(gw, roles):
    assert gw.post("/api/incidents", json={"title": "x", "roles": roles}).status_code == 422
