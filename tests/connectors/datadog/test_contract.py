"""Datadog's webhook, by bodies written after its documentation (none was captured)."""

import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus
from tests.support.samples import NOW, Connector

datadog = Connector("datadog")
DISK = "datadog:5482319"
PAGE = Path(__file__).parents[3] / "docs/intake.md"


def one(**fields):
    return datadog.one({"title": "Disk", "alert_cycle_key": "k", "alert_priority": "P3", **fields})


def test_a_trigger_fires():
    signal = datadog.sample("01_triggered")

    assert (signal.source, signal.fingerprint, signal.status) == ("datadog", DISK, SignalStatus.FIRING)
    assert signal.title == signal.name == "Disk of a database is nearly full"
    assert signal.description == "Disk use of db-3 was above 95 % for 5 minutes."
    assert (signal.severity, signal.service) == (Severity.HIGH, "postgres")
    assert signal.labels == {
        "cluster": "lab",
        "env": "prod",
        "host": "db-3",
        "monitor": "true",
        "service": "postgres",
        "scope": "host:db-3,cluster:lab",
    }
    assert signal.annotations["alert_id"] == "91827364"
    assert signal.link == "https://app.datadoghq.eu/event/event?id=7421958264183927"
    assert (signal.starts_at, signal.ends_at, signal.dedup_key) == (NOW, None, None)
    assert datadog.read_sample("01_triggered").warnings == ()


def test_a_repeat_is_the_same_problem_and_the_same_group():
    first, repeat = datadog.sample("01_triggered"), datadog.sample("02_renotify", NOW + timedelta(hours=1))

    assert (repeat.fingerprint, repeat.status) == (first.fingerprint, SignalStatus.FIRING)
    assert (repeat.group_labels, repeat.name) == (first.group_labels, first.name)


def test_a_recovery_resolves_it():
    signal = datadog.sample("03_recovered")

    assert (signal.fingerprint, signal.status, signal.ends_at) == (DISK, SignalStatus.RESOLVED, NOW)
    assert signal.group_labels == datadog.sample("01_triggered").group_labels


def test_triggering_again_is_another_cycle_of_the_same_group():
    again, over = datadog.sample("04_triggered_again"), datadog.sample("05_recovered_again")

    assert again.fingerprint == over.fingerprint != DISK
    assert (again.status, over.status) == (SignalStatus.FIRING, SignalStatus.RESOLVED)
    assert again.group_labels == datadog.sample("01_triggered").group_labels


def test_the_default_payload_tells_one_story_too():
    fired, over = datadog.sample("06_default_payload_triggered"), datadog.sample("07_default_payload_recovered")

    assert fired.fingerprint == over.fingerprint
    assert (fired.status, over.status) == (SignalStatus.FIRING, SignalStatus.RESOLVED)
    assert fired.title == over.title == "[prod] Disk of a database is nearly full"
    assert (
        "no alert_cycle_key, aggreg_key or alert_id: the title stands for the identity"
        in datadog.read_sample("06_default_payload_triggered").warnings
    )


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("[Triggered on {host:a}] Disk", "Disk"),
        ("[P1] [Re-Triggered on {host:a,env:b}] Disk", "Disk"),
        ("[No data on {host:a}] Disk", "Disk"),
        ("[Warn Recovered] Disk", "Disk"),
        ("[TEST] [Recovered] Disk", "Disk"),
        ("[Triggered] [staging] Disk", "[staging] Disk"),
        ("[staging] Disk", "[staging] Disk"),
        ("[warning] [x] Disk", "[warning] [x] Disk"),
        ("[Triggered]", "[Triggered]"),
        ("[P1] [Recovered]", "[Recovered]"),
        ("$HOST pays $5", "$HOST pays $5"),
    ],
)
def test_a_title_loses_the_state_before_it_and_nothing_of_its_own(title, bare):
    assert one(title=title).title == bare


def test_titles_that_stand_for_the_identity_tell_hosts_and_environments_apart():
    titles = [
        "[Triggered on {host:a}] Disk",
        "[Triggered on {host:b}] Disk",
        "[Triggered] [a] Disk",
        "[Triggered] Disk",
    ]
    fired = {datadog.one({"title": title}).fingerprint for title in titles}
    over = {datadog.one({"title": title.replace("Triggered", "Recovered")}).fingerprint for title in titles}

    assert fired == over
    assert len(fired) == 4


def test_identity_is_the_first_there_is():
    every = {"alert_cycle_key": "c", "aggreg_key": "a", "alert_id": "7", "alert_scope": "host:b", "title": "t"}
    found = []
    for absent in (None, "alert_cycle_key", "aggreg_key", "alert_scope"):
        every.pop(absent, None)
        found.append(datadog.one(every).fingerprint)

    assert found == ["datadog:c", "datadog:a", "datadog:7/host:b", "datadog:7/"]


def test_identity_never_depends_on_words_or_severity():
    loud = one(title="Worse", body="x", alert_priority="P1", alert_type="error", tags="a:b", id="9")

    assert loud.fingerprint == one().fingerprint


@pytest.mark.parametrize(
    ("transition", "status"),
    [
        *((word, "firing") for word in ("Triggered", "Re-Triggered", "Warn", "Re-Warn", "No Data", "Re-No Data")),
        *((word, "firing") for word in ("Renotify", "triggered ", "Never heard of")),
        *((word, "resolved") for word in ("Recovered", "Warn Recovered", "No Data Recovered", "Re-Recovered")),
    ],
)
def test_the_transition_decides_whether_it_is_there(transition, status):
    assert one(alert_transition=transition).status == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"alert_type": "success"}, "resolved"),
        ({"alert_type": "error"}, "firing"),
        ({"title": "[Recovered on {host:a}] Disk"}, "resolved"),
        ({"title": "[P2] [Recovered on {host:a}] Disk"}, "resolved"),
        ({"title": None, "event_title": "[Recovered] Disk"}, "resolved"),
        ({"title": "Recovered? no"}, "firing"),
        ({"alert_transition": "$ALERT_TRANSITION", "alert_type": "success"}, "resolved"),
        ({}, "firing"),
    ],
)
def test_without_a_transition_the_type_or_the_title_decides(fields, status):
    assert one(**fields).status == status


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        *(({"alert_priority": f"P{number}"}, word) for number, word in enumerate(("critical", "high", "medium"), 1)),
        ({"alert_priority": "P4"}, "low"),
        ({"alert_priority": "P5"}, "info"),
        ({"alert_priority": "P1", "priority": "low"}, "critical"),
        ({"alert_priority": None, "priority": "low"}, "low"),
        ({"alert_priority": None, "priority": "normal", "alert_type": "error"}, "high"),
        ({"alert_priority": "$ALERT_PRIORITY", "alert_type": "warning"}, "medium"),
        ({"alert_priority": "", "alert_type": "info"}, "info"),
    ],
)
def test_severities(fields, severity):
    assert one(**fields).severity == severity


@pytest.mark.parametrize("unfilled", ["$ALERT_CYCLE_KEY", "$TAGS[service]", "", "null", None, [], {}])
def test_a_variable_that_was_not_filled_in_says_nothing(unfilled):
    signal = one(alert_cycle_key=unfilled, aggreg_key="a", hostname=unfilled, tags=unfilled, link=unfilled)

    assert (signal.fingerprint, signal.labels, signal.link) == ("datadog:a", {}, None)


def test_odd_tags_are_no_error():
    signal = one(tags=",,:,a:,:b, c ,d:e:f,\u202e:x", hostname="h")

    assert signal.labels == {"host": "h", "c": "true", "d": "e:f"}


def test_long_texts_are_cut_and_many_labels_left_out():
    signal = one(title="t" * 500, body="b" * 9_000, tags=",".join(f"l{number}:v" for number in range(100)))

    assert (len(signal.title), len(signal.description), len(signal.labels)) == (300, 8_000, 64)


def test_hostile_text_is_cleaned():
    signal = one(title="a\u0000b\u202ec\nd", tags="x:\u0007y", link="javascript:alert(1)")

    assert (signal.title, signal.labels["x"], signal.link) == ("abc d", "y", None)


def test_the_template_of_the_page_is_what_the_samples_fill_in():
    (template,) = re.findall(r"```json\n(\{\n[^`]*\$ALERT_TRANSITION[^`]*)```", PAGE.read_text())

    assert msgspec.json.decode(template).keys() == datadog.body("01_triggered").keys()
    assert datadog.refusal(template).code == "no_title"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "not_json"),
        (b"\xff\xfe", "not_json"),
        ("title=Disk", "not_json"),
        ('{"title":NaN}', "not_json"),
        ("[]", "unknown_shape"),
        ('"text"', "unknown_shape"),
        ("{}", "no_title"),
        ({"title": ["x"], "alert_cycle_key": {}}, "no_title"),
        ({"alert_cycle_key": "k"}, "no_title"),
        ({"alert_cycle_key": "k", "title": "\u202e"}, "no_title"),
        ('{"title":' + "[" * 100_000, "too_deep"),
    ],
)
def test_what_can_never_be_understood_says_why(body, code):
    assert datadog.refusal(body).code == code
