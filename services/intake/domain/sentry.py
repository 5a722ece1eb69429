"""Read what a Sentry integration sends of issues, issue alerts and metric alerts."""

from typing import Any

import msgspec

from services.intake.domain.bodies import decode_body
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.identity import make_fingerprint
from services.intake.domain.keyed import Told, Word, brief_signal, make_signal, read_tags, usable_key
from services.intake.domain.normalised import Normalised
from services.intake.domain.reading import Reading
from services.intake.domain.severity import first_severity
from services.intake.domain.text import as_text, one_line

SOURCE = "sentry"
_EXPECTED = 'what a Sentry integration sends, a JSON object with "action" and "data"'
_KEY_LIMIT = 200
# https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
_ISSUE_WORDS = {
    "created": Word.FIRES,
    "unresolved": Word.FIRES,
    "assigned": Word.ACKNOWLEDGED,
    "resolved": Word.RESOLVED,
    "archived": Word.RESOLVED,
    "ignored": Word.RESOLVED,
}
_METRIC_WORDS = {"critical": Word.FIRES, "warning": Word.FIRES, "open": Word.FIRES, "resolved": Word.RESOLVED}
_RESOURCES = ("issue", "event_alert", "metric_alert")


class _Body(msgspec.Struct, frozen=True):
    action: str
    data: dict[str, Any]


_decoder = msgspec.json.Decoder(_Body)


def normalise_sentry(reading: Reading) -> Normalised:
    """Return the signal of one webhook; raise ``NotUnderstood`` with the reason.

    ``context["sentry-hook-resource"]`` says what it is about. An issue and the alerts on its events are one problem,
    so that resolving the issue ends what an alert began.
    """
    body = decode_body(_decoder, reading.body, _EXPECTED)
    resource = reading.context.get("sentry-hook-resource") or _guess(body.data)
    warnings: list[str] = []
    if resource == "issue":
        return _issue(body, reading, warnings)
    if resource == "event_alert":
        return _event_alert(body, reading, warnings)
    if resource == "metric_alert":
        return _metric_alert(body, reading, warnings)
    reason = f"the resource is {one_line(repr(resource), 40)}; signals are made of {', '.join(_RESOURCES)}"
    raise NotUnderstood("unsupported_action", reason)


def _guess(data: dict[str, Any]) -> str:
    """Return the resource of a body whose header a proxy took away."""
    keys = {"metric_alert": "metric_alert", "event_alert": "triggered_rule", "issue": "issue"}
    return next((resource for resource, key in keys.items() if key in data), "")


def _issue(body: _Body, reading: Reading, warnings: list[str]) -> Normalised:
    issue = _object(body.data, "issue")
    key = f"issue:{usable_key(issue.get('id'), _KEY_LIMIT, 'data.issue.id')}"
    word = _word(body.action, _ISSUE_WORDS)
    if word is not Word.FIRES:
        return Normalised((brief_signal(SOURCE, make_fingerprint(SOURCE, key), word, reading.received_at),))
    project = issue.get("project")
    told = Told(
        source=SOURCE,
        key=key,
        title=as_text(issue.get("title")) or "",
        name=_name(issue),
        description=as_text(issue.get("culprit")) or "",
        severity=first_severity(_levels(issue), warnings),
        labels={
            "project": project.get("slug") if isinstance(project, dict) else project,
            "level": issue.get("level"),
            "substatus": issue.get("substatus"),
            "platform": issue.get("platform"),
            "issue": issue.get("shortId"),
        },
        service=_slug(project),
        links=_links(issue, "web_url", "permalink", "url"),
    )
    return Normalised((make_signal(told, reading.received_at, warnings),), tuple(warnings))


def _event_alert(body: _Body, reading: Reading, warnings: list[str]) -> Normalised:
    event = _object(body.data, "event")
    key = f"issue:{usable_key(event.get('issue_id'), _KEY_LIMIT, 'data.event.issue_id')}"
    project = as_text(event.get("project_slug")) or as_text(event.get("project_name"))
    told = Told(
        source=SOURCE,
        key=key,
        title=as_text(event.get("title")) or as_text(event.get("message")) or "",
        name=_name(event),
        description=as_text(event.get("culprit")) or "",
        severity=first_severity(_levels(event), warnings),
        labels={
            **_tags(event.get("tags")),
            "level": event.get("level"),
            "platform": event.get("platform"),
            "environment": event.get("environment"),
        },
        annotations={"rule": as_text(body.data.get("triggered_rule"))},
        service=project,
        links=_links(event, "web_url", "issue_url", "url"),
    )
    return Normalised((make_signal(told, reading.received_at, warnings),), tuple(warnings))


def _metric_alert(body: _Body, reading: Reading, warnings: list[str]) -> Normalised:
    alert = _object(body.data, "metric_alert")
    key = f"metric:{usable_key(alert.get('id'), _KEY_LIMIT, 'data.metric_alert.id')}"
    word = _word(body.action, _METRIC_WORDS)
    if word is Word.RESOLVED:
        return Normalised((brief_signal(SOURCE, make_fingerprint(SOURCE, key), word, reading.received_at),))
    rule = alert.get("alert_rule")
    rule = rule if isinstance(rule, dict) else {}
    projects = alert.get("projects")
    first = as_text(projects[0]) if isinstance(projects, list) and projects else None
    told = Told(
        source=SOURCE,
        key=key,
        title=as_text(body.data.get("description_title")) or as_text(alert.get("title")) or "",
        name=as_text(rule.get("name")) or "",
        description=as_text(body.data.get("description_text")) or "",
        severity=first_severity([body.action], warnings),
        labels={"project": first, "environment": rule.get("environment"), "dataset": rule.get("dataset")},
        service=first,
        links=(as_text(body.data.get("web_url")) or "",),
    )
    return Normalised((make_signal(told, reading.received_at, warnings),), tuple(warnings))


def _word(action: str, words: dict[str, Word]) -> Word:
    word = words.get(action)
    if word is None:
        reason = f"the action is {one_line(repr(action), 40)}, not one of {', '.join(words)}"
        raise NotUnderstood("unsupported_action", reason)
    return word


def _object(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    if not isinstance(found, dict):
        raise NotUnderstood("unknown_shape", f'expected {_EXPECTED}; "data" has no object "{name}"')
    return found


def _levels(found: dict[str, Any]) -> list[str]:
    level = as_text(found.get("level"))
    return [level] if level else []


def _name(found: dict[str, Any]) -> str:
    metadata = found.get("metadata")
    return (as_text(metadata.get("type")) or "") if isinstance(metadata, dict) else ""


def _slug(project: object) -> str | None:
    return as_text(project.get("slug") or project.get("name")) if isinstance(project, dict) else as_text(project)


def _links(found: dict[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(text for name in names if (text := as_text(found.get(name))) is not None)


def _tags(tags: object) -> dict[str, str]:
    """Return Sentry's tags, pairs in lists, as labels."""
    pairs = [pair for pair in tags if isinstance(pair, list) and len(pair) == 2] if isinstance(tags, list) else []  # noqa: PLR2004
    return read_tags(f"{pair[0]}:{pair[1]}" for pair in pairs if all(isinstance(part, str) for part in pair))
