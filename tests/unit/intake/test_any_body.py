"""Whatever a stranger sends, every source reads it or says why not."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain.errors import NotUnderstood
from services.intake.domain.mapping import Mapping
from services.intake.domain.normalised import Normalised
from services.intake.domain.reading import Reading
from services.intake.domain.text import (
    ANNOTATION_VALUE_LIMIT,
    DESCRIPTION_LIMIT,
    LABEL_COUNT_LIMIT,
    LABEL_NAME_LIMIT,
    LABEL_VALUE_LIMIT,
    NAME_LIMIT,
    TITLE_LIMIT,
)
from services.intake.handlers import make_sources
from shared.contracts.messages import DeliveryNormalised, encode
from shared.contracts.signal import ChangeEvent, NormalisedSignal

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
SOURCES = make_sources(Mapping())

# Words the readers look for, so that bodies of their shape come up.
WORDS = (
    *("version", "alerts", "labels", "annotations", "status", "startsAt", "endsAt", "fingerprint", "values"),
    *("event_action", "dedup_key", "payload", "summary", "severity", "custom_details", "links", "href", "timestamp"),
    *("message", "alias", "tags", "details", "entity", "priority", "action", "alert", "alertId", "source"),
    *("title", "body", "alert_id", "alert_cycle_key", "alert_transition", "alert_scope", "hostname", "alert_type"),
    *("data", "issue", "event", "metric_alert", "id", "issue_id", "level", "project", "metadata", "type", "slug"),
    *("specversion", "subject", "time", "datacontenttype", "data_base64", "service", "url", "items", "namespace"),
    *("triggered_rule", "projects", "alert_rule", "name", "cluster", "pod", "job", "instance", "exported_pod", "state"),
)
VALUES = (
    *("1", "4", "1.0", "firing", "resolved", "trigger", "acknowledge", "resolve", "create", "created", "Create"),
    *("Close", "critical", "assigned", "unresolved", "k", "a.deployed", "a.firing", "Triggered", "Recovered"),
    *("2026-11-20T08:15:00Z", "0001-01-01T00:00:00Z", "https://example.com", "javascript:alert(1)", "e30=", "[P1] x"),
    *("\u202e", " ", "\u0000", "a:b,c", "$TITLE", "[Triggered on {a}] b", "x" * 600, "kube-state-metrics", "::1"),
)
texts = st.sampled_from(VALUES) | st.text(max_size=20)
plain = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
names = st.sampled_from(WORDS) | st.text(max_size=5)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=8), max_leaves=25
)
objects = st.dictionaries(names, values, max_size=12)


def shaped(required, **optional):
    """Return objects with the members a reader insists on and some it knows; each may be of any type now and then."""
    some = {name: strategy | values for name, strategy in optional.items()}
    return st.tuples(st.fixed_dictionaries(required, optional=some), objects).map(lambda two: {**two[1], **two[0]})


tag_lists = st.lists(texts, max_size=4)
alert_labels = st.dictionaries(names, texts, max_size=6)
alerts = st.lists(shaped({}, labels=alert_labels, annotations=alert_labels, status=st.just("resolved")), max_size=3)
issues = shaped({"id": texts | st.integers()}, title=texts, level=texts, project=objects, metadata=objects)
events = shaped({"issue_id": texts}, title=texts, tags=st.lists(st.lists(texts, max_size=3), max_size=3))
metrics = shaped({"id": texts}, title=texts, alert_rule=objects, projects=tag_lists)
cloud_event = shaped({"specversion": st.just("1.0"), "id": texts, "source": texts, "type": texts}, data=objects)
BODIES = {
    "alertmanager": shaped({"version": st.just("4"), "alerts": alerts}),
    "grafana": shaped({"version": st.just("1"), "alerts": alerts}),
    "pagerduty": shaped(
        {"event_action": st.sampled_from(("trigger", "resolve", "acknowledge"))},
        dedup_key=texts,
        payload=shaped({"summary": texts}, custom_details=values, timestamp=plain),
        links=values,
    ),
    "opsgenie": shaped({"message": texts}, alias=texts, tags=tag_lists, details=objects, priority=texts)
    | shaped({"action": st.sampled_from(("Create", "Close", "Acknowledge")), "alert": objects}),
    "datadog": shaped({"title": texts}, alert_cycle_key=texts, tags=texts, alert_transition=texts, hostname=texts),
    "sentry": shaped(
        {
            "action": st.sampled_from(("created", "resolved", "assigned", "critical", "triggered")),
            "data": st.fixed_dictionaries({}, optional={"issue": issues, "event": events, "metric_alert": metrics}),
        },
    ),
    "cloudevents": cloud_event | st.lists(cloud_event, max_size=3),
    "webhook": shaped({"title": texts}, labels=values, tags=tag_lists, status=texts, startsAt=plain)
    | st.lists(objects),
}
contexts = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(("create", "close", "acknowledge", "change", "snooze")) | texts,
        "identifier": texts | texts.map("opsgenie:{}".format),
        "identifier_type": st.sampled_from(("id", "alias")),
        "dedup_key": texts,
        "sentry-hook-resource": st.sampled_from(("issue", "event_alert", "metric_alert", "error")),
        "content-type": st.sampled_from(
            ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain"),
        ),
        "ce-specversion": st.just("1.0"),
        "ce-id": texts,
        "ce-source": texts,
        "ce-type": texts,
        "ce-subject": texts | st.just("%ED%A0%80"),
    },
)
paths = st.none() | st.dictionaries(
    st.sampled_from(("title", "fingerprint", "items", "labels", "service", "dedupKey", "startsAt", "nonsense")),
    st.lists(names | st.just("labels.0.a"), max_size=2).map(tuple),
    max_size=3,
)


def check(source, body, context, given_paths=None):
    try:
        read = SOURCES[source](Reading(body, NOW, context, given_paths))
    except NotUnderstood as refused:
        return refused.code
    assert isinstance(read, Normalised)
    assert read.signals or read.changes
    for signal in read.signals:
        check_signal(source, signal)
    for change in read.changes:
        check_change(source, change)
    message = DeliveryNormalised(
        job_id="job_1",
        attempt=1,
        delivery_id="dlv_1",
        signals=read.signals,
        changes=read.changes,
        warnings=read.warnings,
        truncated=read.truncated,
    )
    assert msgspec.json.decode(encode(message), type=DeliveryNormalised) == message
    return "read"


def check_signal(source, signal: NormalisedSignal):
    sources = {source, "alertmanager"} if source == "webhook" else {source}
    assert signal.source in sources
    for key in (signal.fingerprint, signal.dedup_key):
        assert key is None or (key.removeprefix(f"{signal.source}:") not in {"", key} and key.isprintable())
    assert signal.fingerprint
    assert 0 < len(signal.title) <= TITLE_LIMIT
    assert 0 < len(signal.name) <= NAME_LIMIT
    assert len(signal.description) <= DESCRIPTION_LIMIT
    assert signal.service is None or 0 < len(signal.service) <= LABEL_VALUE_LIMIT
    assert (signal.ends_at is not None) == (signal.status == "resolved")
    assert signal.link is None or signal.link.startswith(("http://", "https://"))
    assert all(entity.kind and entity.name for entity in signal.entities)
    check_pairs(signal.labels, LABEL_VALUE_LIMIT)
    check_pairs(signal.annotations, ANNOTATION_VALUE_LIMIT)


def check_change(source, change: ChangeEvent):
    assert change.source == source
    assert change.key.startswith(f"{source}:change:")
    assert 0 < len(change.summary) <= TITLE_LIMIT
    assert change.service != ""
    check_pairs(change.labels, LABEL_VALUE_LIMIT)


def check_pairs(pairs, limit):
    assert len(pairs) <= LABEL_COUNT_LIMIT
    assert all(0 < len(name) <= LABEL_NAME_LIMIT and len(value) <= limit for name, value in pairs.items())


@pytest.mark.parametrize("source", SOURCES)
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_json_is_read_or_refused(source, data):
    body = data.draw(BODIES[source] | BODIES[source] | values)
    assert check(source, msgspec.json.encode(body), data.draw(contexts), data.draw(paths))


@pytest.mark.parametrize("source", SOURCES)
@settings(deadline=None, max_examples=50)
@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), context=contexts)
def test_any_bytes_are_read_or_refused(source, body, context):
    assert check(source, body, context)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "1" * 400, "1" * 5_000, "-" + "9" * 30, "-0"),
        *(
            '"\\ud800"',
            '"\\udfff\\ud800"',
            '"\\u0000"',
            '"\\ud83d\\ude00"',
            '"' + "x" * 100_000 + '"',
            '""',
            "{}",
            "[]",
        ),
        *("[" * 900 + "]" * 900, "[" * 50_000, '{"":{"":""}}', "[[1" + "0" * 400 + "]]", '{"a":1,"a":2}', "\ufeff1"),
    ],
)
def test_odd_values_anywhere_are_read_or_refused(source, value):
    members = ("title", "message", "version", "alerts", "labels", "details", "payload", "data", "alert", "tags", "time")
    for member in members:
        rest = '"title":"t","message":"t","action":"created","event_action":"trigger","dedup_key":"k","alias":"k"'
        for body in (f'{{{rest},"{member}":{value}}}', f'{{{rest},"payload":{{"summary":"s","{member}":{value}}}}}'):
            assert check(source, body.encode(), {})
            assert check(source, body, {"action": "create"})
            assert check(source, body, {"action": "change"})
