from pathlib import Path

import pytest

from services.cli.errors import CommandFailed
from services.cli.supervisor.addresses import broker_socket_path


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "short"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_short_path_has_the_socket_in_the_folder_itself(short: Path) -> None:
    assert broker_socket_path(Path("/data/broker")) == Path("/data/broker/valkey.sock")
    assert not any(short.iterdir())


def test_a_long_path_has_it_in_a_private_folder_of_its_own_that_is_the_same_each_time(short: Path) -> None:
    one, other = (Path("/") / ("x" * 120) / name for name in ("one", "other"))

    path = broker_socket_path(one)

    assert path.parent.parent == short
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert broker_socket_path(one) == path != broker_socket_path(other)


def test_what_others_can_look_into_is_refused_with_a_way_out() -> None:
    folder = Path("/") / ("x" * 120)
    broker_socket_path(folder).parent.chmod(0o755)

    with pytest.raises(CommandFailed, match=r"not a private folder.*FAULTLINE_DATA_DIR"):
        broker_socket_path(folder)
