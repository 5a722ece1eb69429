"""What containers share is made once, readable by their user alone, and handed on no further than it must be."""

import stat
from pathlib import Path

import pytest

from services.gateway.prepare import main

HANDED_ON = {
    "gateway": {"broker-url", "door-key", "intake-token", "metrics-key"},
    "worker": {"broker-url", "door-key", "metrics-key"},
    "broker": {"broker.conf"},
    "flower": {"broker-url", "flower-password"},
    # No key of the door or the broker.
    "monitoring": {"flower-password", "grafana-password", "intake-token", "metrics-key"},
}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Folders for the secrets, for one reader of them, and for what needs an owner."""
    found = (tmp_path / "secrets", tmp_path / "reader", tmp_path / "store")
    for folder in found:
        folder.mkdir()
    return found


def run(folders: tuple[Path, Path, Path], reader: str = "monitoring") -> None:
    secrets, place, store = folders
    main([str(secrets), str(store), f"--for={reader}={place}"])


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_each_secret_is_made_once_and_differs_from_every_other(folders):
    run(folders)
    before = texts(folders[0])
    run(folders)

    assert texts(folders[0]) == before
    assert len(set(before.values())) == len(before)
    assert min(len(text) for name, text in before.items() if name != "broker.conf") >= 43
    assert (folders[2] / ".faultline").exists()


def test_only_the_user_of_the_containers_reads_them(folders):
    run(folders)

    modes = {stat.S_IMODE(path.stat().st_mode) for folder in folders[:2] for path in folder.iterdir()}
    assert modes == {0o400}


@pytest.mark.parametrize("reader", HANDED_ON)
def test_each_reader_is_given_what_it_needs_and_nothing_else(folders, reader):
    run(folders, reader)

    given = texts(folders[1])
    assert set(given) == HANDED_ON[reader]
    assert given.items() <= texts(folders[0]).items()


@pytest.mark.parametrize("wrong", ["stranger=/tmp", "gateway=", "gateway", "=/tmp"])
def test_who_is_no_reader_is_given_nothing(folders, wrong, capsys):
    with pytest.raises(SystemExit):
        main([str(folders[0]), f"--for={wrong}"])

    assert "must look like READER=FOLDER" in capsys.readouterr().err
    assert texts(folders[0]) == {}


def test_several_readers_are_given_theirs_at_once(folders):
    main([str(folders[0]), f"--for=worker={folders[1]}", f"--for=broker={folders[2]}"])

    assert (set(texts(folders[1])), set(texts(folders[2]))) == (HANDED_ON["worker"], HANDED_ON["broker"])


def test_a_secret_that_was_removed_is_made_anew_and_its_copy_follows(folders):
    secrets, monitoring, _ = folders
    run(folders)
    before = texts(monitoring)
    (secrets / "intake-token").unlink()
    run(folders)

    assert texts(monitoring)["intake-token"] == texts(secrets)["intake-token"] != before["intake-token"]
    assert texts(monitoring)["metrics-key"] == before["metrics-key"]


def test_nothing_is_shared_that_was_not_asked_for(tmp_path):
    main([str(tmp_path)])

    assert {path.name for path in tmp_path.iterdir()} > HANDED_ON["monitoring"]
    assert all(path.is_file() for path in tmp_path.iterdir())


def test_what_the_broker_and_its_clients_are_told_follows_the_password(folders):
    secrets, _, _ = folders
    run(folders)
    (secrets / "broker-password").unlink()
    run(folders)

    now = texts(secrets)
    assert now["broker-url"] == f"redis://:{now['broker-password']}@broker:6379/0"
    assert now["broker.conf"] == f"requirepass {now['broker-password']}\n"
