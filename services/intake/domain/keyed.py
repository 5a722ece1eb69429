"""Signals of senders that name each problem by a key of their own and tell of no occurrences.

The order of arrival decides for them, so each report begins when it was received, whatever clock the sender has.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from services.intake.domain.alertmanager import group_labels
from services.intake.domain.entities import Subject
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.identity import make_fingerprint
from services.intake.domain.severity import DEFAULT_SEVERITY
from services.intake.domain.text import (
    ANNOTATION_VALUE_LIMIT,
    DESCRIPTION_LIMIT,
    LABEL_VALUE_LIMIT,
    NAME_LIMIT,
    TITLE_LIMIT,
    as_text,
    bounded,
    clean,
    cut,
    http_link,
    one_line,
)
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus

_encode = msgspec.json.Encoder().encode


class Word(StrEnum):
    """What a sender says of a key."""

    FIRES = "fires"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a sender tells of one problem; ``labels`` may hold any JSON values, of which plain ones become labels."""

    source: str
    key: str
    word: Word = Word.FIRES
    title: str
    name: str = ""
    description: str = ""
    severity: Severity = DEFAULT_SEVERITY
    labels: Mapping[str, object] = {}
    annotations: Mapping[str, object] = {}
    service: str | None = None
    links: tuple[str, ...] = ()
    # One incident for each key, as the sender's protocol has it.
    groups_by_key: bool = True


def usable_key(key: object, limit: int, what: str) -> str:
    """Return a key of 1 to ``limit`` characters; raise ``NotUnderstood`` where it is none."""
    text = as_text(key) or ""
    if not text or len(text) > limit:
        raise NotUnderstood(
            "no_dedup_key", f"{what} of 1 to {limit} characters is needed, so that repeats find each other"
        )
    return text


def brief_signal(source: str, fingerprint: str, word: Word, received_at: datetime) -> NormalisedSignal:
    """Return a report that names the problem and what became of it, and leaves the words as they are known."""
    is_resolved = word is Word.RESOLVED
    name = fingerprint.removeprefix(f"{source}:")
    return NormalisedSignal(
        source=source,
        fingerprint=fingerprint,
        status=SignalStatus.RESOLVED if is_resolved else SignalStatus.FIRING,
        severity=DEFAULT_SEVERITY,
        name=one_line(name, NAME_LIMIT),
        starts_at=received_at,
        ends_at=received_at if is_resolved else None,
        title=one_line(name, TITLE_LIMIT),
        dedup_key=fingerprint,
        acknowledged=word is Word.ACKNOWLEDGED,
        brief=True,
    )


def make_signal(told: Told, received_at: datetime, warnings: list[str]) -> NormalisedSignal:
    """Return the signal; raise ``NotUnderstood`` without a title. What was cut is said in ``warnings``."""
    title = one_line(told.title, TITLE_LIMIT)
    if not title:
        raise NotUnderstood("no_title", "nothing usable as a title")
    labels = bounded(_texts(told.labels), LABEL_VALUE_LIMIT, "labels", warnings)
    annotations = {name: value for name, value in told.annotations.items() if value not in (None, "")}
    subject = Subject(labels)
    service = told.service or subject.service()
    service = (one_line(service, NAME_LIMIT) or None) if service else None
    name = one_line(told.name or title, NAME_LIMIT) or title
    fingerprint = make_fingerprint(told.source, told.key)
    is_resolved = told.word is Word.RESOLVED
    return NormalisedSignal(
        source=told.source,
        fingerprint=fingerprint,
        status=SignalStatus.RESOLVED if is_resolved else SignalStatus.FIRING,
        severity=told.severity,
        name=name,
        starts_at=received_at,
        ends_at=received_at if is_resolved else None,
        title=title,
        description=cut(clean(told.description).strip(), DESCRIPTION_LIMIT),
        labels=labels,
        annotations=bounded(_encoded(annotations), ANNOTATION_VALUE_LIMIT, "annotations", warnings),
        group_labels=group_labels(name, labels.get("cluster"), subject.namespace, service),
        service=service,
        dedup_key=fingerprint if told.groups_by_key else None,
        entities=subject.entities(),
        link=http_link(*told.links),
        acknowledged=told.word is Word.ACKNOWLEDGED,
    )


def plain_and_nested(details: object) -> tuple[dict[str, object], dict[str, object]]:
    """Return what of free-form details becomes labels, and what annotations."""
    if not isinstance(details, dict):
        return {}, ({"details": details} if details else {})
    nested: dict[str, object] = {name: value for name, value in details.items() if isinstance(value, dict | list)}
    return {name: value for name, value in details.items() if name not in nested}, nested


def read_tags(tags: Iterable[object]) -> dict[str, str]:
    """Return ``key:value`` tags as labels; a tag without a value is ``true``."""
    labels: dict[str, str] = {}
    for tag in tags:
        if isinstance(tag, str) and (text := tag.strip()):
            name, separator, value = text.partition(":")
            labels.setdefault(name.strip(), value.strip() if separator else "true")
    return {name: value for name, value in labels.items() if name and value}


def _texts(labels: Mapping[str, object]) -> dict[str, str]:
    found = ((name, as_text(value)) for name, value in labels.items())
    return {name: text for name, text in found if text is not None}


def _encoded(annotations: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else _encode(value).decode("utf-8", "replace")
        for name, value in annotations.items()
    }
