"""Every sender of deliveries: its address, how it shows who it is, and what it is answered."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from services.gateway.domain.records import Delivery, Role
from services.gateway.handlers.manage_tokens import make_secret, make_token
from tests.support.gateway import GatewayUnderTest

Options = dict[str, Any]


def bearer(token: str) -> Options:
    """Show a token as most do."""
    return {"headers": {"Authorization": f"Bearer {token}"}}


def basic(token: str) -> Options:
    """Show a token as the password of any user."""
    return {"headers": {"Authorization": "Basic " + base64.b64encode(f"any:{token}".encode()).decode()}}


def genie(token: str) -> Options:
    """Show a token as Opsgenie's clients do."""
    return {"headers": {"Authorization": f"GenieKey {token}"}}


def in_query(token: str) -> Options:
    """Show a token as the CloudEvents webhook spec allows."""
    return {"query_string": {"access_token": token}}


def in_path(token: str) -> Options:
    """Show a token at the end of the address."""
    return {"token": token}


def routing_key(event: dict[str, Any]) -> Callable[[str], Options]:
    """Return what shows a token as PagerDuty's clients do."""
    return lambda token: {"data": json.dumps({"routing_key": token, **event}).encode()}


@dataclass(frozen=True, kw_only=True)
class Sender:
    """One address, and how its sender shows who it is."""

    path: str
    source: str
    busy: int
    show: Callable[[str], Options] = bearer
    body: bytes = b'{"title": "Disk full", "status": "firing"}'
    headers: dict[str, str] = field(default_factory=dict)
    # What a request without a good token is answered.
    refused: int = 401

    @property
    def is_shown_in_body(self) -> bool:
        """Answer whether its credential is a part of its body."""
        return "data" in self.show("")

    @property
    def is_shown_in_header(self) -> bool:
        """Answer whether its credential travels where few others read it."""
        return "headers" in self.show("")


EVENT = {"event_action": "trigger", "dedup_key": "k", "payload": {"summary": "Down", "severity": "error"}}
CHANGE = {"payload": {"summary": "Deploy", "source": "ci"}}
CLOUD_EVENT = b'{"specversion": "1.0", "id": "1", "source": "/disk", "type": "disk.firing"}'
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BUSY = {
    "alertmanager": 503,
    "grafana": 503,
    "datadog": 503,
    "sentry": 503,
    "webhook": 503,
    "pagerduty": 429,
    "opsgenie": 429,
    "cloudevents": 429,
}


def _sender(path: str, source: str, show: Callable[[str], Options] = bearer, **more: Any) -> Sender:
    given: dict[str, Any] = {"body": CLOUD_EVENT, "headers": STRUCTURED} if source == "cloudevents" else {}
    return Sender(path=path, source=source, busy=BUSY[source], show=show, **{**given, **more})


SENDERS = [
    _sender("/api/intake/alertmanager", "alertmanager"),
    _sender("/api/intake/alertmanager", "alertmanager", basic),
    _sender("/api/intake/grafana", "grafana"),
    _sender("/api/intake/datadog", "datadog", basic),
    _sender("/api/intake/sentry", "sentry", headers={"Sentry-Hook-Resource": "issue"}),
    _sender("/api/intake/webhook", "webhook"),
    _sender("/api/incidents/intake/webhook", "webhook"),
    _sender("/api/intake/pagerduty", "pagerduty"),
    _sender("/api/intake/pagerduty", "pagerduty", routing_key(EVENT)),
    _sender("/v2/enqueue", "pagerduty", routing_key(EVENT), refused=400),
    _sender("/v2/change/enqueue", "pagerduty", routing_key(CHANGE), refused=400),
    _sender("/api/intake/opsgenie", "opsgenie", genie),
    _sender("/v2/alerts", "opsgenie", genie),
    _sender("/v2/alerts/disk/close?identifierType=alias", "opsgenie", genie),
    _sender("/v2/alerts/disk/acknowledge?identifierType=alias", "opsgenie", genie),
    _sender("/api/intake/cloudevents", "cloudevents"),
    _sender("/api/intake/cloudevents", "cloudevents", in_query),
    *(_sender(f"/api/intake/{source}/{{token}}", source, in_path) for source in BUSY),
]


def a_token(gw: GatewayUnderTest, role: Role = Role.SERVICE) -> str:
    """Make a token named after its role and return it."""
    secret = make_secret()
    gw.store.transact(lambda tx: make_token(tx, name=f"a-{role}", role=role, secret=secret, created_by="test"))
    return secret


def send(gw: GatewayUnderTest, sender: Sender, token: str, **more: Any) -> TestResponse:
    """Send what ``sender`` sends, with ``token``; ``more`` stands in place of its options."""
    shown = {"data": sender.body, **sender.show(token)}
    path = sender.path.replace("{token}", shown.pop("token", ""))
    headers = {**sender.headers, **shown.pop("headers", {}), **more.pop("headers", {})}
    return gw.call("POST", path, role=None, headers=headers, **{**shown, **more})


def deliveries(gw: GatewayUnderTest) -> list[Delivery]:
    """Return what was accepted, newest first."""
    return [gw.store.get(Delivery, item["id"]) for item in (gw.get("/api/deliveries").json or {})["items"]]


def everything_kept(gw: GatewayUnderTest) -> str:
    """Return all that is in the store in memory and its blobs, as text."""
    parts: Any = gw.gateway
    return repr(parts.store._records) + repr(vars(parts.blobs))
