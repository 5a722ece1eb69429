"""Grafana Alerting's webhook, by bodies written after its documentation (none was captured)."""

from datetime import UTC, datetime

import pytest

from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus
from tests.support.samples import NOW, Connector

grafana = Connector("grafana")
MEMORY = "grafana:c6eadffa33fcdf37"


def an_alert(**fields):
    labels = {"alertname": "Slow", "severity": "high"}
    return {"status": "firing", "labels": labels, "startsAt": "2026-11-20T08:15:00Z", "fingerprint": "f1", **fields}


def a_body(*alerts, **fields):
    return {"version": "1", "status": "firing", "alerts": list(alerts), "orgId": 1, **fields}


def test_an_alert_fires():
    signal = grafana.sample("01_firing")

    assert (signal.source, signal.fingerprint, signal.status) == ("grafana", MEMORY, SignalStatus.FIRING)
    assert (signal.name, signal.title) == ("High memory usage", "Memory of checkout at 93.5 %")
    assert (signal.severity, signal.service) == (Severity.CRITICAL, "checkout")
    assert signal.description == "The container uses nearly all the memory it may."
    assert signal.starts_at == datetime(2026, 11, 20, 8, 15, tzinfo=UTC)
    assert signal.ends_at is None
    assert signal.labels["grafana_folder"] == "Checkout"
    assert signal.annotations["values"] == '{"B":93.5,"C":1}'
    assert signal.group_labels == {
        "alertname": "High memory usage",
        "cluster": "lab",
        "namespace": "pay",
        "service": "checkout",
    }
    assert [(entity.kind, entity.name) for entity in signal.entities] == [
        ("pod", "checkout-7d9f-abcde"),
        ("service", "checkout"),
        ("namespace", "pay"),
    ]
    assert grafana.read_sample("01_firing").warnings == ()


def test_a_repeat_with_other_values_is_the_same_problem_and_occurrence():
    first, repeat = grafana.sample("01_firing"), grafana.sample("02_repeat_other_values")

    assert repeat.title != first.title
    assert (repeat.fingerprint, repeat.starts_at) == (first.fingerprint, first.starts_at)
    assert repeat.group_labels == first.group_labels


def test_a_resolve_ends_that_occurrence():
    signal = grafana.sample("03_resolved")

    assert (signal.fingerprint, signal.status) == (MEMORY, SignalStatus.RESOLVED)
    assert signal.starts_at == grafana.sample("01_firing").starts_at
    assert signal.ends_at == datetime(2026, 11, 20, 8, 45, tzinfo=UTC)


def test_firing_again_is_the_same_problem_and_another_occurrence():
    signal = grafana.sample("04_refired_new_startsat")

    assert (signal.fingerprint, signal.status) == (MEMORY, SignalStatus.FIRING)
    assert signal.starts_at > grafana.sample("03_resolved").ends_at


def test_the_order_of_delivery_says_nothing_of_when_it_began():
    later = grafana.sample("01_firing", NOW.replace(hour=23))

    assert later == grafana.sample("01_firing")


def test_a_rule_without_data_is_a_problem_of_that_rule():
    first, second = grafana.read_sample("06_no_data_of_two_rules").signals

    assert first.name == "DatasourceNoData: High memory usage"
    assert first.group_labels["alertname"] != second.group_labels["alertname"]
    assert first.title == "No series"


def test_an_alert_without_a_fingerprint_goes_by_its_labels():
    first = grafana.one(a_body(an_alert(fingerprint="")))
    other_words = grafana.one(a_body(an_alert(fingerprint=" ", annotations={"summary": "other"})))

    assert first.fingerprint == other_words.fingerprint != "grafana:"


def test_identity_never_depends_on_words_or_severity():
    loud = {"labels": {"alertname": "Renamed", "severity": "critical"}, "annotations": {"summary": "Worse"}}

    assert grafana.one(a_body(an_alert(**loud))).fingerprint == grafana.one(a_body(an_alert())).fingerprint


@pytest.mark.parametrize(
    ("fields", "link"),
    [
        ({"panelURL": "https://g/p", "dashboardURL": "https://g/d", "generatorURL": "https://g/r"}, "https://g/p"),
        ({"panelURL": "", "dashboardURL": "https://g/d", "generatorURL": "https://g/r"}, "https://g/d"),
        ({"generatorURL": "https://g/r"}, "https://g/r"),
        ({"panelURL": "javascript:alert(1)"}, None),
    ],
)
def test_the_link_is_the_nearest_page(fields, link):
    assert grafana.one(a_body(an_alert(**fields))).link == link


def test_a_runbook_is_nearer_than_any_panel():
    assert grafana.sample("01_firing").link == "https://runbooks.example.com/memory"


@pytest.mark.parametrize(
    ("word", "severity"), [("critical", "critical"), ("error", "high"), ("warning", "medium"), ("P5", "info")]
)
def test_severities(word, severity):
    assert grafana.one(a_body(an_alert(labels={"alertname": "a", "severity": word}))).severity == severity


def test_an_unknown_severity_is_medium_with_a_warning():
    read = grafana.read(a_body(an_alert(labels={"alertname": "a", "severity": "purple"})))

    assert (read.signals[0].severity, read.warnings) == (
        Severity.MEDIUM,
        ("unknown severity 'purple': read as medium",),
    )


def test_alerts_that_were_left_out_are_unknown_and_not_resolved():
    read = grafana.read(a_body(an_alert(), truncatedAlerts=3))

    assert (len(read.signals), read.truncated) == (1, 3)


def test_long_texts_are_cut_and_many_labels_left_out():
    labels = {"alertname": "a", "severity": "low"} | {f"l{number}": "v" * 2_000 for number in range(100)}
    read = grafana.read(a_body(an_alert(labels=labels, annotations={"summary": "s" * 500})))
    [signal] = read.signals

    assert (len(signal.labels), max(map(len, signal.labels.values())), len(signal.title)) == (64, 1_024, 300)
    assert set(read.warnings) == {"38 of 102 labels were left out", "long labels were cut"}


@pytest.mark.parametrize("values", ['{"B":1' + "0" * 30 + "}", '{"B":[[[1e300,null]]]}', '"x"'])
def test_values_of_any_kind_are_kept(values):
    body = '{"version":"1","alerts":[{"labels":{"alertname":"a","severity":"low"},"values":' + values + "}]}"

    assert grafana.one(body).annotations["values"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "not_json"),
        (b"\xff\xfe", "not_json"),
        ('{"version":"1","alerts":[{"labels":{"a":"\\ud800"}}]}', "not_json"),
        ("[]", "unknown_shape"),
        ("{}", "unknown_shape"),
        (a_body(an_alert(), version="4"), "unknown_shape"),
        (a_body(), "no_alerts"),
        (a_body(an_alert(labels={"a": 1})), "wrong_types"),
        (a_body(an_alert(status="pending")), "wrong_types"),
        (a_body(*[{}] * 5_001), "too_many_alerts"),
        ('{"version":"1","alerts":[{"values":' + "[" * 100_000, "too_deep"),
    ],
)
def test_what_can_never_be_understood_says_why(body, code):
    assert grafana.refusal(body).code == code
