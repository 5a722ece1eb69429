"""Read PagerDuty's Events API v2: triggers, acknowledgements and resolves, each by its dedup key."""

from datetime import datetime
from typing import Any

import msgspec

from services.intake.domain.alertmanager import group_labels
from services.intake.domain.entities import Subject
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.identity import make_fingerprint
from services.intake.domain.normalised import Normalised
from services.intake.domain.severity import DEFAULT_SEVERITY, first_severity
from services.intake.domain.text import (
    ANNOTATION_VALUE_LIMIT,
    LABEL_VALUE_LIMIT,
    NAME_LIMIT,
    TITLE_LIMIT,
    as_text,
    bounded,
    http_link,
    one_line,
)
from shared.contracts.signal import NormalisedSignal, SignalStatus

SOURCE = "pagerduty"
# https://developer.pagerduty.com/docs/send-alert-event: longer keys are refused there.
KEY_LIMIT = 255
_ACTIONS = ("trigger", "acknowledge", "resolve")
_EXPECTED = 'an event of the Events API v2, a JSON object with "event_action" and "dedup_key"'


class _Payload(msgspec.Struct, frozen=True):
    summary: str = ""
    source: str = ""
    severity: str = ""
    timestamp: Any = None
    component: str | None = None
    group: str | None = None
    class_: str | None = msgspec.field(default=None, name="class")
    custom_details: Any = None


class _Event(msgspec.Struct, frozen=True):
    """One event. Unknown keys are accepted; the routing key, which is a credential, is never read."""

    event_action: str
    dedup_key: str | None = None
    payload: _Payload | None = None
    client_url: str | None = None
    links: Any = None


_decode = msgspec.json.Decoder(_Event).decode
_encode = msgspec.json.Encoder().encode


def normalise_pagerduty(body: str | bytes, received_at: datetime) -> Normalised:
    """Return the signal of one event; raise ``NotUnderstood`` with the reason.

    Events have no occurrence of their own: the order of arrival decides, so each begins when it was received.
    """
    event = _read(body)
    key = (event.dedup_key or "").strip()
    if not key or len(key) > KEY_LIMIT:
        raise NotUnderstood("no_dedup_key", f'an event needs a "dedup_key" of 1 to {KEY_LIMIT} characters')
    if event.event_action == "trigger":
        return _triggered(event, key, received_at)
    return Normalised((_brief(event.event_action, key, received_at),))


def _read(body: str | bytes) -> _Event:
    try:
        event = _decode(body)
    except RecursionError as error:
        raise NotUnderstood("too_deep", "the body is nested too deeply to be an event") from error
    except msgspec.ValidationError as error:
        raise NotUnderstood("unknown_shape", f"expected {_EXPECTED}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotUnderstood("not_json", f"expected {_EXPECTED}; the body is not JSON: {error}") from error
    if event.event_action not in _ACTIONS:
        reason = f'"event_action" is {one_line(repr(event.event_action), 40)}, not one of {", ".join(_ACTIONS)}'
        raise NotUnderstood("unknown_shape", reason)
    return event


def _triggered(event: _Event, key: str, received_at: datetime) -> Normalised:
    payload = event.payload or _Payload()
    title = one_line(payload.summary, TITLE_LIMIT)
    if not title:
        raise NotUnderstood("no_title", 'a trigger needs a "payload" with a "summary"')
    warnings: list[str] = []
    labels = bounded(_labels(payload), LABEL_VALUE_LIMIT, "labels", warnings)
    annotations = bounded(_annotations(payload), ANNOTATION_VALUE_LIMIT, "annotations", warnings)
    subject = Subject(labels)
    service = subject.service() or payload.component
    service = one_line(service, NAME_LIMIT) or None if service else None
    name = one_line(payload.class_ or title, NAME_LIMIT) or title
    signal = NormalisedSignal(
        source=SOURCE,
        fingerprint=make_fingerprint(SOURCE, key),
        status=SignalStatus.FIRING,
        severity=first_severity([payload.severity] if payload.severity else [], warnings),
        name=name,
        starts_at=received_at,
        title=title,
        labels=labels,
        annotations=annotations,
        group_labels=group_labels(name, labels.get("cluster"), subject.namespace, service),
        service=service,
        # One incident for each key, as senders of this protocol expect.
        dedup_key=make_fingerprint(SOURCE, key),
        entities=subject.entities(),
        link=http_link(*_links(event)),
    )
    return Normalised((signal,), tuple(warnings))


def _brief(action: str, key: str, received_at: datetime) -> NormalisedSignal:
    is_resolve = action == "resolve"
    return NormalisedSignal(
        source=SOURCE,
        fingerprint=make_fingerprint(SOURCE, key),
        status=SignalStatus.RESOLVED if is_resolve else SignalStatus.FIRING,
        severity=DEFAULT_SEVERITY,
        name=one_line(key, NAME_LIMIT),
        starts_at=received_at,
        ends_at=received_at if is_resolve else None,
        title=one_line(key, TITLE_LIMIT),
        dedup_key=make_fingerprint(SOURCE, key),
        acknowledged=not is_resolve,
        brief=True,
    )


def _labels(payload: _Payload) -> dict[str, str]:
    named = {
        "source": payload.source,
        "component": payload.component,
        "group": payload.group,
        "class": payload.class_,
    }
    labels = {name: value for name, value in named.items() if value}
    if isinstance(payload.custom_details, dict):
        details = ((name, as_text(value)) for name, value in payload.custom_details.items())
        labels |= {name: text for name, text in details if text is not None}
    return labels


def _annotations(payload: _Payload) -> dict[str, str]:
    found: dict[str, str] = {}
    if isinstance(payload.timestamp, str):
        found["timestamp"] = payload.timestamp
    details = payload.custom_details
    if isinstance(details, dict):
        found |= {name: _encode(value).decode() for name, value in details.items() if isinstance(value, dict | list)}
    elif details:
        found["custom_details"] = details if isinstance(details, str) else _encode(details).decode()
    return found


def _links(event: _Event) -> list[str]:
    links = event.links if isinstance(event.links, list) else []
    found = [link["href"] for link in links if isinstance(link, dict) and isinstance(link.get("href"), str)]
    return [*found, event.client_url or ""]
