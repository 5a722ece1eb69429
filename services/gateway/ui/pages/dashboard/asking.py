"""Ask the API for what the dashboard shows. What the person's token may not read is None, and its place says so."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from services.gateway.ui.ask import ApiRefused, Query, ask, read
from services.gateway.ui.pages.dashboard.shaping import (
    bands_of,
    check_groups,
    noise_lines,
    severity_rows,
    trend,
)
from services.gateway.ui.waiting import WAITING_STATES

_SHOWN, _LEAST_OTHERS, _SHOWN_TASKS = 10, 3, 4
_BEING_WORKED_ON = "triage,investigating,mitigated,monitoring"
# Not the timers, which wait by their nature.
_QUEUES = "intake,graph,actions"
_DAY = timedelta(days=1)


def has_anything_come() -> bool:
    """Answer whether there is an incident, or a delivery of any source."""
    if read("/api/incidents", {"limit": 1})["total"]:
        return True
    deliveries = _read_if_allowed("/api/deliveries", {"limit": 1})
    return bool(deliveries and deliveries["total"])


def read_now() -> dict[str, Any]:
    """Return what is open, by severity and age, and what waits for somebody, and what was changed."""
    # On the minute: what two look at within it is answered once.
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    bands = bands_of(now)
    counts = [read("/api/stats", {"open": "true", "since": band.since, "until": band.until}) for band in bands]
    unacknowledged = read("/api/incidents", {"status": "new", "sort": "-severity", "limit": _SHOWN})
    room = max(_SHOWN - len(unacknowledged["items"]), _LEAST_OTHERS)
    others = read("/api/incidents", {"status": _BEING_WORKED_ON, "sort": "-severity", "limit": room})
    since = _moment(now - _DAY)
    return {
        "total": sum(one["total"] for one in counts),
        "bands": bands,
        "rows": severity_rows(counts),
        "unacknowledged": unacknowledged,
        "others": others,
        "approvals": read("/api/actions", {"state": list(WAITING_STATES), "limit": _SHOWN_TASKS}),
        "overdue": read("/api/tasks", {"overdue": "true", "limit": _SHOWN_TASKS}),
        "failed": read("/api/jobs", {"state": "failed", "since": since, "limit": 1}),
        "quarantined": _read_if_allowed("/api/deliveries", {"state": "quarantined", "since": since, "limit": 1}),
        "since": since,
        "changes": _read_if_allowed("/api/changes", {"limit": 5}),
    }


def read_trends() -> dict[str, Any]:
    """Return how long things took on each of the last 30 days, and the noise of the last."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    week, two_weeks = _moment(hour - 7 * _DAY), _moment(hour - 14 * _DAY)
    stats = read("/api/stats")
    now, before = read("/api/stats", {"since": week}), read("/api/stats", {"since": two_weeks, "until": week})
    noise = _read_if_allowed("/api/noise", {"hours": 24})
    return {
        "acknowledge": trend(now, before, "timeToAcknowledge"),
        "resolve": trend(now, before, "timeToResolve"),
        "week": week,
        "opened": sum(day["opened"] for day in stats["perDay"]),
        "resolved": sum(day["resolved"] for day in stats["perDay"]),
        "days": stats["perDay"],
        "noise": noise_lines(noise["lines"]) if noise else None,
    }


def read_health() -> dict[str, Any]:
    """Return whether the product can do its work, and what is under way."""
    try:
        readiness = ask("GET", "/readyz").body
    except ApiRefused as error:  # 503 is an answer here: it says what is missing.
        readiness = error.problem
    return {
        "ready": readiness.get("ready", False),
        "groups": check_groups(readiness.get("checks", {})),
        "running": read("/api/jobs", {"state": "running", "queue": _QUEUES, "limit": 1})["total"],
        "waiting": read("/api/jobs", {"state": "pending,handed", "queue": _QUEUES, "limit": 1})["total"],
    }


def _read_if_allowed(path: str, query: Query) -> Any:
    try:
        return read(path, query)
    except ApiRefused as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return None
        raise


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
