"""A proxy before the gateway's internal door, which holds a request or its answer at the point a test wants.

With a worker held there, it can be killed exactly then: what is held is let through afterwards, or thrown away.
"""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.support.waiting import PATIENCE_SECONDS


class Moment(StrEnum):
    """Before the door hears of a request, or after it answered and before the worker hears of that."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass
class Hold:
    """One point to be held at: the first request to ``path`` that gets there."""

    path: str
    moment: Moment
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    is_lost: bool = False

    def wait(self) -> None:
        """Return once a request is held."""
        assert self.reached.wait(PATIENCE_SECONDS), f"nothing came to the {self.moment} of {self.path}"

    def let_go(self, *, lose: bool = False) -> None:
        """Let what is held go on; with ``lose`` nobody ever gets it."""
        self.is_lost = lose
        self.released.set()


@dataclass
class HeldDoor:
    """The proxy. ``answered`` counts what the door answered, by path and status."""

    target: str
    url: str = ""
    answered: list[tuple[str, int]] = field(default_factory=list)
    _hold: Hold | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, path: str, moment: Moment) -> Hold:
        """Hold the next request to ``path`` at ``moment``."""
        self._hold = Hold(path, moment)
        return self._hold

    def passes(self, path: str, moment: Moment) -> bool:
        """Answer whether to go on, after a hold if there is one."""
        with self._lock:
            held = self._hold
            if held is None or (held.path, held.moment) != (path, moment):
                return True
            self._hold = None
        held.reached.set()
        held.released.wait(PATIENCE_SECONDS * 2)
        return not held.is_lost


@contextlib.contextmanager
def holding_door(target: str) -> Iterator[HeldDoor]:
    """Serve a proxy of the door at ``target`` until the block ends."""
    door = HeldDoor(target)

    class _Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.close_connection = True
            with contextlib.suppress(OSError, http.client.HTTPException):
                if not door.passes(self.path, Moment.REQUEST):
                    return
                status, kind, answer = _forward(door.target, self.path, dict(self.headers), body)
                door.answered.append((self.path, status))
                if not door.passes(self.path, Moment.ANSWER):
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so.
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    door.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _forward(target: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(urlsplit(target).netloc, timeout=30)
    try:
        kept: dict[str, str] = {name: headers[name] for name in ("Authorization", "Content-Type") if name in headers}
        connection.request("POST", path, body, kept)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read()
    finally:
        connection.close()
