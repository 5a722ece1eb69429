from pathlib import Path

import pytest

from shared.errors import SettingsInvalid
from shared.settings import SETTINGS, Setting, read_settings


def test_an_unset_setting_has_its_default() -> None:
    values = read_settings({}, ["FAULTLINE_PORT", "FAULTLINE_BROKER_URL"])

    assert values == {"port": 8080, "broker_url": None}


def test_an_empty_setting_counts_as_unset() -> None:
    assert read_settings({"FAULTLINE_PORT": ""}, ["FAULTLINE_PORT"]) == {"port": 8080}


def test_every_default_can_be_read() -> None:
    values = read_settings({}, SETTINGS)

    assert len(values) == len(SETTINGS)


def test_a_misspelt_setting_is_refused_with_the_name_that_was_meant() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings({"FAULTLINE_PROT": "8080"}, ["FAULTLINE_PORT"])

    assert "FAULTLINE_PROT: no such setting; did you mean FAULTLINE_PORT?" in refused.value.detail


def test_other_programs_variables_are_left_alone() -> None:
    assert read_settings({"PROT": "1", "HOME": "/"}, []) == {}


def test_a_setting_another_service_reads_is_no_misspelling() -> None:
    assert read_settings({"FAULTLINE_INTAKE_CONCURRENCY": "2"}, []) == {}


def test_all_problems_are_named_at_once() -> None:
    environ = {"FAULTLINE_PORT": "eighty", "FAULTLINE_GATEWAY_THREADS": "0", "FAULTLINE_X": "1"}

    with pytest.raises(SettingsInvalid) as refused:
        read_settings(environ, ["FAULTLINE_PORT", "FAULTLINE_GATEWAY_THREADS"], required=["FAULTLINE_DOOR_KEY"])

    assert [line.split(":")[0] for line in refused.value.detail.splitlines()] == [
        "FAULTLINE_X",
        "FAULTLINE_PORT",
        "FAULTLINE_GATEWAY_THREADS",
        "FAULTLINE_DOOR_KEY",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FAULTLINE_PORT", "65536"),
        ("FAULTLINE_PORT", "-1"),
        ("FAULTLINE_PORT", "80.5"),
        ("FAULTLINE_GATEWAY_LINGER_SECONDS", "nan"),
        ("FAULTLINE_GATEWAY_LINGER_SECONDS", "inf"),
        ("FAULTLINE_GATEWAY_LEASE_SECONDS", "0"),
        ("FAULTLINE_LOG_LEVEL", "loud"),
        ("FAULTLINE_TRACES", "on"),
        ("FAULTLINE_TRACES", "file:"),
        ("FAULTLINE_TRACES", "otlp:http://collector"),
    ],
)
def test_a_value_out_of_range_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        read_settings({name: text}, [name])


@pytest.mark.parametrize(
    ("text", "traces"), [("none", "none"), ("otlp", "otlp"), ("file:/tmp/a:b.jsonl", Path("/tmp/a:b.jsonl"))]
)
def test_traces_go_nowhere_to_a_collector_or_to_a_file(text: str, traces: str | Path) -> None:
    assert read_settings({"FAULTLINE_TRACES": text}, ["FAULTLINE_TRACES"]) == {"traces": traces}


def test_the_value_of_a_secret_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> str:
        raise ValueError("must be longer")

    monkeypatch.setitem(SETTINGS, "FAULTLINE_TEST", Setting("FAULTLINE_TEST", refuse, None, "A secret.", secret=True))

    with pytest.raises(SettingsInvalid) as refused:
        read_settings({"FAULTLINE_TEST": "hunter2"}, ["FAULTLINE_TEST"])

    assert "hunter2" not in refused.value.detail
    assert "the value given: must be longer" in refused.value.detail


@pytest.mark.parametrize("name", ["FAULTLINE_DOOR_KEY", "FAULTLINE_METRICS_KEY", "FAULTLINE_INTAKE_TOKEN"])
@pytest.mark.parametrize("key", ["short", " begins-with-a-space", "ends-with-a-space ", "schlüssel-der-tür-unten"])
def test_a_credential_that_no_header_carries_is_refused(name: str, key: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings({name: key}, [name])

    assert refused.value.detail.startswith(f"{name}: the value given: must ")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "door-key"
    file.write_text("the-key-of-the-door\n")

    values = read_settings(
        {"FAULTLINE_DOOR_KEY_FILE": str(file)}, ["FAULTLINE_DOOR_KEY"], required=["FAULTLINE_DOOR_KEY"]
    )

    assert values == {"door_key": "the-key-of-the-door"}


@pytest.mark.parametrize(("content", "word"), [(None, "No such file"), (b"", "is empty"), (b"\xff\xfe", "codec")])
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes | None, word: str) -> None:
    file = tmp_path / "door-key"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsInvalid) as refused:
        read_settings({"FAULTLINE_DOOR_KEY_FILE": str(file)}, ["FAULTLINE_DOOR_KEY"])

    assert refused.value.detail.startswith("FAULTLINE_DOOR_KEY_FILE: ")
    assert word in refused.value.detail


def test_a_secret_comes_from_one_place(tmp_path: Path) -> None:
    environ = {"FAULTLINE_DOOR_KEY": "one", "FAULTLINE_DOOR_KEY_FILE": str(tmp_path / "door-key")}

    with pytest.raises(SettingsInvalid, match="set one of them"):
        read_settings(environ, ["FAULTLINE_DOOR_KEY"])


def test_only_secrets_may_stand_in_files() -> None:
    with pytest.raises(SettingsInvalid, match="FAULTLINE_PORT_FILE: no such setting"):
        read_settings({"FAULTLINE_PORT_FILE": "/run/port"}, ["FAULTLINE_PORT"])


@pytest.mark.parametrize(
    "key", ["a-short-key", "a key with spaces in it", "a-key-with-ünicode-in", "a-key-with-\x00-in-it"]
)
def test_a_key_of_metrics_is_hard_to_guess_and_fits_a_header(key: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings({"FAULTLINE_METRICS_KEY": key}, ["FAULTLINE_METRICS_KEY"])

    assert "FAULTLINE_METRICS_KEY: the value given: must" in refused.value.detail
    assert key not in refused.value.detail
