"""A Sentry integration's webhook, by bodies written after its documentation (none was captured)."""

from datetime import timedelta

import pytest

from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus
from tests.support.samples import NOW, Connector

sentry = Connector("sentry")
ISSUE = "sentry:issue:1170820242"
METRIC = "sentry:metric:4"


def read(resource, body):
    return sentry.read(body, NOW, **{"sentry-hook-resource": resource})


def code_of(resource, body):
    return sentry.refusal(body, **({"sentry-hook-resource": resource} if resource else {})).code


def an_issue(action="created", **fields):
    return {"action": action, "data": {"issue": {"id": "7", "title": "Boom", "level": "error", **fields}}}


def an_event(**fields):
    return {"action": "triggered", "data": {"event": {"issue_id": "7", "title": "Boom", "level": "error", **fields}}}


def a_metric(action="critical", **fields):
    return {"action": action, "data": {"metric_alert": {"id": "4", "title": "Slow"}, **fields}}


def test_a_new_issue_fires():
    signal = sentry.sample("01_issue_created")

    assert (signal.source, signal.status, signal.brief) == ("sentry", SignalStatus.FIRING, False)
    assert signal.fingerprint == signal.dedup_key == ISSUE
    assert (signal.title, signal.name) == ("ReferenceError: basket is not defined", "ReferenceError")
    assert (signal.severity, signal.service) == (Severity.HIGH, "checkout")
    assert signal.description == "?(checkout/basket)"
    assert signal.link == "https://example.sentry.io/issues/1170820242/"
    assert signal.labels == {
        "project": "checkout",
        "level": "error",
        "substatus": "new",
        "platform": "javascript",
        "issue": "CHECKOUT-1Z",
    }
    assert signal.starts_at == NOW
    assert sentry.read_sample("01_issue_created").warnings == ()


def test_an_alert_on_an_event_is_the_problem_of_its_issue():
    signal = sentry.sample("02_event_alert_of_the_issue", NOW + timedelta(minutes=5))

    assert signal.fingerprint == signal.dedup_key == ISSUE
    assert (signal.status, signal.name, signal.service) == (SignalStatus.FIRING, "ReferenceError", "checkout")
    assert signal.labels["release"] == "checkout@2.4.1"
    assert signal.annotations == {"rule": "Many new errors of checkout"}
    assert signal.link == "https://example.sentry.io/issues/1170820242/events/e4874d664c3540c1a32eab185f12c5ab/"


def test_assigning_an_issue_acknowledges_it():
    signal = sentry.sample("03_issue_assigned")

    assert (signal.fingerprint, signal.acknowledged, signal.brief) == (ISSUE, True, True)
    assert signal.status is SignalStatus.FIRING


@pytest.mark.parametrize("name", ["04_issue_resolved", "06_issue_archived"])
def test_an_issue_that_is_over_resolves(name):
    signal = sentry.sample(name)

    assert (signal.fingerprint, signal.status, signal.brief) == (ISSUE, SignalStatus.RESOLVED, True)
    assert signal.starts_at == signal.ends_at == NOW


def test_an_issue_that_came_back_fires_again():
    signal = sentry.sample("05_issue_unresolved_regressed")

    assert (signal.fingerprint, signal.status) == (ISSUE, SignalStatus.FIRING)
    assert signal.labels["substatus"] == "regressed"
    assert signal.group_labels == sentry.sample("01_issue_created").group_labels


def test_a_metric_alert_tells_one_story():
    warning, critical, resolved = (
        sentry.sample(f"0{number}_metric_alert_{word}")
        for number, word in ((7, "warning"), (8, "critical"), (9, "resolved"))
    )

    assert {warning.fingerprint, critical.fingerprint, resolved.fingerprint} == {METRIC}
    assert (warning.severity, critical.severity) == (Severity.MEDIUM, Severity.CRITICAL)
    assert (warning.status, critical.status, resolved.status) == ("firing", "firing", "resolved")
    assert (critical.name, critical.title) == ("Too many errors", "Critical: Too many errors")
    assert (critical.service, critical.labels["environment"]) == ("checkout", "production")
    assert critical.description == "1000 events in the last 10 minutes"
    assert critical.link == "https://example.sentry.io/alerts/rules/details/7/?alert=4"
    assert warning.group_labels == critical.group_labels


@pytest.mark.parametrize(
    "name", ["01_issue_created", "02_event_alert_of_the_issue", "04_issue_resolved", "08_metric_alert_critical"]
)
def test_a_body_whose_header_was_lost_is_read_all_the_same(name):
    assert sentry.one(sentry.body(name)) == sentry.sample(name)


def test_identity_never_depends_on_words_or_severity():
    loud = read("issue", an_issue(title="Worse", level="fatal", culprit="c", metadata={"type": "T"})).signals[0]
    event = read("event_alert", an_event(title="Other", level="info", tags=[["a", "b"]])).signals[0]

    assert loud.fingerprint == event.fingerprint == "sentry:issue:7"


def test_an_id_may_be_a_number():
    assert read("issue", an_issue(id=7)).signals[0].fingerprint == "sentry:issue:7"


@pytest.mark.parametrize(
    ("level", "severity"),
    [("fatal", "critical"), ("error", "high"), ("warning", "medium"), ("info", "info"), ("debug", "info")],
)
def test_severities(level, severity):
    assert read("issue", an_issue(level=level)).signals[0].severity == severity
    assert read("event_alert", an_event(level=level)).signals[0].severity == severity


@pytest.mark.parametrize(
    "odd",
    [
        {"project": 7},
        {"project": []},
        {"project": {"slug": {}}},
        {"level": ["error"]},
        {"metadata": "x"},
        {"metadata": {"type": {}}},
        {"web_url": {}, "url": 7, "permalink": "javascript:alert(1)"},
        {"tags": "x"},
        {"tags": [[], ["a"], ["a", 1], [None, None], ["", ""], ["a", "b", "c"], {"a": "b"}]},
    ],
)
def test_odd_members_are_no_error(odd):
    for resource, body in (("issue", an_issue(**odd)), ("event_alert", an_event(**odd))):
        [signal] = read(resource, body).signals

        assert (signal.fingerprint, signal.title, signal.link) == ("sentry:issue:7", "Boom", None)


def test_long_texts_are_cut_and_many_labels_left_out():
    tags = [[f"l{number}", "v" * 2_000] for number in range(100)]
    [signal] = read("event_alert", an_event(title="t" * 500, culprit="c" * 9_000, tags=tags)).signals

    assert (len(signal.title), len(signal.description), len(signal.labels)) == (300, 8_000, 64)
    assert max(map(len, signal.labels.values())) == 1_024


@pytest.mark.parametrize(
    ("resource", "body", "code"),
    [
        ("issue", "{", "not_json"),
        ("issue", b"\xff\xfe", "not_json"),
        ("issue", "[]", "unknown_shape"),
        ("issue", "{}", "unknown_shape"),
        ("issue", {"action": 7, "data": {}}, "unknown_shape"),
        ("issue", {"action": "created", "data": []}, "unknown_shape"),
        ("issue", {"action": "created", "data": {"issue": "7"}}, "unknown_shape"),
        ("issue", an_event(), "unknown_shape"),
        ("event_alert", an_issue(), "unknown_shape"),
        ("metric_alert", an_issue(), "unknown_shape"),
        ("issue", an_issue(id=None), "no_dedup_key"),
        ("issue", an_issue(id={}), "no_dedup_key"),
        ("issue", an_issue(id="7" * 201), "no_dedup_key"),
        ("event_alert", an_event(issue_id=""), "no_dedup_key"),
        ("issue", an_issue(title=""), "no_title"),
        ("issue", an_issue(title="\u202e"), "no_title"),
        ("event_alert", an_event(title=None), "no_title"),
        ("issue", an_issue("commented"), "unsupported_action"),
        ("metric_alert", a_metric("triggered"), "unsupported_action"),
        ("error", {"action": "created", "data": {"error": {}}}, "unsupported_action"),
        ("installation", {"action": "created", "data": {"installation": {}}}, "unsupported_action"),
        ("", {"action": "created", "data": {}}, "unsupported_action"),
        ("issue", '{"action":"created","data":{"issue":' + "[" * 100_000, "too_deep"),
    ],
)
def test_what_can_never_be_understood_says_why(resource, body, code):
    assert code_of(resource, body) == code
