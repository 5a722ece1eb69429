"""How the stand-in API server speaks HTTP, and how its answers break off."""

import gzip
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tests.support.kube_faults import Fault, FaultKind

# As real servers: smaller answers are not worth it.
_GZIP_FROM = 128 << 10
_CHUNK = 32 << 10


class Kube(Protocol):
    """What answers."""

    stopping: Event
    has_gzip: bool

    def answer(self, exchange: "Exchange") -> None:
        """Answer one request."""
        ...


@dataclass
class Exchange:
    """One request, and the way to answer it."""

    method: str
    path: str
    query: dict[str, str]
    token: str
    accept: str
    body: bytes
    media: str
    wire: "Wire" = field(repr=False)

    def send(
        self,
        code: int,
        document: Any,
        *,
        headers: dict[str, str] | None = None,
        fault: Fault | None = None,
        media: str = "application/json",
    ) -> None:
        """Send JSON."""
        self.send_bytes(code, msgspec.json.encode(document), media, headers=headers, fault=fault)

    def send_text(self, code: int, text: str) -> None:
        """Send plain text."""
        self.send_bytes(code, text.encode(), "text/plain; charset=utf-8")

    def send_bytes(
        self,
        code: int,
        body: bytes,
        media: str,
        *,
        headers: dict[str, str] | None = None,
        fault: Fault | None = None,
    ) -> None:
        """Send a body, or of it what the fault lets through."""
        self.wire.reply(code, body, {"Content-Type": media, **(headers or {})}, fault)


class Wire(BaseHTTPRequestHandler):
    """One connection; kept for many requests, as a real server's is."""

    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; without this, each answer waits for a delayed acknowledgement.
    disable_nagle_algorithm = True
    kube: ClassVar[Kube]

    def handle_one_request(self) -> None:
        """Answer the next request of the connection; a client that went away is none."""
        with suppress(OSError):
            super().handle_one_request()
            return
        self.close_connection = True

    def do_GET(self) -> None:
        self._exchange()

    def do_POST(self) -> None:
        self._exchange()

    def do_PATCH(self) -> None:
        self._exchange()

    def do_DELETE(self) -> None:
        self._exchange()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base names it so.
        """Say nothing."""

    def _exchange(self) -> None:
        address = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        exchange = Exchange(
            self.command,
            address.path,
            dict(parse_qsl(address.query)),
            token,
            self.headers.get("Accept", ""),
            self.rfile.read(length),
            self.headers.get("Content-Type", ""),
            self,
        )
        self.kube.answer(exchange)

    def reply(self, code: int, body: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        """Send an answer whole, or as the fault has it."""
        kind = fault.kind if fault else None
        if kind is FaultKind.BROKEN_JSON:
            body = body[: max(1, len(body) * 2 // 3)]
        if kind in {FaultKind.SLOW, FaultKind.TRUNCATED, FaultKind.RESET} and fault:
            self._break_off(code, body, headers, fault)
            return
        is_zipped = self.kube.has_gzip and len(body) > _GZIP_FROM and "gzip" in self.headers.get("Accept-Encoding", "")
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if is_zipped:
            self._send_zipped(body)
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _send_zipped(self, body: bytes) -> None:
        """Send in chunks of unknown number, as a real server does what it compresses."""
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        packed = gzip.compress(body, 1)
        for at in range(0, len(packed), _CHUNK):
            part = packed[at : at + _CHUNK]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def reply_half(self, code: int, body: bytes) -> None:
        """Send half of an answer, and close."""
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])

    def go_silent(self) -> None:
        """Send nothing until the server stops, and then close."""
        self.close_connection = True
        self.kube.stopping.wait()

    def cut(self) -> None:
        """Close the connection without a word, as a crash does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _break_off(self, code: int, body: bytes, headers: dict[str, str], fault: Fault) -> None:
        self.close_connection = True
        if fault.bytes or fault.kind is FaultKind.TRUNCATED:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(max(len(body), fault.bytes + 1)))
            self.end_headers()
            self.wfile.write(body[: fault.bytes])
            self.wfile.flush()
        if fault.kind is FaultKind.SLOW:
            self.kube.stopping.wait()
        if fault.kind is FaultKind.RESET:
            # Closing at once what is not yet sent is a reset.
            self.cut()
