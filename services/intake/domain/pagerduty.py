"""Read PagerDuty's Events API v2: triggers, acknowledgements and resolves by their dedup key, and change events."""

from typing import Any

import msgspec

from services.intake.domain.bodies import decode_body
from services.intake.domain.entities import Subject
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.identity import hash_of, make_fingerprint
from services.intake.domain.keyed import (
    Told,
    Word,
    brief_signal,
    make_signal,
    plain_and_nested,
    usable_key,
)
from services.intake.domain.normalised import Normalised
from services.intake.domain.reading import Reading
from services.intake.domain.severity import first_severity
from services.intake.domain.text import (
    LABEL_VALUE_LIMIT,
    NAME_LIMIT,
    TITLE_LIMIT,
    as_text,
    bounded,
    http_link,
    one_line,
)
from services.intake.domain.times import read_time
from shared.contracts.signal import ChangeEvent

SOURCE = "pagerduty"
# https://developer.pagerduty.com/docs/send-alert-event: longer keys are refused there.
KEY_LIMIT = 255
_ACTIONS = {"trigger": Word.FIRES, "acknowledge": Word.ACKNOWLEDGED, "resolve": Word.RESOLVED}
_EXPECTED = 'an event of the Events API v2, a JSON object with "event_action" and "dedup_key"'
_EXPECTED_CHANGE = 'a change event, a JSON object with a "payload" that has a "summary"'


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


class _ChangeBody(msgspec.Struct, frozen=True):
    payload: _Payload
    links: Any = None


_event_decoder = msgspec.json.Decoder(_Event)
_change_decoder = msgspec.json.Decoder(_ChangeBody)
_encode = msgspec.json.Encoder(order="sorted").encode


def normalise_pagerduty(reading: Reading) -> Normalised:
    """Return the signal, or the change, of one event; raise ``NotUnderstood`` with the reason.

    ``context["action"]`` is ``change`` for what came in as a change event, and ``context["dedup_key"]`` the key the
    gateway gave a trigger that had none.
    """
    if reading.context.get("action") == "change":
        return _changed(reading)
    event = decode_body(_event_decoder, reading.body, _EXPECTED)
    word = _ACTIONS.get(event.event_action)
    if word is None:
        reason = f'"event_action" is {one_line(repr(event.event_action), 40)}, not one of {", ".join(_ACTIONS)}'
        raise NotUnderstood("unknown_shape", reason)
    key = usable_key(event.dedup_key or reading.context.get("dedup_key"), KEY_LIMIT, 'a "dedup_key"')
    if word is not Word.FIRES:
        return Normalised((brief_signal(SOURCE, make_fingerprint(SOURCE, key), word, reading.received_at),))
    return _triggered(event, key, reading)


def _triggered(event: _Event, key: str, reading: Reading) -> Normalised:
    payload = event.payload or _Payload()
    if not payload.summary.strip():
        raise NotUnderstood("no_title", 'a trigger needs a "payload" with a "summary"')
    warnings: list[str] = []
    labels, annotations = _details(payload)
    told = Told(
        source=SOURCE,
        key=key,
        title=payload.summary,
        name=payload.class_ or "",
        severity=first_severity([payload.severity] if payload.severity else [], warnings),
        labels=labels,
        annotations={"timestamp": as_text(payload.timestamp), **annotations},
        service=Subject(_plain(labels)).service() or payload.component,
        links=(*_links(event.links), event.client_url or ""),
    )
    return Normalised((make_signal(told, reading.received_at, warnings),), tuple(warnings))


def _changed(reading: Reading) -> Normalised:
    body = decode_body(_change_decoder, reading.body, _EXPECTED_CHANGE)
    payload = body.payload
    summary = one_line(payload.summary, TITLE_LIMIT)
    if not summary:
        raise NotUnderstood("no_title", 'a change event needs a "payload" with a "summary"')
    warnings: list[str] = []
    labels = bounded(_plain(_details(payload)[0]), LABEL_VALUE_LIMIT, "labels", warnings)
    subject = Subject(labels)
    service = subject.service()
    change = ChangeEvent(
        source=SOURCE,
        # Such events have no key: the same words of the same time are the same change.
        key=make_fingerprint(SOURCE, f"change:{hash_of([_encode(payload).decode('utf-8', 'replace')])}"),
        summary=summary,
        occurred_at=read_time(payload.timestamp) or reading.received_at,
        service=(one_line(service, NAME_LIMIT) or None) if service else None,
        namespace=subject.namespace,
        cluster=labels.get("cluster"),
        labels=labels,
        link=http_link(*_links(body.links)),
    )
    return Normalised((), tuple(warnings), changes=(change,))


def _details(payload: _Payload) -> tuple[dict[str, object], dict[str, object]]:
    named = {
        "source": payload.source,
        "component": payload.component,
        "group": payload.group,
        "class": payload.class_,
    }
    plain, nested = plain_and_nested(payload.custom_details)
    if "details" in nested and not isinstance(payload.custom_details, dict):
        nested = {"custom_details": nested["details"]}
    return {name: value for name, value in named.items() if value} | plain, nested


def _plain(labels: dict[str, object]) -> dict[str, str]:
    return {name: text for name, value in labels.items() if (text := as_text(value)) is not None}


def _links(links: object) -> list[str]:
    found = links if isinstance(links, list) else []
    return [link["href"] for link in found if isinstance(link, dict) and isinstance(link.get("href"), str)]
