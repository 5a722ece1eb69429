"""Live streams on a real socket over a real store: they arrive as they happen, and never hold what others need."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.exit_codes import ExitCode
from services.cli.main import cli
from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.json_store import open_json_store
from services.gateway.api.auth import Authenticator
from services.gateway.app import create_app
from services.gateway.domain.records import Role
from services.gateway.live.board import LiveBoard
from services.gateway.server import AppServer
from shared.adapters.clock import SystemClock
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.waiting import wait_until


class Reader:
    """Reads a stream event by event."""

    def __init__(self, port: int, token: str, path: str = "/api/stream", after: str | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")
        lines = [f"GET {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}"]
        lines += [f"Last-Event-ID: {after}"] if after else []
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def next(self) -> dict[str, str]:
        """Return the next event; an empty one at the end of the stream. Chunk sizes and comments are passed over."""
        fields: dict[str, str] = {}
        while line := self.file.readline().decode():
            name, is_field, value = line.strip().partition(": ")
            if is_field and name:
                fields[name] = value
            elif "event" in fields:
                return fields
            elif line.strip() == "0":
                # The chunk that ends the answer.
                return {}
        return {}

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def gw(tmp_path: Path) -> Iterator[GatewayUnderTest]:
    store = open_json_store(tmp_path, clock=SystemClock())
    yield a_gateway(store=store, blobs=FileBlobs(tmp_path / "blobs"), streams=2)
    store.close()


@pytest.fixture
def board(gw: GatewayUnderTest) -> LiveBoard:
    return LiveBoard(gw.store)


@pytest.fixture
def server(gw: GatewayUnderTest, board: LiveBoard) -> Iterator[AppServer]:
    app = create_app(gw.gateway, Authenticator(gw.store, gw.clock), board)
    found = AppServer(app, "127.0.0.1", 0, threads=4, max_body_bytes=50_000, name="test")
    found.start(on_failure=lambda: None)
    yield found
    board.close()
    found.stop()


def open_streams(server: AppServer) -> str:
    """Return the gauge of open streams, as the server that has them says it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    return next(line for line in text.splitlines() if line.startswith("faultline_streams_open"))


def go_away(reader: Reader, server: AppServer) -> None:
    """Close the stream, and return when the server knows."""
    reader.close()
    wait_until(lambda: open_streams(server) == "faultline_streams_open 0.0", "the stream to be given up")


def test_a_change_arrives_while_the_stream_is_open(gw, server):
    reader = Reader(server.port, gw.secrets[Role.VIEWER])
    assert reader.next()["event"] == "ready"
    incident = gw.open_incident()
    changed = reader.next()
    assert changed["event"] == "changed"
    assert json.loads(changed["data"])["incidentId"] == incident["id"]
    reader.close()


def test_who_comes_back_misses_nothing_and_gets_nothing_twice(gw, server):
    reader = Reader(server.port, gw.secrets[Role.VIEWER])
    after = reader.next()["id"]
    go_away(reader, server)
    made = [gw.open_incident()["id"] for _ in range(3)]
    reader = Reader(server.port, gw.secrets[Role.VIEWER], after=after)
    assert reader.next()["event"] == "ready"
    told = [reader.next() for _ in made]
    assert [json.loads(event["data"])["incidentId"] for event in told] == made
    go_away(reader, server)
    reader = Reader(server.port, gw.secrets[Role.VIEWER], after=told[-1]["id"])
    assert reader.next()["event"] == "ready"
    newest = gw.open_incident()["id"]
    assert json.loads(reader.next()["data"])["incidentId"] == newest
    reader.close()


def test_a_storm_is_put_together_so_that_a_page_keeps_up(gw, server):
    incident = gw.open_incident()
    reader = Reader(server.port, gw.secrets[Role.VIEWER], path=f"/api/incidents/{incident['id']}/stream")
    reader.next()
    for number in range(300):
        gw.post(f"/api/incidents/{incident['id']}/timeline", json={"message": f"Note {number}"})
    last = str(gw.store.last_seq)
    count = 1
    while reader.next().get("id") != last:
        count += 1
    assert count < 100
    reader.close()


def test_a_client_that_goes_away_gives_its_place_back(gw, server):
    readers = [Reader(server.port, gw.secrets[Role.VIEWER]) for _ in range(2)]
    assert [reader.next()["event"] for reader in readers] == ["ready", "ready"]
    refused = Reader(server.port, gw.secrets[Role.ADMIN])
    assert refused.status == 503
    for reader in (refused, *readers):
        reader.close()
    wait_until(lambda: open_streams(server) == "faultline_streams_open 0.0", "both places to be free")
    reader = Reader(server.port, gw.secrets[Role.ADMIN])
    assert reader.status == 200
    reader.close()


def test_streams_end_when_the_gateway_stops(gw, server, board):
    reader = Reader(server.port, gw.secrets[Role.VIEWER])
    assert reader.next()["event"] == "ready"
    threading.Timer(0, board.close).start()
    assert reader.next() == {}
    reader.close()


def test_a_token_that_is_revoked_loses_its_stream(gw, server):
    made = gw.post("/api/tokens", json={"name": "ann", "role": "viewer"}).json
    reader = Reader(server.port, made["token"])
    assert reader.next()["event"] == "ready"
    gw.call("DELETE", f"/api/tokens/{made['id']}")
    gw.open_incident()
    # One more event may have been on its way.
    last = reader.next()
    assert last == {} or reader.next() == {}
    reader.close()


def test_the_command_line_follows_and_says_each_change_on_a_line(gw, server, monkeypatch):
    monkeypatch.setenv("FAULTLINE_URL", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("FAULTLINE_TOKEN", gw.secrets[Role.VIEWER])
    made: list[str] = []

    def open_one() -> None:
        wait_until(lambda: open_streams(server) == "faultline_streams_open 1.0", "the command to follow")
        made.append(gw.open_incident(title="Checkout is down", severity="high")["id"])

    thread = threading.Thread(target=open_one)
    thread.start()
    result = CliRunner().invoke(cli, ["watch", "--seconds", "3"])
    thread.join()
    assert result.exit_code == 0, result.output
    # The gateway's own log goes to the same place here.
    (line,) = [line for line in result.stdout.splitlines() if "INC-1" in line]
    assert "INC-1  Checkout is down  (high, new)  incident, timeline" in line
    refused = CliRunner().invoke(cli, ["watch", "INC-99", "--seconds", "1"])
    assert refused.exit_code == ExitCode.NOT_FOUND
