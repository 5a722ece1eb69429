from pathlib import Path

import pytest

from shared.adapters.private_folder import FolderNotPrivate, make_private_folder, private_path


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_it_is_made_once_closed_to_others_and_keeps_what_is_in_it() -> None:
    folder = make_private_folder("counts")
    (folder / "kept").touch()

    assert make_private_folder("counts") == folder == private_path("counts")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "kept").exists()


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o702, 0o1700, 0o500])
def test_one_of_another_mode_is_refused_and_left_as_it_is(mode: int) -> None:
    path = private_path("counts")
    path.mkdir()
    path.chmod(mode)

    with pytest.raises(FolderNotPrivate, match=r"counts is not a private folder of this user"):
        make_private_folder("counts")
    assert path.stat().st_mode & 0o7777 == mode


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    private_path("counts").symlink_to(elsewhere)

    with pytest.raises(FolderNotPrivate):
        make_private_folder("counts")


def test_a_link_to_nowhere_makes_no_folder_there(tmp_path: Path) -> None:
    private_path("counts").symlink_to(tmp_path / "nowhere")

    with pytest.raises(FolderNotPrivate):
        make_private_folder("counts")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_none() -> None:
    private_path("counts").touch(mode=0o700)

    with pytest.raises(FolderNotPrivate):
        make_private_folder("counts")


def test_one_that_cannot_be_made_is_another_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))

    with pytest.raises(FileNotFoundError):
        make_private_folder("counts")
