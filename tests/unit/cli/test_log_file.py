"""The log of a child stays bounded."""

import errno
import os
from pathlib import Path

import pytest

from services.cli.supervisor.log_file import LogFile


def test_a_full_log_moves_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "gateway.log", max_bytes=10, keep_old=2)
    for number in range(5):
        log.write(f"line {number}\n".encode())
    log.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["gateway.log", "gateway.log.1", "gateway.log.2"]
    assert (tmp_path / "gateway.log").read_text() == "line 4\n"
    assert (tmp_path / "gateway.log.2").read_text() == "line 2\n"


def test_a_log_left_full_by_the_run_before_is_moved_aside_at_start(tmp_path: Path) -> None:
    (tmp_path / "gateway.log").write_text("x" * 20)

    LogFile(tmp_path / "gateway.log", max_bytes=10).close()

    assert (tmp_path / "gateway.log").read_text() == ""
    assert (tmp_path / "gateway.log.1").read_text() == "x" * 20


def test_only_its_owner_may_read_a_log(tmp_path: Path) -> None:
    LogFile(tmp_path / "gateway.log").close()

    assert (tmp_path / "gateway.log").stat().st_mode & 0o777 == 0o600


def test_the_last_lines_are_those_of_this_run(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "gateway.log")
    log.remember("before")
    log.forget()
    for number in range(20):
        log.remember(f"line {number}")
    log.close()

    assert log.tail() == [f"line {number}" for number in range(5, 20)]


def test_a_new_file_that_cannot_be_opened_costs_lines_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gateway.log.1").write_text("older")
    log = LogFile(tmp_path / "gateway.log", max_bytes=10)
    log.write(b"line 0\n")

    def refuse(*_args: object) -> int:
        raise OSError(errno.EMFILE, "too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        for _ in range(5):
            log.write(b"lost\n")
    log.write(b"line 1\n")
    log.close()

    assert (tmp_path / "gateway.log").read_text() == "line 1\n"
    assert (tmp_path / "gateway.log.1").read_text() == "line 0\n"
    assert (tmp_path / "gateway.log.2").read_text() == "older"
