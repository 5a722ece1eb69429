"""Serve a WSGI app on a socket: cheroot, with deadlines for slow clients and our problems for its own errors."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from threading import Semaphore, Thread
from typing import Any

import structlog
from cheroot import server as cheroot
from cheroot import wsgi
from cheroot.errors import MaxSizeExceeded
from flask import Flask
from werkzeug.exceptions import RequestEntityTooLarge

from services.gateway.api.problems import MEDIA_TYPE, problem_body
from services.gateway.errors import BodyTooLarge, MalformedRequest, RequestTimeout
from services.gateway.sockets import Reader, TimedSocket, Writer
from shared.errors import AppError
from shared.ids import new_request_id

log = structlog.get_logger(__name__)

# A request must have arrived whole within this, however its bytes trickle.
REQUEST_SECONDS = 30.0
IDLE_SECONDS = 60
# How long a thread waits for the next request of the connection it serves, before the selector watches it instead.
_LINGER_SECONDS = 0.02
# So many of the threads may wait so; the others serve whoever comes.
_LINGERING_SHARE = 0.75
STOP_SECONDS = 20
_WAKE_SECONDS = 0.01
MAX_HEADER_BYTES = 32 << 10
_LISTEN_BACKLOG = 512
_KEPT_CONNECTIONS = 2_000
_DRAIN_BYTES = 16 << 20
_DRAIN_SECONDS = 2.0
_TOO_LARGE = "Request Entity Too Large"  # What cheroot raises as a plain OSError.
_BY_STATUS: dict[int, type[AppError]] = {408: RequestTimeout, 413: BodyTooLarge, 500: AppError}


class _KnownBody(cheroot.KnownLengthRFile):
    """A body of declared length. One that breaks off is an error: half of a delivery must never pass for a whole."""

    def read(self, size: int | None = None) -> bytes:
        """Return the next bytes; raise ``ConnectionError`` when the client went away before the end."""
        data: bytes = super().read(size)
        # werkzeug would take the end of the stream for the end of the body.
        if not data and self.remaining > 0 and size != 0:
            self.remaining = 0  # Said once: the answer may still reach a client that only stopped sending.
            raise ConnectionError("the body broke off")
        return data


class _ChunkedBody(cheroot.ChunkedRFile):
    """A chunked body that answers 413, not 400, when it grows too large."""

    def _fetch(self) -> None:
        try:
            super()._fetch()  # type: ignore[misc]  # cheroot's stubs leave it out.
        except MaxSizeExceeded:
            raise RequestEntityTooLarge from None
        except OSError as error:
            if error.args and error.args[0] == _TOO_LARGE:
                raise RequestEntityTooLarge from None
            raise


class _HeaderReader(cheroot.HeaderReader):
    """Leaves out ``X_Request_Id``, which WSGI could not tell from ``X-Request-Id``. cheroot's own fails on bytes."""

    def _allow_header(self, key_name: bytes) -> bool:
        return b"_" not in key_name


class _Headers(dict[bytes, bytes]):
    """Refuses a second value where two servers in a row might each follow another one."""

    _SINGLE = frozenset({b"Authorization", b"Content-Length", b"Host"})

    def __setitem__(self, name: bytes, value: bytes) -> None:
        if name in self._SINGLE and name in self:
            raise ValueError(f"{name.decode()} stands there twice.")
        super().__setitem__(name, value)


class _Request(cheroot.HTTPRequest):
    """One request, with our words for what cheroot refuses by itself."""

    header_reader = _HeaderReader()

    def read_request_headers(self) -> bool:
        """Refuse what two servers in a row might understand differently."""
        self.inheaders = _Headers()
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        length = self.inheaders.get(b"Content-Length")
        if length is not None and (self.chunked_read or not length.isdigit()):
            self.simple_response("400 Bad Request", "Content-Length is not a number, or stands beside chunks.")
            return False
        return True

    def respond(self) -> None:
        """Call the app; a body it did not read to the end is drained when the connection closes."""
        limit = self.server.max_request_body_size
        if self.chunked_read:
            self.rfile = _ChunkedBody(self.conn.rfile, limit)
        else:
            self.rfile = _KnownBody(self.conn.rfile, int(self.inheaders.get(b"Content-Length", 0)))
        self.server.gateway(self).respond()
        if self.ready:
            self.ensure_headers_sent()
        self.conn.wfile.flush()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")
        unread = not self.rfile.closed if self.chunked_read else self.rfile.remaining > 0
        if unread:
            # What is left of the body would be read as the next request.
            self.close_connection = True
            self.conn.drain = True

    def send_headers(self) -> None:
        """Send the head with what follows it, which is written next, or flushed at the end."""
        self.conn.wfile.is_holding = True
        try:
            super().send_headers()
        finally:
            self.conn.wfile.is_holding = False

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer what never reaches the app, as problem+json, and close."""
        code = int(str(status)[:3])
        error = _BY_STATUS.get(code, MalformedRequest)(msg if code < HTTPStatus.INTERNAL_SERVER_ERROR else "")
        request_id = new_request_id()
        body = problem_body(error, request_id, status=code)
        head = (
            f"{self.server.protocol} {status}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
            f"X-Request-Id: {request_id}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        self.close_connection = True
        self.conn.drain = True
        log.info("request refused by the server", request_id=request_id, status=code)
        with suppress(OSError):
            self.conn.wfile.write(head.encode("latin-1") + body)


class _Gateway(wsgi.Gateway_10):
    """Lets a view that streams for minutes ask whether anybody still reads."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]  # cheroot's stubs leave its answer out.
        """Add the question to what WSGI says of a request."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ["faultline.is_gone"] = lambda: _is_gone(self.req.conn.socket)
        return environ


def _is_gone(sock: socket.socket) -> bool:
    # The socket never blocks; see sockets.py.
    try:
        return sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class _Connection(cheroot.HTTPConnection):
    """One connection, whose requests must arrive in time."""

    RequestHandlerClass = _Request

    def __init__(self, server: cheroot.HTTPServer, sock: socket.socket, makefile: object = None) -> None:  # noqa: ARG002
        super().__init__(server, sock, lambda *_: None)
        self._timed = TimedSocket(sock)
        self.rfile = Reader(self._timed)
        self.wfile = Writer(self._timed)
        self.is_new = True
        self.drain = False

    def communicate(self) -> bool:
        """Serve requests for as long as they follow at once and no other connection waits for the thread.

        To the selector and back each request would wake two threads more, which costs as much as many a view.
        """
        while self._serve_one():
            if not self._follows():
                return True
        return False

    def _serve_one(self) -> bool:
        self._timed.deadline = time.monotonic() + REQUEST_SECONDS
        return bool(super().communicate())  # type: ignore[no-untyped-call]

    def _follows(self) -> bool:
        if self.rfile.has_data():
            return True
        permits = self.server.lingering
        if self.server.requests.qsize or not self.server.ready or not permits.acquire(blocking=False):
            return False
        try:
            return self._timed.wait_readable(_LINGER_SECONDS)
        finally:
            permits.release()

    def close(self) -> None:
        """Close, but let a client that is still sending read the answer first: a reset would take it away."""
        if self.drain:
            with suppress(OSError):
                self._drain()
        super().close()

    def _drain(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)
        self.socket.settimeout(_DRAIN_SECONDS)
        end = time.monotonic() + _DRAIN_SECONDS
        left = _DRAIN_BYTES
        while left > 0 and time.monotonic() < end:
            received = len(self.socket.recv(1 << 16))
            if not received:
                return
            left -= received


class _CherootServer(wsgi.Server):
    ConnectionClass = _Connection
    # cheroot's default of ten would close the eleventh connection after every answer.
    keep_alive_conn_limit = _KEPT_CONNECTIONS
    lingering: Semaphore

    def process_conn(self, conn: cheroot.HTTPConnection) -> None:
        """Give a connection to a thread, but a new one only once it has said something."""
        if isinstance(conn, _Connection) and conn.is_new:
            conn.is_new = False
            self._connections.put(conn)  # type: ignore[attr-defined]  # cheroot's stubs leave it out.
        else:
            super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        """Log what cheroot has to say in our format; a connection that breaks off is everyday life."""
        log.log(level, "http server", problem=msg, exc_info=traceback)


class AppServer:
    """Serves one app on one address from threads of its own."""

    def __init__(self, app: Flask, host: str, port: int, *, threads: int, max_body_bytes: int, name: str) -> None:
        self._name = name
        self._server = _CherootServer(
            (host, port),
            app,
            numthreads=threads,
            max=threads,
            server_name="faultline",
            request_queue_size=_LISTEN_BACKLOG,
            timeout=IDLE_SECONDS,
            shutdown_timeout=STOP_SECONDS,
        )
        self._server.gateway = _Gateway
        self._server.lingering = Semaphore(int(threads * _LINGERING_SHARE))
        self._server.max_request_header_size = MAX_HEADER_BYTES
        self._server.max_request_body_size = max_body_bytes
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also when it was asked for any."""
        return int(self._server.bind_addr[1])

    def start(self, on_failure: Callable[[], None]) -> None:
        """Bind and serve; return once it listens. Raises ``OSError`` if the address is not to be had."""
        self._server.prepare()

        def serve() -> None:
            try:
                self._server.serve()
            except Exception:
                log.exception("http server failed", server=self._name)
                on_failure()

        self._thread = Thread(target=serve, name=f"{self._name}-accept", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more, finish the requests under way, and return; slow ones are cut off in the end."""
        Thread(target=self._wake, name=f"{self._name}-wake", daemon=True).start()
        self._server.stop()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _wake(self) -> None:
        """Make the accepting thread see that it should stop: it looks twice a second, and when somebody connects."""
        thread = self._thread
        while thread is not None and thread.is_alive():
            if not self._server.ready:
                with suppress(OSError), socket.create_connection(self._server.bind_addr[:2], timeout=1.0):
                    pass
            time.sleep(_WAKE_SECONDS)
