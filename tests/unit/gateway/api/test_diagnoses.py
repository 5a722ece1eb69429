"""Diagnoses over HTTP: attached once, read whole, and the beginning of an incident."""

import threading

import pytest

from services.gateway.api import diagnosis_shapes, shapes
from services.gateway.domain.records import AttachedDiagnosis, Role, attached_id
from services.gateway.handlers.attach_diagnosis import MOST_DIAGNOSES
from tests.support.diagnoses import a_claim, a_diagnosis, a_large_diagnosis
from tests.support.gateway import GatewayUnderTest

PATH = "/api/incidents/INC-1/diagnoses"


def attach(gw: GatewayUnderTest, body, path: str = PATH):
    response = gw.post(path, json=body)
    assert response.status_code == 201, response.text
    return response


def test_a_diagnosis_is_attached_and_read_whole(gw):
    gw.open_incident()
    answer = gw.post(PATH, json=a_diagnosis(), role=Role.RESPONDER)
    whole = gw.get(answer.headers["Location"])

    assert answer.status_code == 201
    assert diagnosis_shapes.DiagnosisShape().validate(answer.json) == {}
    assert diagnosis_shapes.DiagnosisWithContentShape().validate(whole.json) == {}
    content = whole.json.pop("content")
    assert whole.json | {"content": content} == answer.json | {"content": content}
    assert content["hypotheses"][0]["evidence"][0]["observation"] == "OOMKilled"
    assert (answer.json["severity"], answer.json["evidenceCount"]) == ("critical", 2)
    assert gw.get(answer.headers["Location"], headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    entry = gw.get("/api/incidents/INC-1/timeline").json["items"][-1]
    assert (entry["type"], entry["actor"]) == ("diagnosis_attached", "token:responder")
    assert entry["payload"]["digest"] == answer.json["digest"]


def test_the_incident_embeds_the_newest_diagnoses_and_names_the_resource(gw):
    gw.open_incident()
    for n in range(7):
        gw.clock.advance(1)
        attach(gw, a_diagnosis(id=f"dx_{n}"))
    found = gw.get("/api/incidents/INC-1").json

    assert shapes.IncidentShape().validate(found) == {}
    assert [one["id"] for one in found["diagnoses"]] == ["dx_6", "dx_5", "dx_4", "dx_3", "dx_2"]
    assert found["diagnosisCount"] == 7
    assert found["entities"] == [{"kind": "deployment", "name": "checkout", "namespace": "shop", "cluster": "prod"}]
    listed = gw.get(f"{found['links']['diagnoses']}?limit=5").json
    assert (listed["total"], listed["items"]) == (7, found["diagnoses"])
    assert diagnosis_shapes.DiagnosisPageShape().validate(listed) == {}


def test_the_same_diagnosis_again_has_one_effect_also_at_the_same_time(gw):
    gw.open_incident()
    answers = []

    def send():
        answers.append(gw.post(PATH, json=a_diagnosis()))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert [e["type"] for e in gw.get("/api/incidents/INC-1/timeline").json["items"]].count("diagnosis_attached") == 1


def test_another_diagnosis_under_a_known_id_is_refused(gw):
    gw.open_incident()
    attach(gw, a_diagnosis())

    refused = gw.post(PATH, json=a_diagnosis(summary="All is well."))

    assert (refused.status_code, refused.json["code"]) == (409, "diagnosis_differs")


def test_a_diagnosis_without_an_id_gets_one_that_follows_from_its_content(gw):
    gw.open_incident()

    first = attach(gw, a_diagnosis(id=None)).json["id"]
    again = attach(gw, a_diagnosis(id=None)).json["id"]
    other = attach(gw, a_diagnosis(id=None, summary="All is well.")).json["id"]

    assert first == again != other
    assert gw.get(PATH).json["total"] == 2


def test_one_diagnosis_may_be_attached_to_two_incidents(gw):
    gw.open_incident()
    gw.open_incident()

    attach(gw, a_diagnosis())
    attach(gw, a_diagnosis(), "/api/incidents/INC-2/diagnoses")

    assert gw.get("/api/incidents/INC-2").json["diagnosisCount"] == 1


def test_a_large_diagnosis_is_kept_beside_the_journal_and_read_back_whole(gw):
    incident = gw.open_incident()
    answer = attach(gw, a_large_diagnosis())
    record = gw.store.get(AttachedDiagnosis, attached_id(incident["id"], "dx_large"))

    assert record.text is None
    assert record.blob == record.digest == answer.json["digest"]
    assert len(gw.gateway.blobs.get(record.blob)) == answer.json["sizeBytes"]
    assert len(gw.get(answer.json["href"]).json["content"]["hypotheses"]) == 10
    assert len(answer.json["hypotheses"]) == 3


def test_an_incident_takes_so_many_diagnoses_and_no_more(gw):
    gw.open_incident()
    for n in range(MOST_DIAGNOSES):
        attach(gw, a_diagnosis(id=f"dx_{n}"))

    assert gw.post(PATH, json=a_diagnosis(id="dx_more")).json["code"] == "too_many_diagnoses"
    assert gw.post(PATH, json=a_diagnosis(id="dx_0")).status_code == 201


def test_an_incident_is_opened_from_a_diagnosis_in_one_call_and_one_commit(gw):
    before = gw.store.last_seq
    opened = gw.post("/api/incidents", json={"diagnosis": a_diagnosis()})

    assert opened.status_code == 201
    assert gw.store.last_seq == before + 1
    body = opened.json
    assert body["title"] == "Deployment shop/checkout: The memory limit is too low"
    assert (body["source"], body["severity"], body["severityPinned"]) == ("quickdx", "critical", False)
    assert (body["services"], body["labels"]) == (["checkout"], {"cluster": "prod", "namespace": "shop"})
    assert body["description"] == "3 of 4 pods are killed for memory."
    assert body["milestones"]["detectedAt"] == "2026-11-01T11:59:00Z"
    assert body["entities"][0]["name"] == "checkout"
    assert [one["id"] for one in body["diagnoses"]] == ["dx_1"]
    assert [entry["type"] for entry in body["timeline"]["entries"]] == ["incident_opened", "diagnosis_attached"]


def test_what_is_given_goes_before_what_the_diagnosis_says(gw):
    given = {"title": "Mine", "severity": "low", "services": ["pay"], "labels": {}, "source": "slack", "owner": "ann"}

    opened = gw.post("/api/incidents", json={**given, "diagnosis": a_diagnosis()}).json

    assert {name: opened[name] for name in given} == given
    assert opened["severityPinned"] is True


def test_a_diagnosis_of_nothing_bad_still_opens_an_incident(gw):
    said = a_diagnosis(hypotheses=[], resource={"kind": "Node", "name": "n" * 253}, summary="Word " * 100)
    opened = gw.post("/api/incidents", json={"diagnosis": said}).json

    assert len(opened["title"]) == 300
    assert (opened["severity"], opened["services"], opened["labels"]) == ("medium", [], {})


def test_a_clock_that_goes_ahead_makes_no_incident_begin_in_the_future(gw):
    opened = gw.post("/api/incidents", json={"diagnosis": a_diagnosis(observedAt="2030-01-01T00:00:00Z")}).json

    assert opened["milestones"]["detectedAt"] == opened["createdAt"]


def test_an_incident_from_a_diagnosis_is_opened_once_for_its_key(gw):
    headers = {"Idempotency-Key": "k"}

    first = gw.post("/api/incidents", json={"diagnosis": a_diagnosis()}, headers=headers)
    again = gw.post("/api/incidents", json={"diagnosis": a_diagnosis()}, headers=headers)

    assert first.text == again.text
    assert gw.get("/api/incidents").json["total"] == 1


def test_without_a_diagnosis_an_incident_needs_a_title(gw):
    refused = gw.post("/api/incidents", json={"severity": "high"})

    assert refused.status_code == 422
    assert list(refused.json["errors"]) == ["title"]


CLAIM = a_claim("r", "t", 0.5, "low")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"resource": None}, "resource"),
        ({"resource": {"kind": "Pod"}}, "resource.name"),
        ({"resource": {"kind": "Pod", "name": "x" * 254}}, "resource.name"),
        ({"observedAt": "now"}, "observedAt"),
        ({"id": "../../etc"}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": "a\n"}, "id"),
        ({"status": "fine"}, "status"),
        ({"summary": ""}, "summary"),
        ({"hypotheses": [CLAIM] * 21}, "hypotheses"),
        ({"findings": [CLAIM] * 101}, "findings"),
        ({"coverage": [{"part": "logs", "reason": ""}] * 51}, "coverage"),
        ({"hypotheses": [CLAIM | {"confidence": 1.1}]}, "hypotheses.0.confidence"),
        ({"hypotheses": [CLAIM | {"confidence": "0.5"}]}, "hypotheses.0.confidence"),
        ({"hypotheses": [CLAIM | {"confidence": True}]}, "hypotheses.0.confidence"),
        ({"hypotheses": [CLAIM | {"severity": "awful"}]}, "hypotheses.0.severity"),
        ({"hypotheses": [CLAIM | {"evidence": CLAIM["evidence"] * 21}]}, "hypotheses.0.evidence"),
        ({"hypotheses": [CLAIM | {"proof": "none"}]}, "hypotheses.0.proof"),
        ({"schemaVersion": 2}, "schemaVersion"),
        ({"verdict": "guilty"}, "verdict"),
    ],
)
def test_what_is_no_diagnosis_is_refused_by_name(gw, fields, name):
    gw.open_incident()

    refused = gw.post(PATH, json=a_diagnosis(**fields))

    assert refused.status_code == 422
    assert list(refused.json["errors"]) == [name]
    assert gw.get(PATH).json["total"] == 0


def test_who_only_looks_attaches_nothing(gw):
    gw.open_incident()

    assert gw.post(PATH, json=a_diagnosis(), role=Role.VIEWER).status_code == 403
    assert gw.get(PATH, role=Role.VIEWER).status_code == 200
    assert gw.post("/api/incidents/inc_nope/diagnoses", json=a_diagnosis()).status_code == 404
    assert gw.get(f"{PATH}/dx_nope").status_code == 404
