"""Where `faultline up` lets the workers serve their metrics."""

import socket
from pathlib import Path

import pytest

from services.cli.errors import CommandFailed
from services.cli.supervisor import addresses
from services.cli.supervisor.plan import Plan, make_plan, read_up_settings

WORKERS = ("intake", "graph", "actions")
SETTING = "FAULTLINE_METRICS_PORT"


def a_plan(data_dir: Path, **env: str) -> Plan:
    environ = {
        "FAULTLINE_DATA_DIR": str(data_dir),
        "FAULTLINE_PORT": "0",
        "FAULTLINE_BROKER_URL": "redis://127.0.0.1:1/0",
        **env,
    }
    return make_plan(read_up_settings(environ), environ)


def ports(plan: Plan) -> list[int]:
    """Return the port each worker is given, which must be the one that is shown."""
    given = {child.name: child.env[SETTING] for child in plan.children if child.name in WORKERS}
    assert plan.metrics_urls == {name: f"http://127.0.0.1:{port}/metrics" for name, port in given.items()}
    return [int(given[name]) for name in WORKERS]


def three_free() -> int:
    """Return a port that is free together with the two after it."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
            try:
                for after in (port + 1, port + 2):
                    socket.create_server(("127.0.0.1", after)).close()
            except (OSError, OverflowError):
                continue
            return port


def test_each_worker_has_a_port_of_its_own(tmp_path: Path) -> None:
    plan = a_plan(tmp_path)

    assert len(set(ports(plan))) == 3
    assert all(child.env.get(SETTING) is None for child in plan.children if child.name == "gateway")


def test_the_usual_port_is_left_to_who_has_it(tmp_path: Path) -> None:
    # Whether it is ours or that of somebody else on this machine: it is taken.
    try:
        taken = socket.create_server(("127.0.0.1", 9102))
    except OSError:
        taken = socket.socket()
    with taken:
        assert 9102 not in ports(a_plan(tmp_path))


def test_ports_that_were_asked_for_are_given_in_turn(tmp_path: Path) -> None:
    first = three_free()

    assert ports(a_plan(tmp_path, FAULTLINE_METRICS_PORT=str(first))) == [first, first + 1, first + 2]


def test_a_port_that_was_asked_for_is_picked_for_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, really = three_free(), addresses.find_free_port
    asked = (first, first + 1, first + 2)

    def find(host: str, avoid: frozenset[int], **words: str) -> int:
        """The kernel picks as it likes: those that were asked for, if it may."""
        return next((port for port in asked if port not in avoid), 0) or really(host, avoid, **words)

    monkeypatch.setattr(addresses, "find_free_port", find)

    assert ports(a_plan(tmp_path, FAULTLINE_METRICS_PORT=str(first))) == [*asked]


def test_one_that_was_asked_for_and_is_taken_is_refused(tmp_path: Path) -> None:
    first = three_free()
    advice = rf"Set {SETTING} to another port \(0 leaves them out\)\."
    with socket.create_server(("127.0.0.1", first + 1)), pytest.raises(CommandFailed, match=advice):
        a_plan(tmp_path, FAULTLINE_METRICS_PORT=str(first))


def test_zero_leaves_them_out(tmp_path: Path) -> None:
    plan = a_plan(tmp_path, FAULTLINE_METRICS_PORT="0")

    assert plan.metrics_urls == {}
    assert {child.env[SETTING] for child in plan.children if child.name in WORKERS} == {"0"}


@pytest.mark.parametrize("setting", ["FAULTLINE_METRICS_KEY", "FAULTLINE_INTAKE_TOKEN", "FAULTLINE_ADMIN_TOKEN"])
def test_a_secret_that_cannot_be_used_is_refused_before_anything_starts(tmp_path: Path, setting: str) -> None:
    with pytest.raises(CommandFailed, match=setting):
        a_plan(tmp_path, **{setting: "short"})


@pytest.mark.parametrize("port", ["", "9300"])
def test_an_address_that_cannot_be_listened_on_names_its_own_setting(tmp_path: Path, port: str) -> None:
    with pytest.raises(CommandFailed, match=r"Cannot listen on 300\.1\.1\.1: .* Set FAULTLINE_METRICS_HOST\."):
        a_plan(tmp_path, FAULTLINE_METRICS_HOST="300.1.1.1", **{SETTING: port})
