"""The OpenAPI document, its page, and whether answers are what it says."""

import re
from pathlib import Path

import msgspec
import pytest

from services.gateway import errors
from services.gateway.api import (
    access_shapes,
    delivery_shapes,
    job_shapes,
    sender_shapes,
    shapes,
    statistics_shapes,
    system_shapes,
)
from services.gateway.api.queues import QueuesShape
from services.gateway.api.retention import RetentionShape
from services.gateway.openapi import describe_api
from shared.errors import AppError
from tests.support.builders import a_job, a_signal, an_activity, an_incident, the_hints
from tests.support.gateway import GatewayUnderTest

ROOT = Path(__file__).resolve().parents[4]
SPEC = msgspec.json.decode(describe_api())


def test_the_committed_document_is_the_served_one():
    committed = (ROOT / "docs" / "openapi.json").read_text()

    assert committed == describe_api(), "run: python -m services.gateway.openapi > docs/openapi.json"


def test_the_gateway_serves_it(gw: GatewayUnderTest):
    served = gw.call("GET", "/api/openapi.json", role=None)

    assert served.json["paths"] == SPEC["paths"]
    assert served.content_type == "application/json"


def test_every_operation_is_described_whole():
    for path, members in SPEC["paths"].items():
        for method, operation in members.items():
            if method == "parameters":
                continue
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["x-required-role"], where
            guarded = operation["x-required-role"] != "none"
            # A credential in the path or the body is one no scheme can say.
            is_apart = "{token}" in path or path in {"/v2/enqueue", "/v2/change/enqueue"}
            assert ({"bearer": []} in operation["security"]) == (guarded and not is_apart), where
            assert not guarded or {"401", "403", "429"} <= set(operation["responses"]), where
            assert method == "get" or {"503", "507"} <= set(operation["responses"]), where
            writes_json = "requestBody" in operation and not {"intake", "alerts"} & set(operation["tags"])
            assert not writes_json or {"400", "413", "415", "422"} <= set(operation["responses"]), where
            names = [parameter["name"] for parameter in operation.get("parameters", []) if "name" in parameter]
            # What changes nothing; and signing in, whose answer holds a secret that is kept nowhere.
            is_unkeyed = path in {"/api/rules/try", "/api/silences/try", "/api/policy/explain", "/api/session"}
            assert method not in {"post", "put", "patch"} or is_unkeyed or "Idempotency-Key" in names, where


def test_no_path_of_a_later_version_is_described():
    assert not [path for path in SPEC["paths"] if re.search("jira|slack|observe", path)]


@pytest.fixture
def filled(gw: GatewayUnderTest) -> GatewayUnderTest:
    incident = an_incident()

    def put(tx):
        tx.put(incident)
        tx.put(an_activity(incident.id))
        tx.put(the_hints(incident.id))
        tx.put(a_signal(incident_id=incident.id))
        tx.put(a_job(incident_id=incident.id))

    gw.store.transact(put)
    gw.open_incident()
    gw.post("/api/intake/alertmanager", data=b"{}")
    gw.post("/api/session", json={})
    return gw


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/incidents", shapes.IncidentPageShape),
        ("/api/incidents/INC-1", shapes.IncidentShape),
        ("/api/incidents/INC-2", shapes.IncidentShape),
        ("/api/incidents/INC-2/timeline", shapes.TimelinePageShape),
        ("/api/incidents/INC-1/signals", shapes.SignalPageShape),
        ("/api/incidents/INC-1/jobs", job_shapes.JobPageShape),
        ("/api/signals", shapes.SignalPageShape),
        ("/api/jobs", job_shapes.JobPageShape),
        ("/api/deliveries", delivery_shapes.DeliveryPageShape),
        ("/api/tokens", access_shapes.TokenPageShape),
        ("/api/me", access_shapes.MeShape),
        ("/api/audit", access_shapes.AuditPageShape),
        ("/api/sessions", access_shapes.SessionPageShape),
        ("/api/verify", system_shapes.VerificationShape),
        ("/api/stats", statistics_shapes.StatsShape),
        ("/api/incidents/facets", statistics_shapes.FacetsShape),
        ("/api/queues", QueuesShape),
        ("/api/retention", RetentionShape),
        ("/healthz", system_shapes.HealthShape),
        ("/readyz", system_shapes.ReadinessShape),
        ("/api/incidents/nope", shapes.ProblemShape),
        ("/api/incidents?limit=0", shapes.ProblemShape),
    ],
)
def test_answers_have_the_shape_that_is_described(filled: GatewayUnderTest, path: str, shape: type):
    body = filled.get(path).json

    # Unknown members are refused here, so a member that nobody described fails too.
    assert shape().validate(body) == {}
    assert body.get("items", [1]), "an empty list proves nothing"


def test_answers_of_writes_have_the_shape_that_is_described(filled: GatewayUnderTest):
    made = filled.post("/api/intake/alertmanager", data=b"{}", headers={"Idempotency-Key": "k"})
    again = filled.post("/api/intake/alertmanager", data=b"{}", headers={"Idempotency-Key": "k"})
    note = filled.post("/api/incidents/INC-2/timeline", json={"message": "hi"})
    token = filled.post("/api/tokens", json={"name": "bob", "role": "viewer"})

    assert delivery_shapes.AcceptedShape().validate(made.json) == {}
    event = {"event_action": "trigger", "payload": {"summary": "Down"}}
    assert sender_shapes.EventTakenShape().validate(filled.post("/api/intake/pagerduty", json=event).json) == {}
    assert sender_shapes.EventProcessedShape().validate(filled.post("/v2/enqueue", json=event).json) == {}
    assert sender_shapes.ChangeProcessedShape().validate(filled.post("/v2/change/enqueue", json={}).json) == {}
    assert sender_shapes.AlertRequestShape().validate(filled.post("/v2/alerts", json={}).json) == {}
    assert delivery_shapes.AcceptedShape().validate(again.json) == {}
    assert shapes.EntryShape().validate(note.json) == {}
    assert access_shapes.SessionBegunShape().validate(filled.post("/api/session", json={}).json) == {}
    assert access_shapes.TokenWithSecretShape().validate(token.json) == {}
    assert delivery_shapes.DeliveryShape().validate(filled.get(f"/api/deliveries/{made.json['deliveryId']}").json) == {}


def test_the_page_lists_every_operation_and_needs_no_script(gw: GatewayUnderTest):
    page = gw.call("GET", "/api/docs", role=None)

    for path in SPEC["paths"]:
        assert f"<code>{path}</code>" in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert set(re.findall(r'(?:src|href)="([^"#]+)"', page.text)) == {"/api/docs/style.css", "/api/openapi.json"}
    assert "style-src 'self'" in page.headers["Content-Security-Policy"]
    assert gw.call("GET", "/api/docs/style.css", role=None).content_type == "text/css; charset=utf-8"


def every_error(base: type[AppError] = AppError) -> list[type[AppError]]:
    return [base, *(found for sub in base.__subclasses__() for found in every_error(sub))]


def test_every_code_of_the_public_api_and_every_path_is_documented():
    text = (ROOT / "docs" / "api.md").read_text()
    codes = {error.code for error in every_error() if error.__module__.startswith(errors.__name__)}

    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []
    assert [path for path in SPEC["paths"] if path not in text] == []
