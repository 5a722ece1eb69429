"""A closed loop over HTTP from a process of its own: a few connections, one thread, and little work a request.

``python -m tests.bench.http_load HOST PORT CONNECTIONS SECONDS`` reads the requests, whole, as one msgpack list from
standard input, sends them over and over, and writes a ``Load``. A client that shared the interpreter with anything
else, or parsed more than it must, would be what is measured.
"""

import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence

import msgspec

_RECEIVE = 1 << 18
_LENGTH = b"content-length:"


class Load(msgspec.Struct, frozen=True):
    """How long each answer took, in milliseconds and in order, over how many seconds, and how many had which status."""

    milliseconds: list[float]
    seconds: float
    statuses: dict[int, int]

    def at(self, quantile: float) -> float:
        """Return the milliseconds within which that share of all was answered."""
        return self.milliseconds[min(len(self.milliseconds) - 1, int(len(self.milliseconds) * quantile))]


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return one request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run_load(address: tuple[str, int], requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Keep ``connections`` requests under way for ``seconds``, from a process of its own."""
    host, port = address
    command = [sys.executable, "-m", "tests.bench.http_load", host, str(port), str(connections), str(seconds)]
    made = subprocess.run(command, input=msgspec.msgpack.encode(requests), check=True, stdout=subprocess.PIPE)
    return msgspec.msgpack.decode(made.stdout, type=Load)


class _Connection:
    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self._received = b""
        self._missing = 0

    def send(self, message: bytes) -> None:
        self.began = time.perf_counter()
        self.socket.sendall(message)

    def receive(self) -> int:
        """Return the status once the answer is here whole, else 0."""
        chunk = self.socket.recv(_RECEIVE)
        if not chunk:
            raise ConnectionError("the gateway closed the connection")
        self._received += chunk
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return 0
        self._received = b""
        return int(head[9:12])


def _length(head: bytes) -> int:
    if head[9:12] == b"304":
        return 0
    lower = head.lower()
    start = lower.index(_LENGTH) + len(_LENGTH)
    return int(lower[start:].split(b"\r\n", 1)[0])


def _loop(host: str, port: int, count: int, seconds: float, requests: list[bytes]) -> Load:
    selector = selectors.DefaultSelector()
    following = 0
    began = time.perf_counter()
    until = began + seconds
    taken: list[float] = []
    statuses: Counter[int] = Counter()
    for _ in range(count):
        connection = _Connection(host, port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(requests[following % len(requests)])
        following += 1
    open_count = count
    while open_count:
        for key, _ in selector.select():
            connection = key.data
            status = connection.receive()
            if not status:
                continue
            now = time.perf_counter()
            taken.append((now - connection.began) * 1000)
            statuses[status] += 1
            if now < until:
                connection.send(requests[following % len(requests)])
                following += 1
            else:
                selector.unregister(connection.socket)
                connection.socket.close()
                open_count -= 1
    taken.sort()
    return Load(taken, time.perf_counter() - began, dict(statuses))


def main() -> None:
    """Send what comes on standard input as the command line says."""
    host, port, count, seconds = sys.argv[1:]
    requests = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[bytes])
    sys.stdout.buffer.write(msgspec.msgpack.encode(_loop(host, int(port), int(count), float(seconds), requests)))


if __name__ == "__main__":
    main()
