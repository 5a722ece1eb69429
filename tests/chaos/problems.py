"""What the senders speak of, and how each kind of sender says it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

# The kind of sender by its number, over and over; half of them are Alertmanagers.
KINDS = ("alertmanager", "pagerduty", "alertmanager", "webhook")
# Of these services one silence lasts for the whole run and beyond.
SILENCED_SERVICES = ("service-0", "service-1")


@dataclass(slots=True)
class Problem:
    """One fingerprint and what its sender last said of it. Only one sender ever speaks of a problem."""

    source: str
    key: str
    group: str
    service: str
    starts_at: datetime
    firing: bool = False
    # What the last delivery that got a 2xx said.
    accepted_firing: bool | None = None

    @property
    def fingerprint(self) -> str:
        """Its name among the signals."""
        return f"{self.source}:{self.key}"


def make_problems(count: int, per_group: int, senders: int) -> list[Problem]:
    """Return ``count`` problems, ``per_group`` of them to a group (one alert name and service).

    Problem n is told by sender n modulo ``senders``. Alertmanager and the plain webhook group by name and place,
    PagerDuty's events by their key.
    """
    start = datetime.now(UTC) - timedelta(hours=1)
    return [
        Problem(
            source=KINDS[number % senders % len(KINDS)],
            key=f"{number:016x}",
            group=f"Chaos{number // per_group:04d}",
            service=f"service-{number // per_group % 40}",
            starts_at=start,
        )
        for number in range(count)
    ]


def write_body(chosen: list[Problem], *, acknowledges: bool = False) -> bytes:
    """Return the body its kind of sender sends of ``chosen``; an event of PagerDuty is of one problem only."""
    match chosen[0].source:
        case "alertmanager":
            found: Any = _alertmanager(chosen)
        case "pagerduty":
            found = _event(chosen[0], acknowledges)
        case _:
            found = [_plain(problem) for problem in chosen]
    return msgspec.json.encode(found)


def _alertmanager(chosen: list[Problem]) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": "{}:{chaos}",
        "truncatedAlerts": 0,
        "status": "firing" if any(p.firing for p in chosen) else "resolved",
        "receiver": "faultline",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": [_alert(problem) for problem in chosen],
    }


def _alert(problem: Problem) -> dict[str, Any]:
    ends = "0001-01-01T00:00:00Z" if problem.firing else _rfc3339(problem.starts_at + timedelta(milliseconds=1))
    return {
        "status": _status(problem),
        "labels": {
            "alertname": problem.group,
            "namespace": "chaos",
            "service": problem.service,
            "pod": f"{problem.service}-{problem.key}",
            "severity": "warning",
        },
        "annotations": {"summary": f"{problem.group} on {problem.service}"},
        "startsAt": _rfc3339(problem.starts_at),
        "endsAt": ends,
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": problem.key,
    }


def _event(problem: Problem, acknowledges: bool) -> dict[str, Any]:
    if not problem.firing or acknowledges:
        return {"event_action": "acknowledge" if acknowledges else "resolve", "dedup_key": problem.key}
    payload = {
        "summary": f"{problem.group} on {problem.service}",
        "source": problem.service,
        "severity": "warning",
        "class": problem.group,
        "component": problem.service,
    }
    return {"event_action": "trigger", "dedup_key": problem.key, "payload": payload}


def _plain(problem: Problem) -> dict[str, Any]:
    """Without a start: the order of arrival decides."""
    return {
        "title": f"{problem.group} on {problem.service}",
        "status": _status(problem),
        "severity": "warning",
        "fingerprint": problem.key,
        "service": problem.service,
        "labels": {"alertname": problem.group, "namespace": "chaos"},
    }


def _status(problem: Problem) -> str:
    return "firing" if problem.firing else "resolved"


def _rfc3339(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")
