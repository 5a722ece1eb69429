"""Opsgenie's Alert API and its outgoing webhook, by bodies written after their documentation (none was captured)."""

from datetime import timedelta

import pytest

from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus
from tests.support.samples import NOW, Connector

opsgenie = Connector("opsgenie")
QUEUE = "opsgenie:payments-queue-depth"
CREATE = {"action": "create"}
BY_ALIAS = {"identifier": "payments-queue-depth", "identifier_type": "alias"}


def created(**fields):
    return opsgenie.one({"message": "Down", "alias": "k", **fields}, **CREATE)


def test_an_alert_to_create_fires():
    signal = opsgenie.sample("01_create", **CREATE)

    assert (signal.source, signal.status, signal.brief) == ("opsgenie", SignalStatus.FIRING, False)
    assert signal.fingerprint == signal.dedup_key == QUEUE
    assert (signal.title, signal.severity) == ("Queue of payments is not worked off", Severity.CRITICAL)
    assert signal.description == "12,000 messages wait, the oldest since 9 minutes."
    assert signal.service == "payments"
    assert signal.labels == {
        "entity": "payments",
        "source": "rabbitmq.example.com",
        "critical-path": "true",
        "cluster": "lab",
        "namespace": "pay",
        "deployment": "payments-worker",
        "depth": "12000",
    }
    assert (signal.entities[0].kind, signal.entities[0].name) == ("deployment", "payments-worker")
    assert (signal.starts_at, signal.ends_at) == (NOW, None)
    assert opsgenie.read_sample("01_create", **CREATE).warnings == ()


def test_creating_it_again_in_other_words_is_the_same_problem():
    first = opsgenie.sample("01_create", **CREATE)
    again = opsgenie.sample("02_create_again_other_words", NOW + timedelta(hours=1), **CREATE)

    assert (again.fingerprint, again.dedup_key) == (first.fingerprint, first.dedup_key)
    assert again.title != first.title
    assert again.severity is Severity.HIGH


def test_an_acknowledgement_says_who_it_is_about_and_nothing_else():
    signal = opsgenie.sample("03_acknowledge", action="acknowledge", **BY_ALIAS)

    assert (signal.acknowledged, signal.brief, signal.status) == (True, True, SignalStatus.FIRING)
    assert signal.fingerprint == QUEUE


def test_closing_resolves():
    signal = opsgenie.sample("04_close", action="close", **BY_ALIAS)

    assert (signal.status, signal.brief, signal.acknowledged) == (SignalStatus.RESOLVED, True, False)
    assert signal.fingerprint == signal.dedup_key == QUEUE
    assert signal.starts_at == signal.ends_at == NOW


@pytest.mark.parametrize("body", ["", "{", b"\xff", "[]", '{"note": 7}'])
def test_the_address_says_all_there_is_to_close(body):
    assert opsgenie.one(body, action="close", **BY_ALIAS).fingerprint == QUEUE


def test_the_id_of_an_alert_is_the_fingerprint_it_was_answered_with():
    for alias in ("disk", "k" * 512, "a\u202eb"):
        fingerprint = created(alias=alias).fingerprint

        assert opsgenie.one("", action="close", identifier=fingerprint, identifier_type="id").fingerprint == fingerprint


def test_an_alias_that_looks_like_an_id_is_an_alias():
    named = {"identifier": "opsgenie:disk", "identifier_type": "alias"}

    assert opsgenie.one("", action="close", **named).fingerprint == created(alias="opsgenie:disk").fingerprint


@pytest.mark.parametrize("identifier", ["opsgenie:", "opsgenie:\u202e", "opsgenie:" + "k" * 600, "opsgenie: "])
def test_an_id_that_was_never_answered_names_no_empty_or_unprintable_problem(identifier):
    context = {"action": "close", "identifier": identifier, "identifier_type": "id"}
    try:
        signal = opsgenie.one("", **context)
    except Exception as refused:  # noqa: BLE001 - its code is what is asserted.
        assert refused.code == "no_dedup_key"  # noqa: PT017
    else:
        assert signal.fingerprint.isprintable()
        assert signal.name
        assert signal.title


def test_an_alert_without_an_alias_goes_by_the_one_it_was_given():
    assert opsgenie.one({"message": "Down"}, identifier="0a1b", **CREATE).fingerprint == "opsgenie:0a1b"


def test_its_own_webhook_tells_the_same_story():
    fired, acknowledged, closed = (
        opsgenie.sample(name) for name in ("05_hook_create", "06_hook_acknowledge", "07_hook_close")
    )

    assert {fired.fingerprint, acknowledged.fingerprint, closed.fingerprint} == {QUEUE}
    assert (fired.status, fired.brief, fired.service) == (SignalStatus.FIRING, False, "payments")
    assert (acknowledged.status, acknowledged.acknowledged) == (SignalStatus.FIRING, True)
    assert closed.status is SignalStatus.RESOLVED


def test_a_deleted_alert_is_over():
    body = {"action": "Delete", "alert": {"alertId": "70413a06", "message": "m"}}

    assert opsgenie.one(body).status is SignalStatus.RESOLVED
    assert opsgenie.one(body).fingerprint == "opsgenie:70413a06"


def test_what_its_webhook_tells_of_notes_is_no_signal():
    refused = opsgenie.refusal(opsgenie.body("08_hook_add_note"))

    assert refused.code == "unsupported_action"
    assert "addnote" in refused.reason


def test_identity_never_depends_on_words_or_severity():
    loud = created(message="Worse", description="d", priority="P1", tags=["x"], entity="e", source="s")

    assert loud.fingerprint == created(priority="P5").fingerprint


@pytest.mark.parametrize(
    ("word", "severity"),
    [("P1", "critical"), ("P2", "high"), ("P3", "medium"), ("P4", "low"), ("P5", "info"), ("p1", "critical")],
)
def test_severities(word, severity):
    assert created(priority=word).severity == severity


def test_without_a_priority_it_is_medium_with_a_warning():
    read = opsgenie.read({"message": "Down", "alias": "k"}, **CREATE)

    assert (read.signals[0].severity, read.warnings) == (Severity.MEDIUM, ("no severity: read as medium",))


@pytest.mark.parametrize(
    ("fields", "service"),
    [
        ({"details": {"service": "pay"}, "tags": ["service:tag"], "entity": "e"}, "pay"),
        ({"tags": ["service:tag"], "entity": "e"}, "tag"),
        ({"entity": "e"}, "e"),
        ({"details": {"deployment": "worker"}}, "worker"),
        ({}, None),
    ],
)
def test_the_service_is_the_most_telling_there_is(fields, service):
    assert created(**fields).service == service


def test_details_that_are_no_plain_values_are_annotations():
    signal = created(details={"n": 1, "yes": True, "none": None, "list": [1], "object": {"a": "b"}})

    assert signal.labels == {"n": "1", "yes": "true"}
    assert signal.annotations == {"list": "[1]", "object": '{"a":"b"}'}


@pytest.mark.parametrize("details", ["text", [], 7, None, True, [{"a": 1}]])
@pytest.mark.parametrize("tags", ["text", {}, 7, None, [1, None, "", ":", "a:", ":b", ["x"]]])
def test_odd_details_and_tags_are_no_error(details, tags):
    signal = created(details=details, tags=tags)

    assert all(name and value for name, value in signal.labels.items())


def test_a_label_without_a_name_is_left_out():
    assert created(details={"": "x", "\u202e": "y", "a": "z"}).labels == {"a": "z"}


def test_long_texts_are_cut_and_many_labels_left_out():
    details = {f"l{number}": "v" * 2_000 for number in range(100)}
    signal = created(message="m" * 500, description="d" * 15_000, details=details)

    assert (len(signal.title), len(signal.description)) == (300, 8_000)
    assert (len(signal.labels), max(map(len, signal.labels.values()))) == (64, 1_024)


def test_hostile_text_is_cleaned():
    signal = created(message="a\u0000b\u202ec\nd", details={"x": "\u0007y"})

    assert (signal.title, signal.labels["x"]) == ("abc d", "y")


@pytest.mark.parametrize(
    ("body", "context", "code"),
    [
        ("{", CREATE, "not_json"),
        (b"\xff\xfe", CREATE, "not_json"),
        ("[]", CREATE, "unknown_shape"),
        ({"message": 7}, CREATE, "unknown_shape"),
        ({"message": "m", "alias": 7}, CREATE, "unknown_shape"),
        ({}, CREATE, "no_title"),
        ({"message": " ", "alias": "k"}, CREATE, "no_title"),
        ({"message": "\u202e", "alias": "k"}, CREATE, "no_title"),
        ({"message": "m"}, CREATE, "no_dedup_key"),
        ({"message": "m", "alias": "k" * 513}, CREATE, "no_dedup_key"),
        ('{"message":"m","details":' + "[" * 100_000, CREATE, "too_deep"),
        ("", {"action": "close"}, "no_dedup_key"),
        ("", {"action": "snooze", **BY_ALIAS}, "unsupported_action"),
        ("{}", {}, "unknown_shape"),
        ({"action": "Create"}, {}, "unknown_shape"),
        ({"action": "Create", "alert": []}, {}, "unknown_shape"),
        ({"action": "Create", "alert": {"message": "m"}}, {}, "no_dedup_key"),
        ({"action": "Close", "alert": {}}, {}, "no_dedup_key"),
        ({"action": "Create", "alert": {"alertId": "a"}}, {}, "no_title"),
    ],
)
def test_what_can_never_be_understood_says_why(body, context, code):
    assert opsgenie.refusal(body, **context).code == code
