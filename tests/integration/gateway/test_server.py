"""The real server on a real socket: limits, chunks, keep-alive, slow clients, stopping."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from services.gateway import server as server_module
from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.json_store import open_json_store
from services.gateway.domain.records import Role
from services.gateway.server import AppServer
from shared.adapters.clock import SystemClock
from tests.support.gateway import GatewayUnderTest, a_gateway

LIMIT = 50_000


@pytest.fixture
def gw(tmp_path: Path) -> Iterator[GatewayUnderTest]:
    clock = SystemClock()
    store = open_json_store(tmp_path, clock=clock)
    yield a_gateway(store=store, blobs=FileBlobs(tmp_path / "blobs"), max_body_bytes=LIMIT)
    store.close()


@pytest.fixture
def server(gw: GatewayUnderTest) -> Iterator[AppServer]:
    found = AppServer(gw.app, "127.0.0.1", 0, threads=4, max_body_bytes=LIMIT, name="test")
    found.start(on_failure=lambda: None)
    yield found
    found.stop()


class Client:
    """A socket that says exactly what the test says."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")

    def send(self, *parts: bytes) -> None:
        self.socket.sendall(b"".join(parts))

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self.file.readline().split()[1])
        headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, self.file.read(int(headers["content-length"]))

    def is_closed(self) -> bool:
        return self.file.read(1) == b""

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def client(server: AppServer) -> Iterator[Client]:
    found = Client(server.port)
    yield found
    found.close()


def head(gw: GatewayUnderTest, path: str, *headers: str, method: str = "POST") -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {gw.secrets[Role.ADMIN]}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def post(gw: GatewayUnderTest, body: bytes, *headers: str) -> bytes:
    return head(gw, "/api/intake/alertmanager", f"Content-Length: {len(body)}", *headers) + body


def problem(answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    status, headers, body = answer
    assert headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(body)
    assert found["status"] == status
    assert found["instance"] == headers["x-request-id"]
    return found


def test_many_requests_go_over_one_connection(gw: GatewayUnderTest, client: Client):
    for number in range(20):
        client.send(post(gw, b"%d" % number))
        assert client.answer()[0] == 202

    assert gw.get("/api/deliveries").json["total"] == 20


def test_requests_sent_at_once_are_answered_in_order(gw: GatewayUnderTest, client: Client):
    client.send(post(gw, b"1"), head(gw, "/healthz", method="GET"), post(gw, b"2"))

    assert [client.answer()[0] for _ in range(3)] == [202, 200, 202]


def test_a_chunked_body_is_kept_whole(gw: GatewayUnderTest, client: Client):
    client.send(
        head(gw, "/api/intake/alertmanager", "Transfer-Encoding: chunked"), b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    )
    status, _, body = client.answer()
    kept = gw.get(f"/api/deliveries/{json.loads(body)['deliveryId']}/body")

    assert (status, kept.data) == (202, b"hello world")
    client.send(head(gw, "/healthz", method="GET"))
    assert client.answer()[0] == 200


def test_a_declared_body_above_the_limit_is_refused_and_the_answer_arrives(gw: GatewayUnderTest, client: Client):
    client.send(post(gw, b"x" * (LIMIT + 1)))

    assert problem(client.answer())["code"] == "body_too_large"
    assert client.is_closed()


@pytest.mark.parametrize("chunk", [b"x" * (LIMIT + 1), b"x" * 10_000])
def test_chunks_above_the_limit_are_refused_and_the_answer_arrives(gw, client: Client, chunk: bytes):
    client.send(head(gw, "/api/intake/alertmanager", "Transfer-Encoding: chunked"))
    client.send(*[b"%x\r\n%s\r\n" % (len(chunk), chunk)] * 7, b"0\r\n\r\n")

    assert problem(client.answer())["code"] == "body_too_large"
    assert client.is_closed()
    assert gw.get("/api/deliveries").json["total"] == 0


def test_a_body_that_breaks_off_is_never_a_delivery(gw: GatewayUnderTest, client: Client):
    client.send(head(gw, "/api/intake/alertmanager", "Content-Length: 100"), b"only this")
    client.socket.shutdown(socket.SHUT_WR)

    assert problem(client.answer())["code"] == "malformed_request"
    assert gw.get("/api/deliveries").json["total"] == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_too(client: Client, raw: bytes):
    client.send(raw)

    assert problem(client.answer())["code"] == "malformed_request"


def test_endless_headers_are_refused(gw: GatewayUnderTest, client: Client):
    client.send(head(gw, "/healthz", *[f"X-{n}: {'y' * 1000}" for n in range(40)], method="GET"))

    assert client.answer()[0] == 413


def test_a_header_with_underscores_does_not_pass_for_another(gw: GatewayUnderTest, client: Client):
    client.send(head(gw, "/healthz", "X_Request_Id: forged", method="GET"))

    assert client.answer()[1]["x-request-id"] != "forged"


def test_a_client_that_trickles_is_cut_off(server: AppServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_module, "REQUEST_SECONDS", 0.3)
    client = Client(server.port)
    client.send(b"GET /healthz HT")

    assert problem(client.answer())["code"] == "request_timeout"
    assert client.is_closed()
    client.close()


def test_silent_connections_take_no_thread(gw: GatewayUnderTest, server: AppServer, client: Client):
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    client.send(head(gw, "/healthz", method="GET"))

    assert client.answer()[0] == 200
    for one in silent:
        one.close()


def test_stopping_finishes_the_request_under_way(gw: GatewayUnderTest):
    began, go_on = threading.Event(), threading.Event()

    @gw.app.get("/slow")
    def slow() -> str:
        began.set()
        go_on.wait(10)
        return "done"

    server = AppServer(gw.app, "127.0.0.1", 0, threads=2, max_body_bytes=LIMIT, name="test")
    server.start(on_failure=lambda: None)
    client = Client(server.port)
    client.send(head(gw, "/slow", method="GET"))
    assert began.wait(10)
    stopper = threading.Thread(target=server.stop)
    stopper.start()
    go_on.set()

    assert client.answer()[2] == b"done"
    stopper.join(20)
    assert not stopper.is_alive()
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", server.port), timeout=2)
    client.close()


def test_many_senders_at_once_lose_nothing(gw: GatewayUnderTest, server: AppServer):
    statuses: list[int] = []

    def send(number: int) -> None:
        client = Client(server.port)
        for turn in range(10):
            client.send(post(gw, b"%d-%d" % (number, turn)))
            statuses.append(client.answer()[0])
        client.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [202] * 160
    assert gw.get("/api/deliveries").json["total"] == 160


def test_incidents_survive_reopening_the_store(tmp_path: Path):
    clock = SystemClock()
    store = open_json_store(tmp_path, clock=clock)
    gw = a_gateway(store=store)
    made = gw.open_incident(title="Kept")
    first = gw.patch("/api/incidents/INC-1", json={"status": "triage"}, headers={"Idempotency-Key": "once"})
    store.close()

    store = open_json_store(tmp_path, clock=clock)
    gw = a_gateway_over(store, gw)
    assert gw.get("/api/incidents/INC-1").json == {**first.json}
    again = gw.patch("/api/incidents/INC-1", json={"status": "triage"}, headers={"Idempotency-Key": "once"})
    assert again.data == first.data
    assert gw.get("/api/verify").json["problems"] == []
    assert made["title"] == "Kept"
    store.close()


def a_gateway_over(store: Any, before: GatewayUnderTest) -> GatewayUnderTest:
    """The same tokens are in the store already."""
    gw = a_gateway(store=store, with_tokens=False)
    gw.secrets.update(before.secrets)
    return gw


@pytest.mark.timeout(30)
def test_a_stop_does_not_wait_for_the_next_look_of_the_accepting_thread(gw: GatewayUnderTest) -> None:
    server = AppServer(gw.app, "127.0.0.1", 0, threads=2, max_body_bytes=LIMIT, name="test")
    server._server.expiration_interval = 3_600
    server.start(on_failure=lambda: None)
    with requests.Session() as kept:
        # Its answer says that the thread has begun to wait for whoever comes next.
        assert kept.get(f"http://127.0.0.1:{server.port}/healthz", timeout=10).status_code == 200
        server.stop()

    assert server._thread is not None
    assert not server._thread.is_alive()
