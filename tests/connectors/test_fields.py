"""What of each source's sample becomes which field."""

from datetime import UTC, datetime

import msgspec
import pytest

from services.intake.domain.errors import NotUnderstood
from services.intake.domain.reading import Reading
from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus
from tests.connectors.stories import NOW, SOURCES, sample

_LONG = "v" * 2_000


def one(source: str, name: str, **context: str):
    (signal,) = sample(source, name, **context).read().signals
    return signal


def reread(source: str, name: str, context: dict[str, str] | None = None, /, **changes):
    body = msgspec.json.decode(sample(source, name).body) | changes
    given = sample(source, name).headers | (context or {})
    return SOURCES[source](Reading(msgspec.json.encode(body).decode(), NOW, given))


def entities(signal):
    return {(entity.kind, entity.name) for entity in signal.entities}


def test_grafana():
    signal = one("grafana", "01_firing")

    assert (signal.name, signal.severity, signal.service) == ("High memory usage", Severity.CRITICAL, "cart")
    assert signal.title == "The cart uses 95 % of its memory"
    assert signal.link == "https://grafana.example.com/d/cart?viewPanel=2"
    assert signal.starts_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert signal.annotations["values"] == '{"B":95.2,"C":1}'
    assert ("service", "cart") in entities(signal)


def test_a_grafana_rule_without_data_is_a_problem_of_that_rule():
    signal = one("grafana", "04_no_data")

    assert signal.name == "DatasourceNoData: High memory usage"
    assert signal.labels["alertname"] == "DatasourceNoData"


def test_an_alertmanager_body_is_none_of_grafana():
    body = sample("alertmanager", "01_firing").body

    with pytest.raises(NotUnderstood, match='"version": "1"'):
        SOURCES["grafana"](Reading(body, NOW))


def test_opsgenie():
    signal = one("opsgenie", "01_create", action="create")

    assert (signal.title, signal.severity, signal.service) == ("Queue grows", Severity.CRITICAL, "mq")
    assert signal.dedup_key == signal.fingerprint == "opsgenie:prod/queue"
    assert signal.labels["region"] == "eu-1"
    assert signal.labels["OverwriteQuietHours"] == "true"
    assert (signal.labels["runs"], signal.annotations["nodes"]) == ("3", '["a","b"]')


def test_opsgenie_closes_by_the_id_it_gave_and_needs_no_body():
    context = {"action": "close", "identifier": "opsgenie:prod/queue", "identifier_type": "id"}
    (signal,) = SOURCES["opsgenie"](Reading("", NOW, context)).signals

    assert (signal.fingerprint, signal.status, signal.brief) == ("opsgenie:prod/queue", SignalStatus.RESOLVED, True)


def test_opsgenie_acknowledges_and_its_webhook_closes():
    context = {"identifier": "prod/queue", "identifier_type": "alias"}

    assert one("opsgenie", "02_acknowledge", action="acknowledge", **context).acknowledged
    assert one("opsgenie", "05_webhook_close").status is SignalStatus.RESOLVED
    assert one("opsgenie", "05_webhook_close").fingerprint == "opsgenie:prod/queue"


def test_opsgenie_takes_the_alias_the_gateway_minted():
    minted = reread("opsgenie", "01_create", {"action": "create", "identifier": "m1"}, alias=None)

    assert minted.signals[0].fingerprint == "opsgenie:m1"


@pytest.mark.parametrize(
    ("source", "name", "context"),
    [
        ("opsgenie", "01_create", {"action": "snooze"}),
        ("sentry", "01_issue_created", {"sentry-hook-resource": "comment"}),
    ],
)
def test_what_no_signal_is_made_of_is_quarantined_by_its_own_code(source, name, context):
    with pytest.raises(NotUnderstood) as caught:
        reread(source, name, context)

    assert caught.value.code == "unsupported_action"


def test_datadog():
    signal = one("datadog", "01_triggered")

    assert (signal.title, signal.severity, signal.service) == ("Disk almost full", Severity.HIGH, "mysql")
    assert signal.fingerprint == "datadog:1234567-db3-1"
    assert (signal.labels["host"], signal.labels["scope"], signal.labels["env"]) == ("db-3", "host:db-3", "prod")
    assert signal.group_labels["namespace"] == "data"


@pytest.mark.parametrize(
    ("changes", "fingerprint"),
    [
        ({"alert_cycle_key": ""}, "datadog:a9c2d1"),
        ({"alert_cycle_key": "$ALERT_CYCLE_KEY", "aggreg_key": "$AGGREG_KEY"}, "datadog:1234567/host:db-3"),
    ],
)
def test_datadog_is_known_by_what_there_is(changes, fingerprint):
    assert reread("datadog", "01_triggered", **changes).signals[0].fingerprint == fingerprint


@pytest.mark.parametrize(
    ("transition", "kind", "status"),
    [
        ("Triggered", "error", "firing"),
        ("Re-Triggered", "error", "firing"),
        ("Warn", "warning", "firing"),
        ("Re-Warn", "warning", "firing"),
        ("No Data", "error", "firing"),
        ("Re-No Data", "error", "firing"),
        ("Renotify", "error", "firing"),
        ("Recovered", "success", "resolved"),
        ("Warn Recovered", "success", "resolved"),
        ("No Data Recovered", "success", "resolved"),
        ("", "success", "resolved"),
        ("", "error", "firing"),
    ],
)
def test_datadog_says_what_became_of_it_by_its_transition(transition, kind, status):
    read = reread("datadog", "01_triggered", alert_transition=transition, alert_type=kind)

    assert read.signals[0].status == status


def test_datadogs_default_payload_has_no_identity_and_says_so():
    normalised = sample("datadog", "04_default_payload").read()

    assert normalised.signals[0].title == "Disk almost full"
    assert any("title stands for the identity" in warning for warning in normalised.warnings)


def test_sentry():
    signal, alert = one("sentry", "01_issue_created"), one("sentry", "05_event_alert")

    assert (signal.name, signal.severity, signal.service) == ("TypeError", Severity.HIGH, "cart")
    assert signal.link == "https://sentry.example.com/organizations/shop/issues/1170820242/"
    assert signal.fingerprint == alert.fingerprint == "sentry:issue:1170820242"
    assert ("pod", "cart-7d9f-x2") in entities(alert)
    assert one("sentry", "02_issue_assigned").acknowledged


def test_sentrys_metric_alerts_are_known_by_their_own_id():
    fired, ended = one("sentry", "06_metric_critical"), one("sentry", "07_metric_resolved")

    assert (fired.fingerprint, fired.severity) == ("sentry:metric:4", Severity.CRITICAL)
    assert (ended.fingerprint, ended.status) == ("sentry:metric:4", SignalStatus.RESOLVED)


def test_cloudevents_in_every_mode_are_the_same_signal():
    structured, binary = one("cloudevents", "01_structured_firing"), one("cloudevents", "03_binary_firing")
    batched = sample("cloudevents", "04_batch").read().signals

    assert structured.fingerprint == binary.fingerprint == batched[0].fingerprint != batched[1].fingerprint
    assert (structured.title, structured.severity, structured.service) == ("Check cart fails", Severity.HIGH, "cart")
    assert structured.labels["event_source"] == "/checks/eu-1"
    assert (structured.name, batched[1].name) == ("com.example.check cart", "com.example.check shop")


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type"])
def test_a_cloudevent_without_a_required_attribute_is_none(missing):
    with pytest.raises(NotUnderstood, match=missing):
        reread("cloudevents", "01_structured_firing", **{missing: ""})


def test_a_cloudevents_data_may_be_base64_or_no_json():
    encoded = reread("cloudevents", "01_structured_firing", data=None, data_base64="eyJ0aXRsZSI6ICJPdXQifQ==")
    headers = sample("cloudevents", "03_binary_firing").headers | {"content-type": "text/plain"}
    plain = SOURCES["cloudevents"](Reading("it is on fire", NOW, headers))

    assert encoded.signals[0].title == "Out"
    assert plain.signals[0].description == "it is on fire"


@pytest.mark.parametrize(
    ("source", "name", "context", "summary"),
    [
        ("pagerduty", "04_change", {"action": "change"}, "Build 1042 of cart deployed"),
        ("cloudevents", "05_deployed", {}, "cart 1.42 deployed"),
    ],
)
def test_a_change_is_context_and_the_same_event_the_same_change(source, name, context, summary):
    first, again = (sample(source, name, **context).read() for _ in range(2))

    (change,) = first.changes
    assert first.signals == ()
    assert (change.summary, change.service) == (summary, "cart")
    assert change.occurred_at == datetime(2026, 11, 20, 7, 55, tzinfo=UTC)
    assert change.link == "https://ci.example.com/builds/1042"
    assert again.changes[0].key == change.key


@pytest.mark.parametrize(
    ("source", "name", "changes"),
    [
        ("opsgenie", "01_create", {"message": "Other words", "priority": "P5"}),
        ("datadog", "01_triggered", {"title": "Other words", "priority": "P5"}),
        ("cloudevents", "01_structured_firing", {"data": {"title": "Other words", "severity": "low"}}),
    ],
)
def test_which_problem_it_is_never_depends_on_words_or_badness(source, name, changes):
    context = {"action": "create"} if source == "opsgenie" else {}

    before = reread(source, name, context).signals[0]
    after = reread(source, name, context, **changes).signals[0]
    assert after.fingerprint == before.fingerprint
    assert (after.title, after.severity) != (before.title, before.severity)


@pytest.mark.parametrize(
    ("source", "name", "changes"),
    [
        ("opsgenie", "01_create", {"message": "x" * 10_000, "details": {f"k{n}": "v" * 5_000 for n in range(200)}}),
        (
            "datadog",
            "01_triggered",
            {"title": "x" * 10_000, "tags": ",".join(f"k{n}:{'v' * 2_000}" for n in range(200))},
        ),
    ],
)
def test_what_is_long_or_many_is_cut_and_said(source, name, changes):
    read = reread(source, name, {"action": "create"} if source == "opsgenie" else {}, **changes)

    assert len(read.signals[0].title) == 300
    assert len(read.signals[0].labels) <= 64
    assert max(len(value) for value in read.signals[0].labels.values()) <= 1_024
    assert read.warnings


def test_a_mapping_that_cannot_be_used_quarantines_and_blames_no_code():
    with pytest.raises(NotUnderstood) as caught:
        SOURCES["webhook"](Reading('{"title": "a"}', NOW, {}, {"titel": ("a",)}))

    assert caught.value.code == "bad_mapping"
