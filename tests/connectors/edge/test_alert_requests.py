"""What Opsgenie's clients read of a request that was processed."""

import msgspec
import pytest

from services.gateway.api import sender_shapes
from services.gateway.domain.records import Delivery, DeliveryState, Outcome, Role
from services.gateway.domain.records.delivery import SignalOutcome
from tests.support.gateway import GatewayUnderTest


def processed(gw: GatewayUnderTest, action: str, **fields) -> dict:
    path = "/v2/alerts" if action == "create" else f"/v2/alerts/disk/{action}?identifierType=alias"
    made = gw.call("POST", path, role=Role.SERVICE, json={"message": "Down"}).json["requestId"]
    delivery = gw.store.get(Delivery, made)
    gw.store.transact(lambda tx: tx.put(msgspec.structs.replace(delivery, processed_at=tx.now, **fields)))
    answer = gw.call("GET", f"/v2/alerts/requests/{made}", role=Role.SERVICE)
    assert answer.status_code == 200, answer.text
    assert sender_shapes.AlertRequestStatusShape().validate(answer.json) == {}
    return answer.json["data"]


@pytest.mark.parametrize(
    ("action", "shown", "status"),
    [
        ("create", "Create", "Created alert"),
        ("acknowledge", "Acknowledge", "Acknowledged alert"),
        ("close", "Close", "Closed alert"),
    ],
)
def test_a_request_that_was_understood_names_its_alert(gw: GatewayUnderTest, action: str, shown: str, status: str):
    outcome = SignalOutcome(fingerprint="f-1", status="firing", outcome=Outcome.OPENED)
    data = processed(gw, action, state=DeliveryState.PROCESSED, signals=(outcome,))

    assert (data["success"], data["isSuccess"], data["action"], data["status"]) == (True, True, shown, status)
    assert data["alertId"] == "f-1"
    assert data["alias"] == "disk" if action != "create" else len(data["alias"]) == 32


def test_a_request_that_was_quarantined_says_why(gw: GatewayUnderTest):
    data = processed(gw, "close", state=DeliveryState.QUARANTINED, code="no_title", reason="nothing usable as a title")

    assert (data["isSuccess"], data["status"], data["alertId"]) == (False, "nothing usable as a title", "")
