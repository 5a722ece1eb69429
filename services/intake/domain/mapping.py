"""Where the generic mapping looks for what: dotted paths, with defaults that fit most senders."""

import collections.abc
from collections.abc import Iterator
from typing import Any

import msgspec

# A body often wraps what it is about in one of these; they are looked into after the body itself.
WRAPPERS = ("alert", "event", "incident", "payload", "data", "attributes", "detail", "problem", "monitor")
# Where a body that says nothing itself may hold a list.
LISTS = ("alerts", "events", "items", "incidents", "problems", "notifications", "data")

Paths = tuple[str, ...]


class Mapping(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """For each of our fields the paths to try, in order. A path given in the file replaces its defaults."""

    items: Paths = ()
    title: Paths = (
        *("title", "summary", "message", "name", "alertname", "alert_name", "alertName", "alert", "subject"),
        *("headline", "text", "event_title", "rule_name", "ruleName", "check", "description"),
    )
    description: Paths = ("description", "details", "message", "text", "body", "output", "reason", "summary")
    severity: Paths = ("severity", "priority", "level", "urgency", "criticality", "labels.severity", "state")
    status: Paths = ("status", "state", "action", "event_action", "eventAction", "alert_status", "transition")
    # Keys a sender made so that repeats find each other, before ids that may differ each time.
    fingerprint: Paths = (
        *("fingerprint", "dedup_key", "dedupKey", "dedup", "incident_key", "incidentKey", "alias"),
        *("alert_id", "alertId", "key", "id", "uid", "uuid"),
    )
    dedup_key: Paths = ("dedup_key", "dedupKey", "dedup", "incident_key", "incidentKey")
    starts_at: Paths = (
        *("startsAt", "starts_at", "started_at", "startedAt", "start", "timestamp", "time", "@timestamp"),
        *("created_at", "createdAt", "occurred_at", "occurredAt", "date"),
    )
    ends_at: Paths = ("endsAt", "ends_at", "ended_at", "endedAt", "resolved_at", "resolvedAt", "end")
    labels: Paths = ("labels", "tags", "dimensions", "custom_details", "customDetails", "details")
    service: Paths = ("service", "service_name", "serviceName", "application", "app", "component")
    link: Paths = ("url", "link", "html_url", "href", "permalink", "dashboard_url", "runbook_url", "generatorURL")


class _File(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The file: every field is one path or a list of them."""

    items: str | Paths | None = None
    title: str | Paths | None = None
    description: str | Paths | None = None
    severity: str | Paths | None = None
    status: str | Paths | None = None
    fingerprint: str | Paths | None = None
    dedup_key: str | Paths | None = None
    starts_at: str | Paths | None = None
    ends_at: str | Paths | None = None
    labels: str | Paths | None = None
    service: str | Paths | None = None
    link: str | Paths | None = None


def read_mapping(content: bytes) -> Mapping:
    """Return the mapping of a mapping file; raise ``ValueError`` saying what is wrong with it."""
    try:
        given = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    return Mapping(**_fields(given))


def _fields(given: object) -> dict[str, Paths]:
    try:
        found = msgspec.structs.asdict(msgspec.convert(given, _File))
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    return {name: (value,) if isinstance(value, str) else value for name, value in found.items() if value is not None}


def override(mapping: Mapping, paths: collections.abc.Mapping[str, Paths]) -> Mapping:
    """Return ``mapping`` with the fields of ``paths`` (named as in the file) replaced; raise ``ValueError``."""
    return msgspec.structs.replace(mapping, **_fields(paths))


def look_up(found: dict[str, Any], paths: Paths) -> Iterator[Any]:
    """Yield what stands at each path that leads somewhere, in the body first, then in its wrappers."""
    wrapped = [inner for name in WRAPPERS if isinstance(inner := found.get(name), dict)]
    for place in (found, *wrapped):
        for path in paths:
            value = follow(place, path)
            if value is not None and value != "":
                yield value


def follow(place: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value.
    """Return what stands at a dotted path, or None. A key that itself has dots is found as well."""
    if isinstance(place, dict) and path in place:
        return place[path]
    for part in path.split("."):
        if isinstance(place, dict):
            place = place.get(part)
        elif isinstance(place, list) and part.isdecimal() and len(part) < 6 and int(part) < len(place):  # noqa: PLR2004
            place = place[int(part)]
        else:
            return None
    return place
