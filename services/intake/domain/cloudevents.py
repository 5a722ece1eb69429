"""Read CloudEvents 1.0 over HTTP: binary, structured and batch; each event is a signal or a change."""

import base64
import binascii
from collections.abc import Mapping as AnyMapping
from typing import Any
from urllib.parse import unquote

import msgspec

from services.intake.domain.alertmanager import ALERT_LIMIT
from services.intake.domain.bodies import decode_body
from services.intake.domain.entities import Subject
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.generic import first_text, read_description, read_labels, read_status, texts
from services.intake.domain.identity import hash_of, make_fingerprint
from services.intake.domain.keyed import Told, Word, make_signal
from services.intake.domain.mapping import Mapping, look_up
from services.intake.domain.normalised import Normalised
from services.intake.domain.reading import Reading
from services.intake.domain.severity import first_severity
from services.intake.domain.text import LABEL_VALUE_LIMIT, NAME_LIMIT, TITLE_LIMIT, bounded, http_link, one_line
from services.intake.domain.times import read_time
from shared.contracts.signal import ChangeEvent, NormalisedSignal, SignalStatus

SOURCE = "cloudevents"
_EXPECTED = "a CloudEvent of version 1.0"
_REQUIRED = ("specversion", "id", "source", "type")
_BATCH = "application/cloudevents-batch"
_STRUCTURED = "application/cloudevents"
_RESOLVED = frozenset({"resolved", "recovered", "closed", "cleared", "ok", "up"})
_FIRING = frozenset({"firing", "triggered", "opened", "raised", "alerting", "down"})
# CDEvents (https://cdevents.dev) names deliveries of software so; others end their types in one of these.
_CHANGES = frozenset({"deployed", "upgraded", "rolledback", "rolled_back", "removed", "published", "change", "changed"})
# What an event calls its own data differs each time; only names that are meant to stay tell problems apart.
_FLEETING = frozenset({"id", "uid", "uuid"})

_one = msgspec.json.Decoder(dict[str, Any])
_many = msgspec.json.Decoder(list[dict[str, Any]])
_any = msgspec.json.Decoder()


class _Event(msgspec.Struct, frozen=True):
    attributes: dict[str, str]
    data: dict[str, Any]
    text: str = ""

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")


def normalise_cloudevents(reading: Reading, mapping: Mapping) -> Normalised:
    """Return the signals and changes of one request; raise ``NotUnderstood`` with the reason.

    The order of arrival decides between events about one problem. Which problem it is says the event's data by the
    paths of the mapping, else its source, subject and type without the state at its end.
    """
    events = _events(reading)
    if not events:
        raise NotUnderstood("no_alerts", "the batch is empty: there is nothing to act on")
    if len(events) > ALERT_LIMIT:
        raise NotUnderstood("too_many_alerts", f"{len(events)} events in one batch, at most {ALERT_LIMIT} are read")
    warnings: list[str] = []
    signals: list[NormalisedSignal] = []
    changes: list[ChangeEvent] = []
    for event in events:
        if _is_change(event):
            changes.append(_change(event, reading, mapping, warnings))
        else:
            signals.append(_signal(event, reading, mapping, warnings))
    return Normalised(tuple(signals), tuple(warnings), changes=tuple(changes))


def _events(reading: Reading) -> list[_Event]:
    content_type = reading.context.get("content-type", "").lower()
    if content_type.startswith(_BATCH):
        return [_structured(found) for found in decode_body(_many, reading.body, f"a batch, each {_EXPECTED}")]
    if "ce-specversion" in reading.context and not content_type.startswith(_STRUCTURED):
        return [_binary(reading, content_type)]
    return [_structured(decode_body(_one, reading.body, _EXPECTED))]


def _structured(found: dict[str, Any]) -> _Event:
    attributes = {name: value for name, value in found.items() if isinstance(value, str) and name != "data"}
    _check(attributes)
    data = found.get("data")
    if data is None and isinstance(found.get("data_base64"), str):
        data = _parse(_from_base64(found["data_base64"]), attributes.get("datacontenttype", ""))
    return _made(attributes, data)


def _binary(reading: Reading, content_type: str) -> _Event:
    # Values stand percent-encoded in headers: https://github.com/cloudevents/spec, HTTP binding, 3.1.3.2.
    headers = reading.context.items()
    attributes = {name[3:]: unquote(value) for name, value in headers if name.startswith("ce-")}
    _check(attributes)
    body = reading.body.encode() if isinstance(reading.body, str) else reading.body
    return _made(attributes, _parse(body, content_type))


def _check(attributes: AnyMapping[str, str]) -> None:
    missing = [name for name in _REQUIRED if not attributes.get(name)]
    if missing:
        raise NotUnderstood("unknown_shape", f"expected {_EXPECTED}; it lacks {', '.join(missing)}")
    if not attributes["specversion"].startswith("1."):
        version = one_line(repr(attributes["specversion"]), 40)
        raise NotUnderstood("unknown_shape", f"expected {_EXPECTED}; found specversion {version}")


def _parse(body: bytes, content_type: str) -> Any:  # noqa: ANN401 - any JSON value.
    if content_type and "json" not in content_type.lower():
        return body.decode("utf-8", "replace")
    return decode_body(_any, body, "data in JSON, as its content type says") if body.strip() else None


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotUnderstood("wrong_types", f"data_base64 is not base64: {error}") from error


def _made(attributes: dict[str, str], data: object) -> _Event:
    if isinstance(data, dict):
        return _Event(attributes, data)
    return _Event(attributes, {}, data if isinstance(data, str) else "")


def _words_of_type(event: _Event) -> list[str]:
    """Return the words of the type, without a version at its end: ``dev.cdevents.service.deployed.0.1.1``."""
    words = event.get("type").lower().split(".")
    while len(words) > 1 and words[-1].removeprefix("v").isdigit():
        words.pop()
    return words


def _is_change(event: _Event) -> bool:
    return _words_of_type(event)[-1] in _CHANGES


def _title(event: _Event, mapping: Mapping) -> str:
    given = one_line(first_text(look_up(event.data, mapping.title)) or "", TITLE_LIMIT)
    return given or " ".join(part for part in (event.get("type"), event.get("subject")) if part)


def _labels(event: _Event, mapping: Mapping) -> dict[str, str]:
    extensions = {"event_source": event.get("source"), "event_type": event.get("type"), "subject": event.get("subject")}
    return {name: value for name, value in extensions.items() if value} | read_labels(event.data, mapping)


def _signal(event: _Event, reading: Reading, mapping: Mapping, warnings: list[str]) -> NormalisedSignal:
    words = _words_of_type(event)
    word = _word(event, words, mapping, warnings)
    kind = ".".join(words[:-1] if words[-1] in _RESOLVED | _FIRING else words)
    paths = tuple(path for path in mapping.fingerprint if path not in _FLEETING)
    identity = first_text(look_up(event.data, paths)) or hash_of([event.get("source"), event.get("subject"), kind])
    title = _title(event, mapping)
    told = Told(
        source=SOURCE,
        key=identity,
        word=word,
        title=title,
        name=first_text(look_up(event.data, ("alertname", "name"))) or kind,
        description=read_description(event.data, mapping, title) or event.text,
        severity=first_severity(texts(look_up(event.data, mapping.severity)), warnings),
        labels=_labels(event, mapping),
        annotations={"time": event.get("time"), "event_id": event.get("id")},
        service=first_text(look_up(event.data, mapping.service)),
        links=tuple(texts(look_up(event.data, mapping.link))),
        groups_by_key=first_text(look_up(event.data, mapping.dedup_key)) is not None,
    )
    return make_signal(told, reading.received_at, warnings)


def _word(event: _Event, words: list[str], mapping: Mapping, warnings: list[str]) -> Word:
    if words[-1] in _RESOLVED:
        return Word.RESOLVED
    if words[-1] in _FIRING:
        return Word.FIRES
    status = read_status(event.data, mapping, warnings)
    return Word.RESOLVED if status is SignalStatus.RESOLVED else Word.FIRES


def _change(event: _Event, reading: Reading, mapping: Mapping, warnings: list[str]) -> ChangeEvent:
    labels = bounded(_labels(event, mapping), LABEL_VALUE_LIMIT, "labels", warnings)
    subject = Subject(labels)
    service = first_text(look_up(event.data, mapping.service)) or subject.service()
    return ChangeEvent(
        source=SOURCE,
        # Source and id name an event once and for all.
        key=make_fingerprint(SOURCE, f"change:{hash_of([event.get('source'), event.get('id')])}"),
        summary=one_line(_title(event, mapping), TITLE_LIMIT),
        occurred_at=read_time(event.get("time")) or reading.received_at,
        service=(one_line(service, NAME_LIMIT) or None) if service else None,
        namespace=subject.namespace,
        cluster=labels.get("cluster"),
        labels=labels,
        link=http_link(*texts(look_up(event.data, mapping.link))),
    )
