"""The listener a worker's metrics are read at: one path, small requests, little time, few at once."""

import io
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

import structlog

from shared.bearer import shows_key

log = structlog.get_logger(__name__)

_MOST_BYTES = 16 << 10
_MOST_AT_ONCE = 4
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
Request = socket.socket | tuple[bytes, socket.socket]


class MetricsListener(socketserver.ThreadingTCPServer):
    """Listens from when it is made, and answers from ``start`` on, in threads of this process."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16
    # For the request, and again for the answer.
    most_seconds = 5.0

    def __init__(self, host: str, port: int, key: str | None = None) -> None:
        """Raise ``OSError`` if it cannot listen there. With a ``key``, who does not show it is refused."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        self.address_family = found[0]
        self.key = key
        self.render: Callable[[], bytes] = bytes
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self.server_address[1]
        return port

    def start(self, render: Callable[[], bytes]) -> None:
        """Answer with what ``render`` returns, which may be called by several threads at once."""
        self.render = render
        threading.Thread(target=self.serve_forever, name="metrics", daemon=True).start()

    def process_request(self, request: Request, client_address: object) -> None:
        """Let a thread answer, or nobody where enough are at it."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Request, client_address: object) -> None:
        """Answer one request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, _request: Request, client_address: object) -> None:
        """Say what happened: mostly, somebody went away before the answer."""
        log.debug("a request for metrics was not answered", of=client_address, problem=repr(sys.exception()))


class _Bounded(io.RawIOBase):
    """What a client sends; ``OSError`` once it takes too long over it, or it is too much."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection, self._seconds = connection, seconds
        self._ends_at = time.monotonic() + seconds
        self._room = _MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer, for which there is no name yet.
        view = memoryview(buffer)[: self._room]
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if not len(view):
            raise OSError("the request is too large")
        self._connection.settimeout(left)
        count = self._connection.recv_into(view)
        self._room -= count
        # Of the answer as a whole: whoever does not take it is let go.
        self._connection.settimeout(self._seconds)
        return count


class _Handler(BaseHTTPRequestHandler):
    server: MetricsListener

    def version_string(self) -> str:
        """Return what the header Server says: not which Python this is."""
        return "faultline"

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_Bounded(self.connection, self.server.most_seconds))

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self._answer(HTTPStatus.NOT_FOUND)
        elif not self._is_allowed():
            self._answer(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Bearer realm="faultline"'})
        else:
            self._answer_metrics()

    def send_error(self, code: int, *_: str | None) -> None:
        """Answer what http.server itself refuses: a method that is not there is as unknown as a path."""
        is_unknown = code == HTTPStatus.NOT_IMPLEMENTED
        self._answer(HTTPStatus.NOT_FOUND if is_unknown else HTTPStatus(code))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name http.server gives it.
        """Say nothing: whoever scrapes comes every few seconds."""

    def _is_allowed(self) -> bool:
        key = self.server.key
        return key is None or shows_key(self.headers.get("Authorization", ""), key)

    def _answer_metrics(self) -> None:
        try:
            body = self.server.render()
        except Exception:
            # The outermost edge of this thread: the work of the worker goes on.
            log.exception("the metrics cannot be read")
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        self._answer(HTTPStatus.OK, body=body)

    def _answer(self, status: HTTPStatus, headers: dict[str, str] | None = None, body: bytes | None = None) -> None:
        body = f"{status.value} {status.phrase}\n".encode() if body is None else body
        self.send_response(status)
        for name, value in {"Content-Type": _TEXT, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
