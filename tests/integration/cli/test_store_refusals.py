"""What `faultline store` refuses, and that a refusal leaves everything as it was."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from services.cli.main import cli
from services.gateway.adapters.json_store.layout import Layout
from services.gateway.adapters.json_store.store import open_json_store
from tests.support.builders import an_incident
from tests.support.clock import FixedClock

INCIDENTS = 3


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    store = open_json_store(folder, clock=FixedClock())
    for number in range(INCIDENTS):
        store.transact(lambda tx, number=number: tx.put(an_incident(title=f"Outage {number}")))
    store.close()
    return folder


def run(data_dir: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["store", *words], env={"FAULTLINE_DATA_DIR": str(data_dir)})


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return msgspec.json.decode(result.stdout, type=dict[str, Any])


def test_the_answer_is_lines_with_tabs_when_piped(data_dir: Path) -> None:
    result = run(data_dir, "check")

    assert result.exit_code == 0
    assert f"incidents\t{INCIDENTS}\n" in result.stdout


def test_damage_is_named_and_ends_with_6(data_dir: Path) -> None:
    segment = next(Layout(data_dir).journal.glob("*.log"))
    content = bytearray(segment.read_bytes())
    content[content.index(b"Outage 0")] ^= 1
    segment.write_bytes(content)

    result = run(data_dir, "check")

    assert result.exit_code == 6
    assert segment.name in result.stdout


def test_a_lost_index_is_made_anew_from_the_journal(data_dir: Path) -> None:
    Layout(data_dir).index.unlink()

    assert answer(run(data_dir, "rebuild", "--json"))["commits"] == INCIDENTS
    assert Layout(data_dir).index.exists()
    assert answer(run(data_dir, "check", "--json"))["problems"] == []


def test_a_folder_in_use_is_not_rebuilt(data_dir: Path) -> None:
    store = open_json_store(data_dir, clock=FixedClock())
    try:
        result = run(data_dir, "rebuild")
    finally:
        store.close()

    assert result.exit_code == 1
    assert "[storage_locked]" in result.stderr


def test_an_import_over_a_store_is_refused(data_dir: Path, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    answer(run(data_dir, "export", str(archive), "--json"))

    result = run(data_dir, "import", str(archive), "--json")

    assert result.exit_code == 1
    assert msgspec.json.decode(result.stderr)["code"] == "archive_unusable"


def test_an_archive_that_was_cut_is_refused_and_leaves_the_folder_empty(data_dir: Path, tmp_path: Path) -> None:
    archive, elsewhere = tmp_path / "backup.tar.gz", tmp_path / "elsewhere"
    answer(run(data_dir, "export", str(archive), "--json"))
    archive.write_bytes(archive.read_bytes()[:-200])

    result = run(elsewhere, "import", str(archive))

    assert result.exit_code == 1
    assert "[archive_unusable]" in result.stderr
    assert not list(elsewhere.iterdir())
