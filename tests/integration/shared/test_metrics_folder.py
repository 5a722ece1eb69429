import fcntl
import os
from pathlib import Path

import pytest

from shared.adapters.metrics.folder import keep_folder, make_folder, remove_abandoned


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_it_is_private_has_its_files_and_nothing_of_before() -> None:
    folder = make_folder("metrics-intake-9100", 2)
    (folder / "counter_1.db").write_bytes(b"counts of before")
    (folder / "counter_7.db").write_bytes(b"counts of before")

    again = make_folder("metrics-intake-9100", 2)

    assert again == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    places = ("main", "1", "2")
    assert {file.name for file in folder.iterdir()} == {
        f"{kind}_{place}.db" for kind in ("counter", "histogram") for place in places
    }
    for file in folder.iterdir():
        # With their room on the disk, so that a process that writes never finds it full.
        assert file.stat().st_blocks * 512 >= file.stat().st_size > 0
        assert not any(file.read_bytes())


def test_a_folder_that_others_can_look_into_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"faultline-{os.getuid()}-metrics-intake-9100").mkdir(mode=0o755)

    with pytest.raises(OSError, match="not a private folder"):
        make_folder("metrics-intake-9100", 1)


def test_a_link_that_somebody_left_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "theirs").touch()
    (tmp_path / f"faultline-{os.getuid()}-metrics-intake-9100").symlink_to(elsewhere)

    with pytest.raises(OSError, match="not a private folder"):
        make_folder("metrics-intake-9100", 1)
    assert (elsewhere / "theirs").exists()


def test_one_that_is_kept_is_locked_against_what_clears_old_files() -> None:
    folder = make_folder("metrics-intake-9100", 1)
    kept, cleaner = keep_folder(folder), os.open(folder, os.O_RDONLY)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(cleaner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(kept)
        fcntl.flock(cleaner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(cleaner)


def test_what_killed_workers_left_goes_and_what_is_kept_or_new_or_anothers_stays(tmp_path: Path) -> None:
    own, left, kept, new = (make_folder(f"metrics-intake-{port}", 1) for port in (9100, 9201, 9202, 9203))
    shared = tmp_path / "elsewhere"
    shared.mkdir(mode=0o700)
    link = tmp_path / f"faultline-{os.getuid()}-metrics-intake-9204"
    link.symlink_to(shared)
    for folder in (own, left, kept, shared):
        os.utime(folder, (0, 0))
    lock = keep_folder(kept)
    try:
        remove_abandoned("metrics", but=own)
    finally:
        os.close(lock)

    assert not left.exists()
    assert all(folder.exists() for folder in (own, kept, new, link, shared))
