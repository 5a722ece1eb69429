"""The listener of a worker's metrics gives strangers little: one path, small requests, little time, few at once."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from shared.adapters.metrics.listener import MetricsListener
from tests.support.waiting import wait_until

PATIENCE_SECONDS = 60.0


class HastyListener(MetricsListener):
    most_seconds = 0.3


@contextlib.contextmanager
def serving(kind: type[MetricsListener] = MetricsListener, key: str | None = None) -> Iterator[MetricsListener]:
    listener = kind("127.0.0.1", 0, key)
    listener.start(lambda: b"figures 1\n")
    try:
        yield listener
    finally:
        listener.shutdown()
        listener.server_close()


def connect(listener: MetricsListener) -> socket.socket:
    return socket.create_connection(("127.0.0.1", listener.port), PATIENCE_SECONDS)


def everything(connection: socket.socket) -> bytes:
    """Return what comes until the other side ends it, however it does."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            found += piece
    return found


def ask(listener: MetricsListener, request: bytes) -> bytes:
    with connect(listener) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(request)
        return everything(connection)
    return b""


def test_it_answers_and_ends_the_connection() -> None:
    with serving() as listener:
        answer = ask(listener, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK")
    assert body == b"figures 1\n"
    assert b"Python" not in head


@pytest.mark.parametrize("shown", [b"Bearer the-key", b"bearer the-key"])
def test_with_a_key_only_who_shows_it_reads(shown: bytes) -> None:
    with serving(key="the-key") as listener:
        refused = ask(listener, b"GET /metrics HTTP/1.1\r\nAuthorization: Bearer another\r\n\r\n")
        without = ask(listener, b"GET /metrics HTTP/1.1\r\n\r\n")
        answer = ask(listener, b"GET /metrics HTTP/1.1\r\nAuthorization: " + shown + b"\r\n\r\n")

    assert refused.startswith(b"HTTP/1.0 401 ")
    assert without.startswith(b"HTTP/1.0 401 ")
    assert answer.endswith(b"figures 1\n")


def test_who_sends_bit_by_bit_is_let_go() -> None:
    with serving(HastyListener) as listener, connect(listener) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\n")

        assert b"200" not in everything(connection)
        assert b"200 OK" in ask(listener, b"GET /metrics HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /" + b"m" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"X-Many: x\r\n" * 2_000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
    ids=["a long path", "a long header", "many headers", "TLS", "no HTTP"],
)
def test_what_is_no_small_request_gets_no_figures(request_: bytes) -> None:
    with serving(HastyListener) as listener:
        assert b"figures" not in ask(listener, request_)
        assert b"figures" in ask(listener, b"GET /metrics HTTP/1.1\r\n\r\n")


def test_only_a_few_are_served_at_once() -> None:
    with serving() as listener, contextlib.ExitStack() as stack:
        for _ in range(4):
            held = stack.enter_context(connect(listener))
            held.sendall(b"GET /metrics HTTP/1.1\r\n")
        assert ask(listener, b"GET /metrics HTTP/1.1\r\n\r\n") == b""

        stack.close()
        wait_until(lambda: b"figures" in ask(listener, b"GET /metrics HTTP/1.1\r\n\r\n"), "room for another")


def test_figures_that_cannot_be_read_are_said_to_be_so() -> None:
    def fail() -> bytes:
        raise OSError("the folder is gone")

    listener = MetricsListener("127.0.0.1", 0)
    listener.start(fail)
    try:
        answer = ask(listener, b"GET /metrics HTTP/1.1\r\n\r\n")
    finally:
        listener.shutdown()
        listener.server_close()

    assert answer.startswith(b"HTTP/1.0 500 ")
    assert b"folder" not in answer
