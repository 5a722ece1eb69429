"""What two servers in a row might read differently is refused by the real server."""

import socket
from collections.abc import Iterator

import pytest

from services.gateway.server import AppServer
from tests.support.gateway import GatewayUnderTest, a_gateway


@pytest.fixture
def gateway() -> GatewayUnderTest:
    return a_gateway()


@pytest.fixture
def port(gateway: GatewayUnderTest) -> Iterator[int]:
    found = AppServer(gateway.app, "127.0.0.1", 0, threads=4, max_body_bytes=50_000, name="test")
    found.start(on_failure=lambda: None)
    yield found.port
    found.stop()


def exchange(port: int, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(raw)
        with connection.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(
    "repeated",
    [
        b"Content-Length: 3\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\n 3\r\n",
        b"Content-Length: 5\r\nHost: another\r\n",
        b"Content-Length: 5\r\nAuthorization: Bearer another\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_header_that_must_stand_once_is_refused_when_it_stands_twice(
    gateway: GatewayUnderTest, port: int, repeated: bytes
) -> None:
    token = f"Authorization: Bearer {next(iter(gateway.secrets.values()))}\r\n".encode()
    before = gateway.store.last_seq

    answer = exchange(
        port, b"POST /api/intake/alertmanager HTTP/1.1\r\nHost: test\r\n" + token + repeated + b"\r\n" + b"hello"
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"malformed_request"' in answer
    assert gateway.store.last_seq == before


@pytest.mark.parametrize("path", [b"/api//docs", b"/api/incidents//", b"/healthz//"])
def test_a_path_with_a_slash_too_many_is_unknown_and_leads_nowhere(port: int, path: bytes) -> None:
    answer = exchange(port, b"GET " + path + b" HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"evil.example" not in answer
