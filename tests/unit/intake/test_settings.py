from pathlib import Path

import pytest

from services.intake.settings import read_intake_settings
from shared.errors import SettingsInvalid

ENVIRON = {"FAULTLINE_BROKER_URL": "redis://:hidden@127.0.0.1/0", "FAULTLINE_DOOR_KEY": "hidden-key-of-the-door"}


def test_defaults_do_without_a_mapping_file() -> None:
    settings = read_intake_settings(ENVIRON)

    assert settings.concurrency == 1
    assert "title" in settings.mapping.title


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(read_intake_settings(ENVIRON))


def test_a_mapping_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mapping.json"
    file.write_text('{"title": "a.b"}')

    settings = read_intake_settings({**ENVIRON, "FAULTLINE_INTAKE_MAPPING_FILE": str(file)})

    assert settings.mapping.title == ("a.b",)


@pytest.mark.parametrize("content", [None, "no json", '{"unknown": "x"}'])
def test_a_mapping_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "mapping.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SettingsInvalid, match="FAULTLINE_INTAKE_MAPPING_FILE"):
        read_intake_settings({**ENVIRON, "FAULTLINE_INTAKE_MAPPING_FILE": str(file)})


def test_what_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsInvalid, match=r"(?s)FAULTLINE_BROKER_URL.*FAULTLINE_DOOR_KEY"):
        read_intake_settings({})
