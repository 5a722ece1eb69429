"""The outage that `faultline demo` plays: which alerts, in which order, as Alertmanager would send them. Pure."""

import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of the story; ``began_seconds`` is how long before the demo it began to fire."""

    name: str
    namespace: str
    service: str
    pod: str
    severity: str
    summary: str
    began_seconds: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing Alertmanager does; ``senders`` above one is a highly available pair saying the same."""

    says: str
    alert: Alert
    status: str = "firing"
    senders: int = 1


DATABASE = Alert(
    "PostgresConnectionsExhausted",
    "data",
    "orders-db",
    "orders-db-0",
    "critical",
    "orders-db has no free connections",
    240,
)
CHECKOUT = Alert(
    "CheckoutErrorRateHigh",
    "shop",
    "checkout",
    "checkout-7d9f-abcde",
    "critical",
    "34 % of checkouts fail with 503",
    180,
)
ORDERS = Alert("OrdersLatencyHigh", "shop", "orders", "orders-5c6b-x2x7q", "warning", "p99 of orders is 8.2 s", 170)
QUEUE = Alert("MailQueueGrowing", "shop", "mailer", "mailer-66f4-9kd2m", "warning", "12,000 order mails wait", 60)

STORY = (
    Step("the database runs out of connections", DATABASE),
    Step("orders become slow", ORDERS),
    Step("checkout begins to fail; both Alertmanagers of the pair say so", CHECKOUT, senders=2),
    Step("the repeat interval is over: orders, once more", ORDERS),
    Step("mails pile up", QUEUE),
    Step("checkout still fails; the pair repeats it", CHECKOUT, senders=2),
    Step("the database has connections again", DATABASE, status="resolved"),
    Step("checkout works again; both say so", CHECKOUT, status="resolved", senders=2),
    Step("orders are fast again", ORDERS, status="resolved"),
)


def bodies(template: dict[str, Any], step: Step, started_at: datetime) -> Iterator[dict[str, Any]]:
    """Yield the bodies of ``step``, one a sender, made from ``template``, a body that a real Alertmanager sent."""
    for _ in range(step.senders):
        yield _body(template, step, started_at)


def count_deliveries(story: tuple[Step, ...]) -> int:
    """Return how many requests the story makes."""
    return sum(step.senders for step in story)


def _body(template: dict[str, Any], step: Step, started_at: datetime) -> dict[str, Any]:
    alert = step.alert
    group = {"alertname": alert.name, "namespace": alert.namespace, "service": alert.service}
    labels = {**group, "cluster": "demo", "pod": alert.pod, "severity": alert.severity}
    annotations = {"summary": alert.summary, "description": f"{alert.summary} ({alert.namespace}/{alert.pod})."}
    began_at = started_at - timedelta(seconds=alert.began_seconds)
    body = copy.deepcopy(template)
    shown = ", ".join(f'{name}="{value}"' for name, value in group.items())
    body |= {
        "status": step.status,
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "groupKey": f"{{}}:{{{shown}}}",
        "truncatedAlerts": 0,
    }
    body["alerts"] = [
        {
            **body["alerts"][0],
            "status": step.status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": _moment(began_at),
            "endsAt": _NEVER if step.status == "firing" else _moment(datetime.now(UTC)),
            "fingerprint": hashlib.sha256(shown.encode()).hexdigest()[:16],
        }
    ]
    return body


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
