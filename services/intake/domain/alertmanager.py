"""Read the webhooks of Alertmanager (version 4) and of Grafana Alerting (version 1), which has the same shape.

Per-alert status and fingerprint count, whatever the envelope says.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from services.intake.domain.entities import Subject
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.identity import label_set_fingerprint, make_fingerprint
from services.intake.domain.normalised import Normalised
from services.intake.domain.severity import DEFAULT_SEVERITY, read_severity
from services.intake.domain.text import (
    ANNOTATION_VALUE_LIMIT,
    DESCRIPTION_LIMIT,
    LABEL_VALUE_LIMIT,
    NAME_LIMIT,
    TITLE_LIMIT,
    bounded,
    clean,
    cut,
    http_link,
    one_line,
    warn,
)
from services.intake.domain.times import in_utc
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus

VERSION = "4"
ALERT_LIMIT = 5_000


class Dialect(NamedTuple):
    """Who sends, and the version and words its envelope has."""

    source: str
    version: str
    expected: str


ALERTMANAGER = Dialect(
    "alertmanager",
    VERSION,
    'an Alertmanager webhook, a JSON object with "version": "4" and a list "alerts"',
)
GRAFANA = Dialect(
    "grafana",
    "1",
    'a webhook of Grafana Alerting, a JSON object with "version": "1" and a list "alerts"',
)
# Grafana names alerts on a rule that has no data, or fails, after that and not after the rule:
# https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/stale-alert-instances/
_RULE_TROUBLES = frozenset({"DatasourceNoData", "DatasourceError"})


class _Alert(msgspec.Struct, rename="camel", frozen=True):
    """One alert. Unknown keys are accepted: newer versions add some."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    status: SignalStatus | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = msgspec.field(default="", name="generatorURL")
    panel_url: str = msgspec.field(default="", name="panelURL")
    dashboard_url: str = msgspec.field(default="", name="dashboardURL")
    values: Any = None
    fingerprint: str = ""


class _Webhook(msgspec.Struct, rename="camel", frozen=True):
    version: str
    alerts: list[_Alert]
    status: SignalStatus = SignalStatus.FIRING
    truncated_alerts: int = 0


_decode = msgspec.json.Decoder(_Webhook).decode
_decode_any = msgspec.json.Decoder().decode


def is_alertmanager(body: object) -> bool:
    """Answer whether a decoded body has the shape of this webhook."""
    return _has_shape(body, VERSION)


def _has_shape(body: object, version: str) -> bool:
    return isinstance(body, dict) and body.get("version") == version and isinstance(body.get("alerts"), list)


def normalise_alertmanager(body: str | bytes, received_at: datetime) -> Normalised:
    """Return the signals of one webhook body of Alertmanager; raise ``NotUnderstood`` with the reason."""
    return _normalise(body, received_at, ALERTMANAGER)


def normalise_grafana(body: str | bytes, received_at: datetime) -> Normalised:
    """Return the signals of one webhook body of Grafana; raise ``NotUnderstood`` with the reason.

    What it tells of a rule without data, or one that fails, is a problem of that rule: the rule is in its name.
    """
    return _normalise(body, received_at, GRAFANA)


def _normalise(body: str | bytes, received_at: datetime, dialect: Dialect) -> Normalised:
    webhook = _read(body, dialect)
    if not webhook.alerts:
        raise NotUnderstood("no_alerts", 'the list "alerts" is empty: there is nothing to act on')
    if len(webhook.alerts) > ALERT_LIMIT:
        reason = f"{len(webhook.alerts)} alerts in one body, at most {ALERT_LIMIT} are read; set max_alerts"
        raise NotUnderstood("too_many_alerts", reason)
    warnings: list[str] = []
    if webhook.truncated_alerts > 0:
        warnings.append(f"{webhook.truncated_alerts} alerts were left out by the sender (max_alerts)")
    signals = [_signal(alert, webhook.status, received_at, warnings, dialect.source) for alert in webhook.alerts]
    return Normalised(tuple(signals), tuple(warnings), max(webhook.truncated_alerts, 0))


def _read(body: str | bytes, dialect: Dialect) -> _Webhook:
    try:
        webhook = _decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _explain(body, error, dialect) from error
    if webhook.version != dialect.version:
        reason = f'expected {dialect.expected}; found "version": {_shown(webhook.version)}'
        raise NotUnderstood("unknown_shape", reason)
    return webhook


def _explain(body: str | bytes, error: Exception, dialect: Dialect) -> NotUnderstood:
    """Say what is wrong with a body: no JSON, another shape, or this shape with a wrong value somewhere."""
    if isinstance(error, RecursionError):
        return NotUnderstood("too_deep", "the body is nested too deeply to be an alert")
    try:
        found = _decode_any(body)
    except RecursionError:
        return NotUnderstood("too_deep", "the body is nested too deeply to be an alert")
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        return NotUnderstood("not_json", f"expected {dialect.expected}; the body is not JSON: {problem}")
    if _has_shape(found, dialect.version):
        return NotUnderstood("wrong_types", f"a value has the wrong type: {error}")
    return NotUnderstood("unknown_shape", f"expected {dialect.expected}; found {_describe(found)}")


def _describe(found: Any) -> str:  # noqa: ANN401 - any JSON value.
    if not isinstance(found, dict):
        return f"a JSON {_JSON_NAMES.get(type(found), 'value')}"
    version = f'"version": {_shown(found["version"])} and ' if "version" in found else ""
    keys = ", ".join(sorted(one_line(key, 40) for key in list(found)[:12]))
    return f"an object with {version}keys: {keys}" if keys else "an empty object"


_JSON_NAMES = {list: "list", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


def _shown(value: object) -> str:
    return one_line(repr(value), 40)


def _signal(
    alert: _Alert,
    envelope: SignalStatus,
    received_at: datetime,
    warnings: list[str],
    source: str,
) -> NormalisedSignal:
    labels = bounded(alert.labels, LABEL_VALUE_LIMIT, "labels", warnings)
    annotations = bounded(_annotations(alert), ANNOTATION_VALUE_LIMIT, "annotations", warnings)
    subject = Subject(labels)
    service = subject.service()
    status = alert.status or envelope
    starts_at = in_utc(alert.starts_at)
    if starts_at is None:
        warn(warnings, "an alert has no startsAt: the time it was received stands for it")
        starts_at = received_at
    name = _name(labels)
    return NormalisedSignal(
        source=source,
        fingerprint=make_fingerprint(source, alert.fingerprint.strip() or label_set_fingerprint(alert.labels)),
        status=status,
        severity=_severity(labels, warnings),
        name=name,
        starts_at=starts_at,
        ends_at=(in_utc(alert.ends_at) or received_at) if status is SignalStatus.RESOLVED else None,
        title=_title(annotations, name, subject.namespace, service),
        description=cut(clean(annotations.get("description") or annotations.get("message") or ""), DESCRIPTION_LIMIT),
        labels=labels,
        annotations=annotations,
        group_labels=group_labels(name, labels.get("cluster"), subject.namespace, service),
        service=service,
        entities=subject.entities(),
        link=http_link(annotations.get("runbook_url", ""), alert.panel_url, alert.dashboard_url, alert.generator_url),
    )


def _name(labels: dict[str, str]) -> str:
    name = labels.get("alertname", "")
    if name in _RULE_TROUBLES and (rule := labels.get("rulename")):
        name = f"{name}: {rule}"
    return one_line(name, NAME_LIMIT) or "alert"


def group_labels(name: str, cluster: str | None, namespace: str | None, service: str | None) -> dict[str, str]:
    """Return what the default grouping rule reads; labels that are absent are left out."""
    found = {"alertname": name, "cluster": cluster, "namespace": namespace, "service": service}
    return {key: value for key, value in found.items() if value}


def _annotations(alert: _Alert) -> dict[str, str]:
    if not alert.values:
        return alert.annotations
    return {**alert.annotations, "values": msgspec.json.encode(alert.values).decode("utf-8", "replace")}


def _severity(labels: dict[str, str], warnings: list[str]) -> Severity:
    word = labels.get("severity") or labels.get("priority")
    if not word:
        warn(warnings, "an alert has no severity label: read as medium")
        return DEFAULT_SEVERITY
    severity = read_severity(word)
    if severity is None:
        warn(warnings, f"unknown severity {_shown(word)}: read as medium")
        return DEFAULT_SEVERITY
    return severity


def _title(annotations: dict[str, str], name: str, namespace: str | None, service: str | None) -> str:
    given = annotations.get("summary") or annotations.get("title")
    if given and (title := one_line(given, TITLE_LIMIT)):
        return title
    where = "/".join(part for part in (namespace, service) if part)
    return one_line(f"{name} ({where})" if where else name, TITLE_LIMIT)
