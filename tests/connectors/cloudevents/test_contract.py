"""CloudEvents 1.0 over HTTP, by events written after its specification (none was captured)."""

import base64
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.intake.domain.mapping import Mapping
from services.intake.domain.reading import Reading
from services.intake.handlers import make_sources
from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus
from tests.support.samples import NOW, Connector

cloudevents = Connector("cloudevents")
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/s",
    "ce-type": "com.example.disk.firing",
}


def an_event(kind="com.example.disk.firing", data=None, **attributes):
    return {"specversion": "1.0", "id": "1", "source": "/s", "type": kind, "data": data, **attributes}


def one(kind="com.example.disk.firing", data=None, **attributes):
    return cloudevents.one(an_event(kind, data, **attributes), NOW, **STRUCTURED)


def binary(body="", **context):
    return cloudevents.one(body, NOW, **(BINARY | context))


def change(kind="dev.cdevents.service.deployed.0.1.1", data=None, **attributes):
    read = cloudevents.read(an_event(kind, data, **attributes), NOW, **STRUCTURED)
    assert read.signals == ()
    [found] = read.changes
    return found


def test_an_event_fires():
    signal = cloudevents.sample("01_firing_structured")

    assert (signal.source, signal.status, signal.severity) == ("cloudevents", SignalStatus.FIRING, Severity.CRITICAL)
    assert signal.fingerprint.startswith("cloudevents:")
    assert signal.dedup_key is None
    assert (signal.title, signal.name) == ("Volume data of db-3 is nearly full", "com.example.storage.volume.full")
    assert (signal.service, signal.link) == ("postgres", "https://storage.example.com/volumes/data")
    assert signal.labels == {
        "event_source": "https://storage.example.com/monitor",
        "event_type": "com.example.storage.volume.full.firing",
        "subject": "/hosts/db-3/volumes/data",
        "cluster": "lab",
        "namespace": "data",
        "pod": "postgres-0",
    }
    assert (signal.entities[0].kind, signal.entities[0].name) == ("pod", "postgres-0")
    assert signal.annotations == {"time": "2026-11-20T08:15:00Z", "event_id": "A234-1001"}
    assert cloudevents.read_sample("01_firing_structured").warnings == ()


def test_the_order_of_arrival_decides_and_not_the_clock_of_the_sender():
    later = NOW + timedelta(hours=1)

    assert cloudevents.sample("01_firing_structured", later).starts_at == later


def test_a_repeat_in_other_words_is_the_same_problem_and_group():
    first, repeat = cloudevents.sample("01_firing_structured"), cloudevents.sample("02_repeat_other_words")

    assert (repeat.fingerprint, repeat.group_labels) == (first.fingerprint, first.group_labels)
    assert (repeat.title, repeat.severity) == ("Volume data of db-3 is full", Severity.HIGH)


def test_a_resolve_in_binary_mode_is_about_the_same_problem():
    signal = cloudevents.sample("03_resolved_binary")

    assert signal.fingerprint == cloudevents.sample("01_firing_structured").fingerprint
    assert (signal.status, signal.ends_at) == (SignalStatus.RESOLVED, NOW)
    assert (signal.title, signal.name) == ("Volume data of db-3 has room again", "com.example.storage.volume.full")


def test_a_batch_is_a_signal_for_each_event():
    again, other = cloudevents.read_sample("04_refired_in_a_batch").signals
    over = cloudevents.read_sample("05_resolved_in_a_batch").signals

    assert again.fingerprint == cloudevents.sample("01_firing_structured").fingerprint != other.fingerprint
    assert [signal.fingerprint for signal in over] == [again.fingerprint, other.fingerprint]
    assert {signal.status for signal in over} == {SignalStatus.RESOLVED}


def test_a_deploy_is_a_change_and_no_signal():
    read = cloudevents.read_sample("06_change_deployed")
    [found] = read.changes

    assert read.signals == ()
    assert found.summary == "checkout 2.4.1 deployed"
    assert found.occurred_at == datetime(2026, 11, 20, 8, 10, tzinfo=UTC)
    assert (found.service, found.namespace, found.cluster) == ("checkout", "pay", "lab")
    assert found.link == "https://ci.example.com/runs/42"


@pytest.mark.parametrize("kind", ["a.deployed", "a.deployed.v1", "a.Upgraded.0.1.1", "a.rolledback", "a.change"])
def test_types_that_are_changes(kind):
    assert change(kind).summary == kind


def test_source_and_id_name_a_change():
    key = change(data={"title": "a"}).key

    assert change(data={"title": "b"}, time="2026-01-01T00:00:00Z").key == key
    assert len({key, change(id="2").key, change(source="/t").key}) == 3


def test_binary_and_structured_mode_say_the_same():
    data = {"title": "Disk", "severity": "high", "service": "pg", "labels": {"a": "b"}}

    assert binary(msgspec.json.encode(data)) == one(data=data)


def test_attributes_in_headers_are_percent_encoded():
    encoded = binary(**{"ce-subject": "db%2D3%20%C3%A9"})

    assert encoded.labels["subject"] == "db-3 é"
    assert encoded.fingerprint == one(subject="db-3 é").fingerprint
    assert binary(**{"ce-subject": "%ED%A0%80%"}).labels["subject"]


def test_data_may_be_base64():
    raw = base64.b64encode(b'{"title":"Disk"}').decode()

    assert one(data_base64=raw).title == "Disk"
    assert one(data_base64=base64.b64encode(b"\xff!").decode(), datacontenttype="text/plain").description == "\ufffd!"


def test_data_that_is_text_is_the_description():
    assert binary("nearly full", **{"content-type": "text/plain"}).description == "nearly full"
    assert one(data="nearly full").description == "nearly full"


@pytest.mark.parametrize("data", [None, 7, True, [], [{"title": "x"}], {}, {"title": {}}, {"title": ""}])
def test_data_without_a_title_leaves_type_and_subject(data):
    assert one(data=data, subject="db-3").title == "com.example.disk.firing db-3"


def test_a_title_of_marks_that_are_taken_out_is_none():
    assert one(data={"title": "\u202e\u0000"}).title == "com.example.disk.firing"
    assert change("a.deployed", {"title": "\u202e", "service": "\u202e"}).summary == "a.deployed"
    assert change("a.deployed", {"title": "\u202e", "service": "\u202e"}).service is None


@pytest.mark.parametrize(
    ("kind", "data", "status"),
    [
        *((f"a.{word}", {"status": "firing"}, "resolved") for word in ("resolved", "recovered", "closed", "ok", "up")),
        *((f"a.{word}", {"status": "ok"}, "firing") for word in ("firing", "triggered", "opened", "raised", "down")),
        ("a.RESOLVED.v2", None, "resolved"),
        ("a.b", {"status": "ok"}, "resolved"),
        ("a.b", {"state": "alerting"}, "firing"),
        ("a.b", None, "firing"),
        ("resolved", None, "resolved"),
    ],
)
def test_the_end_of_the_type_decides_before_the_data(kind, data, status):
    assert one(kind, data).status == status


@pytest.mark.parametrize(
    ("word", "severity"), [("critical", "critical"), ("error", "high"), ("warning", "medium"), ("P4", "low")]
)
def test_severities(word, severity):
    assert one(data={"severity": word}).severity == severity


def test_identity_never_depends_on_words_severity_or_the_events_own_id():
    loud = one(id="2", time="2026-01-01T00:00:00Z", data={"title": "Worse", "severity": "critical", "id": "77"})

    assert loud.fingerprint == one().fingerprint


def test_identity_is_source_subject_and_type_without_its_state():
    over = one("com.example.disk.resolved.v1")
    others = [one(source="/t"), one(subject="x"), one("com.example.cpu.firing")]

    assert over.fingerprint == one().fingerprint
    assert len({over.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_a_key_in_the_data_is_the_identity_and_groups():
    fired, over = one(data={"dedup_key": "k"}), one("other.resolved", {"dedup_key": "k"}, source="/t")

    assert fired.fingerprint == over.fingerprint == fired.dedup_key == "cloudevents:k"


def test_a_mapping_in_force_says_where_to_look():
    body = msgspec.json.encode(an_event(data={"check": {"headline": "Disk"}}))
    read = make_sources(Mapping())["cloudevents"]

    assert read(Reading(body, NOW, STRUCTURED, {"title": ("check.headline",)})).signals[0].title == "Disk"


@pytest.mark.parametrize("content_type", [None, "application/json", "application/cloudevents+json; charset=utf-8"])
def test_a_body_is_an_event_whatever_json_it_is_called(content_type):
    context = {"content-type": content_type} if content_type else {}

    assert cloudevents.one(an_event(), NOW, **context).name == "com.example.disk"


def test_extension_attributes_of_other_types_are_no_error():
    assert one(traceparent="00-x", sequence=7, flag=True, nested={"a": 1}).title == "com.example.disk.firing"


def test_long_texts_are_cut_and_many_labels_left_out():
    labels = {f"l{number}": "v" * 2_000 for number in range(100)}
    signal = one(data={"title": "t" * 500, "description": "d" * 9_000, "labels": labels}, source="s" * 3_000)

    assert (len(signal.title), len(signal.description), len(signal.labels)) == (300, 8_000, 64)
    assert max(map(len, signal.labels.values())) == 1_024


@pytest.mark.parametrize(
    ("body", "context", "code"),
    [
        ("{", STRUCTURED, "not_json"),
        (b"\xff\xfe", STRUCTURED, "not_json"),
        ("[]", STRUCTURED, "unknown_shape"),
        ("{}", STRUCTURED, "unknown_shape"),
        (an_event(id=7), STRUCTURED, "unknown_shape"),
        (an_event(id=""), STRUCTURED, "unknown_shape"),
        (an_event(source=None), STRUCTURED, "unknown_shape"),
        (an_event(specversion="0.3"), STRUCTURED, "unknown_shape"),
        (an_event(data_base64="%"), STRUCTURED, "wrong_types"),
        (an_event(data_base64="é"), STRUCTURED, "wrong_types"),
        (an_event(data_base64="eA=="), STRUCTURED, "not_json"),
        ('{"data":' + "[" * 100_000, STRUCTURED, "too_deep"),
        (an_event(), BATCH, "unknown_shape"),
        ("[]", BATCH, "no_alerts"),
        ("[7]", BATCH, "unknown_shape"),
        ([an_event(), {}], BATCH, "unknown_shape"),
        ([an_event()] * 5_001, BATCH, "too_many_alerts"),
        ("{", BINARY, "not_json"),
        (b"\xff", BINARY, "not_json"),
        ("[" * 100_000, BINARY, "too_deep"),
        ("{}", BINARY | {"ce-id": ""}, "unknown_shape"),
        ("{}", BINARY | {"ce-specversion": "2.0"}, "unknown_shape"),
        ("{}", BINARY | {"ce-type": "\u202e"}, "no_title"),
    ],
)
def test_what_can_never_be_understood_says_why(body, context, code):
    assert cloudevents.refusal(body, **context).code == code
