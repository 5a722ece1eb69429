"""The sources that may send deliveries: one table of what each may show, what is read of it, how it is told to wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.gateway.errors import IntakeBusy, IntakeLimited

_ALERT = {
    "version": "4",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrorRate", "namespace": "shop", "service": "checkout"},
            "annotations": {"summary": "5 % of requests fail"},
            "startsAt": "2026-11-01T12:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "a1b2c3d4e5f60718",
        },
    ],
}
EVENT = {
    "event_action": "trigger",
    "dedup_key": "disk-db-3",
    "payload": {"summary": "Disk of db-3 is full", "source": "db-3", "severity": "critical"},
}
_MONITOR = {"id": "1", "alert_transition": "Triggered", "title": "Disk of db-3 is full", "priority": "P1"}
_ISSUE = {"action": "created", "data": {"issue": {"id": "42", "title": "ZeroDivisionError", "level": "error"}}}
ALERT = {"message": "Disk of db-3 is full", "alias": "disk-db-3", "priority": "P1"}
_CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "a-1",
    "source": "/checks/disk",
    "type": "com.example.disk.firing",
    "data": {"title": "Disk of db-3 is full"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How one source is met at the edge.

    ``busy`` is what makes its sender come again later. ``schemes`` are those of the Authorization header it is known
    to send. ``headers`` and, by its beginning, ``header_prefix`` are what its reader needs of the request's headers.
    ``limit`` is a bound of its own on bodies. A signature, where the operator configured one, stands in place of all
    tokens.
    """

    name: str
    description: str
    example: Mapping[str, Any]
    busy: type[IntakeBusy] = IntakeBusy
    methods: tuple[str, ...] = ("POST",)
    schemes: tuple[str, ...] = ("bearer", "basic")
    headers: tuple[str, ...] = ()
    header_prefix: str | None = None
    limit: int | None = None
    can_sign: bool = False
    # Its bodies tell of when or which: two that are the same are one notification, sent twice.
    has_telling_bodies: bool = True
    takes_query_token: bool = False
    # The token may stand in the body, as PagerDuty's routing key does.
    takes_routing_key: bool = False

    @property
    def security(self) -> tuple[str, ...]:
        """The schemes of the OpenAPI document that this source may use."""
        found = [_SCHEMES[scheme] for scheme in self.schemes]
        return (*found, "accessToken") if self.takes_query_token else tuple(found)


_SCHEMES = {"bearer": "bearer", "basic": "basic", "geniekey": "genieKey"}
PAGERDUTY_LIMIT = 512 << 10

ALERTMANAGER = Source(
    name="alertmanager",
    description="Takes what Alertmanager's webhook receiver sends (version 4).",
    example=_ALERT,
)
GRAFANA = Source(
    name="grafana",
    description="Takes what Grafana Alerting's webhook contact point sends.",
    example={**_ALERT, "version": "1", "orgId": 1},
    methods=("POST", "PUT"),
    can_sign=True,
)
PAGERDUTY = Source(
    name="pagerduty",
    description="Takes an event of PagerDuty's Events API v2: trigger, acknowledge or resolve, by its dedup key.",
    example=EVENT,
    busy=IntakeLimited,
    limit=PAGERDUTY_LIMIT,
    takes_routing_key=True,
)
OPSGENIE = Source(
    name="opsgenie",
    description="Takes what Opsgenie's outgoing webhook sends; calls of its Alert API go to /v2/alerts.",
    example={"action": "Create", "alert": {"alertId": "a-1", **ALERT}},
    busy=IntakeLimited,
    schemes=("bearer", "basic", "geniekey"),
)
DATADOG = Source(
    name="datadog",
    description="Takes the template of docs/intake.md, filled in by Datadog's webhook integration.",
    example=_MONITOR,
)
SENTRY = Source(
    name="sentry",
    description="Takes what a Sentry integration sends of issues and alerts.",
    example=_ISSUE,
    headers=("Sentry-Hook-Resource",),
    can_sign=True,
)
CLOUDEVENTS = Source(
    name="cloudevents",
    description="Takes CloudEvents over HTTP: binary, structured, or a batch.",
    example=_CLOUD_EVENT,
    busy=IntakeLimited,
    headers=("Content-Type",),
    header_prefix="ce-",
    takes_query_token=True,
)
WEBHOOK = Source(
    name="webhook",
    description="Takes the body of any source. Fields are found by the paths of the generic mapping.",
    example={"title": "Disk almost full", "severity": "warning", "service": "db", "status": "firing"},
    can_sign=True,
    # Anything may come here: the same words again may well be the same trouble again, which must not be lost.
    has_telling_bodies=False,
)

SOURCES = (ALERTMANAGER, GRAFANA, PAGERDUTY, OPSGENIE, DATADOG, SENTRY, CLOUDEVENTS, WEBHOOK)
