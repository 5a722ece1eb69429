"""Read a body of any shape through a mapping: configured paths, else sensible defaults."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from services.intake.domain.alertmanager import (
    ALERT_LIMIT,
    group_labels,
    is_alertmanager,
    normalise_alertmanager,
)
from services.intake.domain.entities import Subject
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.identity import hash_of, make_fingerprint
from services.intake.domain.mapping import LISTS, Mapping, follow, look_up
from services.intake.domain.normalised import Normalised
from services.intake.domain.severity import first_severity
from services.intake.domain.text import (
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
    warn,
)
from services.intake.domain.times import read_time
from shared.contracts.signal import NormalisedSignal, SignalStatus

_FIRING = frozenset(
    {"firing", "triggered", "trigger", "alerting", "alarm", "open", "opened", "active", "problem", "down", "failed"}
    | {"critical", "warning", "warn", "error", "high", "created", "create", "new", "started", "unknown", "nodata"},
)
_RESOLVED = frozenset(
    {"resolved", "resolve", "ok", "closed", "close", "recovery", "recovered", "cleared", "clear", "normal", "success"}
    | {"up", "inactive", "fixed", "completed", "ended", "healthy", "passing"},
)
# Labels that name a component are read off the body itself too.
_LABEL_FIELDS = (
    *("namespace", "pod", "deployment", "statefulset", "daemonset", "node", "host", "container", "cluster"),
    *("ingress", "cronjob", "environment", "env", "region", "team"),
)
_decode = msgspec.json.Decoder().decode


# Labels that tell how a problem is now, not which problem it is.
_CHANGING_LABELS = frozenset(
    [
        "severity",
        "priority",
        "level",
        "urgency",
        "criticality",
        "state",
        "status",
        "value",
        "timestamp",
        "time",
        "startsat",
        "endsat",
    ],
)
# A number that stands alone is a measurement ("at 96 %"); one inside a name ("sda1", "node-7") tells things apart.
_NUMBER = re.compile(r"(?<![^\s(=:])\d+(?:[.,]\d+)?(?![\w-])")


def normalise_generic(body: str | bytes, received_at: datetime, source: str, mapping: Mapping) -> Normalised:
    """Return the signals of a body; raise ``NotUnderstood`` if not one can be read out of it.

    Of a list, items that cannot be read are left out and named in the warnings.
    """
    found = _read(body)
    if is_alertmanager(found):
        return normalise_alertmanager(body, received_at)
    items = _items(found, mapping)
    if len(items) > ALERT_LIMIT:
        raise NotUnderstood("too_many_alerts", f"{len(items)} items in one body, at most {ALERT_LIMIT} are read")
    warnings: list[str] = []
    signals = []
    for position, item in enumerate(items):
        signal = _signal(item, received_at, source, mapping, warnings) if isinstance(item, dict) else None
        if signal is None:
            warn(warnings, f"item {position} has no usable title and was left out")
        else:
            signals.append(signal)
    if not signals:
        raise NotUnderstood("no_title", f"nothing usable as a title; looked for {', '.join(mapping.title)}")
    return Normalised(tuple(signals), tuple(warnings))


def _read(body: str | bytes) -> Any:  # noqa: ANN401 - any JSON value.
    try:
        return _decode(body)
    except RecursionError as error:
        raise NotUnderstood("too_deep", "the body is nested too deeply to be an alert") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotUnderstood("not_json", f"expected a JSON object or list; the body is not JSON: {error}") from error


def _items(found: Any, mapping: Mapping) -> list[Any]:  # noqa: ANN401 - any JSON value.
    for path in mapping.items:
        inner = follow(found, path)
        if isinstance(inner, list):
            found = inner
            break
    if isinstance(found, dict):
        if first_text(look_up(found, mapping.title)) is not None:
            return [found]
        lists = [inner for name in LISTS if isinstance(inner := found.get(name), list)]
        if not lists:
            return [found]
        found = lists[0]
    if not isinstance(found, list):
        raise NotUnderstood("unknown_shape", "expected a JSON object or a list of objects")
    if not found:
        raise NotUnderstood("no_alerts", "the list is empty: there is nothing to act on")
    return found


def _signal(
    item: dict[str, Any],
    received_at: datetime,
    source: str,
    mapping: Mapping,
    warnings: list[str],
) -> NormalisedSignal | None:
    title = one_line(first_text(look_up(item, mapping.title)) or "", TITLE_LIMIT)
    if not title:
        return None
    labels = bounded(read_labels(item, mapping), LABEL_VALUE_LIMIT, "labels", warnings)
    subject = Subject(labels)
    service = first_text(look_up(item, mapping.service)) or subject.service()
    service = (one_line(service, NAME_LIMIT) or None) if service else None
    status = read_status(item, mapping, warnings)
    starts_at = _first_time(look_up(item, mapping.starts_at)) or received_at
    ends_at = _first_time(look_up(item, mapping.ends_at)) or received_at
    name = one_line(labels.get("alertname", "") or title, NAME_LIMIT)
    identity = first_text(look_up(item, mapping.fingerprint))
    dedup_key = first_text(look_up(item, mapping.dedup_key))
    return NormalisedSignal(
        source=source,
        fingerprint=make_fingerprint(source, identity or _derived(title, service, labels)),
        status=status,
        severity=first_severity(texts(look_up(item, mapping.severity)), warnings),
        name=name,
        starts_at=starts_at,
        ends_at=ends_at if status is SignalStatus.RESOLVED else None,
        title=title,
        description=read_description(item, mapping, title),
        labels=labels,
        group_labels=group_labels(name, labels.get("cluster"), subject.namespace, service),
        service=service,
        dedup_key=make_fingerprint(source, dedup_key) if dedup_key else None,
        entities=subject.entities(),
        link=http_link(*texts(look_up(item, mapping.link))),
    )


def _derived(title: str, service: str | None, labels: dict[str, str]) -> str:
    """Return an identity for a body that has none: its title, service and labels, for want of better.

    How bad it is, in which state and how much is left out: the recovery of a problem says other things there.
    """
    pairs = sorted((key, value) for key, value in labels.items() if key.lower() not in _CHANGING_LABELS)
    return hash_of([_NUMBER.sub("#", title), service or "", *(part for pair in pairs for part in pair)])


def read_description(item: dict[str, Any], mapping: Mapping, title: str) -> str:
    """Return the first text at the paths of the description that is not the title over again."""
    found = (clean(text).strip() for text in texts(look_up(item, mapping.description)))
    return cut(next((text for text in found if text and text != title), ""), DESCRIPTION_LIMIT)


def read_status(item: dict[str, Any], mapping: Mapping, warnings: list[str]) -> SignalStatus:
    """Return what the paths of the status say; firing, with a warning, for a word we do not know."""
    unknown = None
    for text in texts(look_up(item, mapping.status)):
        word = text.strip().lower().replace(" ", "").replace("_", "")
        if word in _RESOLVED:
            return SignalStatus.RESOLVED
        if word in _FIRING:
            return SignalStatus.FIRING
        unknown = unknown or text
    if unknown:
        warn(warnings, f"unknown status {one_line(unknown, 40)!r}: read as firing")
    return SignalStatus.FIRING


def read_labels(item: dict[str, Any], mapping: Mapping) -> dict[str, str]:
    """Return what the paths of the labels hold, and what the body names of components itself."""
    labels: dict[str, str] = {}
    for found in look_up(item, mapping.labels):
        for name, value in _pairs(found):
            labels.setdefault(name, value)
    for name in _LABEL_FIELDS:
        text = first_text(look_up(item, (name,)))
        if text is not None:
            labels.setdefault(name, text)
    return labels


def _pairs(found: Any) -> Iterable[tuple[str, str]]:  # noqa: ANN401 - any JSON value.
    """Yield the pairs of an object, of ``key:value`` texts, or of ``{key, value}`` objects."""
    if isinstance(found, dict):
        yield from ((name, text) for name, value in found.items() if (text := as_text(value)) is not None)
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            name = as_text(one.get("key") or one.get("name"))
            value = as_text(one.get("value"))
            if name and value is not None:
                yield name, value
        elif isinstance(one, str):
            name, separator, value = one.partition("=" if "=" in one and ":" not in one else ":")
            if name:
                yield name.strip(), value.strip() if separator else "true"


def texts(values: Iterable[Any]) -> Iterable[str]:
    """Yield the plain values among ``values`` as texts."""
    return (text for value in values if (text := as_text(value)) is not None)


def first_text(values: Iterable[Any]) -> str | None:
    """Return the first plain value as text."""
    return next(iter(texts(values)), None)


def _first_time(values: Iterable[Any]) -> datetime | None:
    return next((moment for value in values if (moment := read_time(value)) is not None), None)
