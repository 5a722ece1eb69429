"""`faultline store` on a real data folder, through the gateway's own tool."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.main import cli
from services.gateway.adapters.json_store import open_json_store
from services.gateway.domain.records import Role, Token
from shared.adapters.clock import SystemClock


def run(*words: str):
    return CliRunner().invoke(cli, ["store", *words, "--json"])


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder the command works on."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("FAULTLINE_DATA_DIR", str(folder))
    return folder


def test_a_folder_that_is_not_there_ends_with_5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTLINE_DATA_DIR", str(tmp_path / "nowhere"))

    result = run("check")

    assert result.exit_code == 5
    assert json.loads(result.stderr)["exitCode"] == 5


def test_an_archive_that_is_not_there_is_a_matter_of_usage(in_folder: Path) -> None:
    assert run("import", str(in_folder / "none.tar")).exit_code == 2


def test_a_folder_is_checked_rebuilt_exported_and_imported(
    in_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(in_folder)

    assert run("check").exit_code == 0
    assert run("rebuild").exit_code == 0
    assert run("export", str(tmp_path / "backup.tar")).exit_code == 0
    monkeypatch.setenv("FAULTLINE_DATA_DIR", str(tmp_path / "second"))
    assert run("import", str(tmp_path / "backup.tar")).exit_code == 0
    checked = run("check")

    assert checked.exit_code == 0
    assert json.loads(checked.stdout)["problems"] == []
    assert json.loads(checked.stdout)["commits"] >= 1


def test_a_damaged_journal_ends_with_6(in_folder: Path) -> None:
    fill(in_folder)
    segment = max((in_folder / "store" / "journal").iterdir())
    content = bytearray(segment.read_bytes())
    content[len(content) // 3] ^= 0xFF
    segment.write_bytes(content)

    assert run("check").exit_code == 6


def fill(folder: Path) -> None:
    store = open_json_store(folder, clock=SystemClock())
    for number in range(3):
        token = Token(
            id=f"tok_{number}",
            name=f"t{number}",
            role=Role.VIEWER,
            sha256="0" * 64,
            created_by="test",
            created_at=datetime(2026, 11, 23, tzinfo=UTC),
        )
        store.transact(lambda tx, token=token: tx.put(token))
    store.close()
