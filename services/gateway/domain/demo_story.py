"""The outage of the demo: what each source sends, in which order. Pure.

The names are those of the demo cluster, so that what the alerts are about can be investigated there.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

CLUSTERS = ("demo", "shop")
"""What graph workers may call the demo cluster; the first is said where none of them is known."""
_NEVER = "0001-01-01T00:00:00Z"
_SAYS_DEMO = "Part of the demo outage: nobody is harmed."
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of Alertmanager or Grafana; ``began_seconds`` is how long before the demo it began to fire."""

    name: str
    namespace: str
    service: str
    pods: tuple[str, ...]
    severity: str
    summary: str
    began_seconds: int


@dataclass(frozen=True, slots=True)
class Notification:
    """A request of the story: which source sends which bytes, and what that says."""

    source: str
    says: str
    body: bytes
    context: Mapping[str, str] = field(default_factory=dict)


DATABASE = Alert(
    "PostgresConnectionsExhausted",
    "data",
    "orders-db",
    ("orders-db-0",),
    "critical",
    "orders-db has no free connections",
    240,
)
CHECKOUT = Alert(
    "CheckoutErrorRateHigh",
    "shop",
    "checkout",
    ("checkout-9x62t52vl7-zdvgj",),
    "critical",
    "34 % of checkouts fail with 503",
    180,
)
FRONTEND = Alert(
    "FrontendLatencyHigh",
    "shop",
    "frontend",
    ("frontend-jfzpmrf4xd-gpflx", "frontend-jfzpmrf4xd-nv97t"),
    "warning",
    "p99 of the shop's pages is 8.2 s",
    170,
)
CART = Alert(
    "Cart rollout stuck", "shop", "cart", ("cart-mn2xbssqm7-cq748",), "high", "A pod of cart never started", 90
)
MAIL = Alert("MailQueueGrowing", "shop", "mailer", ("mailer-66f4-9kd2m",), "ticket", "12,000 order mails wait", 60)


def tell_story(started_at: datetime, cluster: str) -> tuple[Notification, ...]:
    """Return the story as it begins at ``started_at``; its alerts name ``cluster``."""
    return tuple(_tell(_Teller(started_at, cluster)))


def _tell(teller: "_Teller") -> Iterator[Notification]:
    yield teller.deploy("checkout 2.14.0 is rolled out")
    yield teller.alertmanager("the database runs out of connections", DATABASE)
    yield teller.alertmanager("pages become slow, on two pods", FRONTEND)
    yield teller.alertmanager("checkout begins to fail", CHECKOUT)
    yield teller.alertmanager("the other Alertmanager of the pair says so too", CHECKOUT)
    yield teller.grafana("a rollout of cart is stuck", CART)
    yield teller.event("payments time out", "trigger")
    yield teller.alertmanager("mails pile up", MAIL)
    yield teller.unreadable("a sender says what nobody understands")
    yield teller.event("somebody has the payments", "acknowledge")
    yield teller.alertmanager("the repeat interval is over: checkout, once more", CHECKOUT)
    yield teller.note("a certificate ends soon")
    yield teller.alertmanager("the database has connections again", DATABASE, "resolved")
    yield teller.alertmanager("pages are fast again", FRONTEND, "resolved")


class _Teller:
    """Makes the requests of one telling."""

    def __init__(self, started_at: datetime, cluster: str) -> None:
        self._started_at, self._cluster = started_at, cluster

    def alertmanager(self, says: str, alert: Alert, status: str = "firing") -> Notification:
        """Return what Alertmanager's webhook sends; a pair of them sends exactly the same."""
        group = {"alertname": alert.name, "namespace": alert.namespace, "service": alert.service}
        body = {"receiver": "faultline", "version": "4", "externalURL": "http://alertmanager.demo.invalid"}
        return Notification("alertmanager", says, _encode(body | self._group(alert, group, status)))

    def grafana(self, says: str, alert: Alert) -> Notification:
        """Return what Grafana's contact point sends."""
        group = {"alertname": alert.name, "grafana_folder": "Shop"}
        body = {"receiver": "faultline", "version": "1", "orgId": 1, "externalURL": "http://grafana.demo.invalid/"}
        more = {"title": f"[FIRING:1] {alert.name} Shop", "state": "alerting"}
        return Notification("grafana", says, _encode(body | self._group(alert, group, "firing") | more))

    def event(self, says: str, action: str) -> Notification:
        """Return an event in PagerDuty's format; all are about one problem."""
        body: dict[str, Any] = {"event_action": action, "dedup_key": f"demo-payments-{_moment(self._started_at)}"}
        if action == "trigger":
            body["payload"] = {
                "summary": "Card authorisations time out",
                "source": "payments-api",
                "severity": "error",
                "class": "AuthorisationTimeouts",
                "custom_details": {**self._labels("payments", "payments-api"), "description": _SAYS_DEMO},
            }
        return Notification("pagerduty", says, _encode(body))

    def deploy(self, says: str) -> Notification:
        """Return a change, as a CloudEvent."""
        body = {
            "specversion": "1.0",
            "id": f"demo-{_moment(self._started_at)}",
            "source": "/ci/demo",
            "type": "dev.cdevents.service.deployed.0.1.1",
            "subject": "checkout",
            "time": _moment(self._started_at - timedelta(seconds=420)),
            "datacontenttype": "application/json",
            "data": {
                "title": "checkout 2.14.0 deployed",
                "service": "checkout",
                "labels": self._labels("shop", "checkout"),
            },
        }
        return Notification("cloudevents", says, _encode(body), {"content-type": "application/cloudevents+json"})

    def note(self, says: str) -> Notification:
        """Return the body of a sender that the generic mapping reads."""
        body = {
            "title": "The certificate of shop.example ends in 20 days",
            "description": _SAYS_DEMO,
            "severity": "info",
            "status": "firing",
            "service": "frontend",
            "fingerprint": "demo-certificate",
            "labels": self._labels("shop", "frontend"),
        }
        return Notification("webhook", says, _encode(body))

    def unreadable(self, says: str) -> Notification:
        """Return a body that says nothing of what is wrong: it is quarantined."""
        return Notification("webhook", says, _encode({"demo": True, "n": 1}))

    def _labels(self, namespace: str, service: str) -> dict[str, str]:
        return {"cluster": self._cluster, "namespace": namespace, "service": service, "demo": "true"}

    def _group(self, alert: Alert, group: dict[str, str], status: str) -> dict[str, Any]:
        shown = ", ".join(f'{name}="{value}"' for name, value in group.items())
        return {
            "status": status,
            "groupLabels": group,
            "commonLabels": {"alertname": alert.name, **self._labels(alert.namespace, alert.service)},
            "commonAnnotations": {"summary": alert.summary},
            "groupKey": f"{{}}:{{{shown}}}",
            "truncatedAlerts": 0,
            "alerts": [self._alert(alert, pod, status) for pod in alert.pods],
        }

    def _alert(self, alert: Alert, pod: str, status: str) -> dict[str, Any]:
        began_at = self._started_at - timedelta(seconds=alert.began_seconds)
        labels = {"alertname": alert.name, **self._labels(alert.namespace, alert.service)}
        return {
            "status": status,
            "labels": {**labels, "pod": pod, "severity": alert.severity},
            "annotations": {"summary": alert.summary, "description": f"{alert.summary}. {_SAYS_DEMO}"},
            "startsAt": _moment(began_at),
            "endsAt": _NEVER if status == "firing" else _moment(self._started_at),
            "generatorURL": "http://prometheus.demo.invalid/graph",
            "fingerprint": hashlib.sha256(f"{alert.name} {pod}".encode()).hexdigest()[:16],
        }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
