"""Open and closed loops against the intake, and a watcher of when deliveries become visible."""

import http.client
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from tests.bench.alerts import AlertBodies
from tests.support.product import Product

_SAMPLE_EVERY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Shot:
    """One delivery: whether it got a 202, and after how long from when it was due."""

    ok: bool
    seconds: float


class Connection:
    """One persistent connection that sends deliveries."""

    def __init__(self, product: Product) -> None:
        parts = urlsplit(product.url)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self._headers = {**product.headers, "Content-Type": "application/json"}

    def send(self, body: bytes) -> str | None:
        """Send one delivery and return its id, or None when it was not accepted."""
        self._http.request("POST", "/api/intake/alertmanager", body, self._headers)
        response = self._http.getresponse()
        content = response.read()
        return str(msgspec.json.decode(content)["deliveryId"]) if response.status == 202 else None

    def state(self, delivery_id: str) -> str:
        """Return the state of a delivery."""
        self._http.request("GET", f"/api/deliveries/{delivery_id}", headers=self._headers)
        response = self._http.getresponse()
        return str(msgspec.json.decode(response.read())["state"])


def open_loop(
    product: Product,
    bodies: AlertBodies,
    alerts: int,
    rate: float,
    seconds: float,
    offer: Callable[[str, float], None],
    connections: int = 32,
) -> list[Shot]:
    """Send at ``rate`` a second for ``seconds``, on time whatever the answers do."""
    due: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
    shots: list[Shot] = []

    def fire() -> None:
        connection = Connection(product)
        while (item := due.get()) is not None:
            when, body = item
            delivery_id = connection.send(body)
            shots.append(Shot(delivery_id is not None, time.monotonic() - when))
            if delivery_id:
                offer(delivery_id, when)

    threads = [threading.Thread(target=fire, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        body = bodies.make(alerts)
        when = began + number / rate
        time.sleep(max(0.0, when - time.monotonic()))
        due.put((when, body))
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return shots


def closed_loop(
    product: Product,
    bodies: AlertBodies,
    alerts: int,
    connections: int,
    seconds: float,
    offer: Callable[[str, float], None],
) -> list[Shot]:
    """Keep ``connections`` requests under way for ``seconds``."""
    shots: list[Shot] = []
    deadline = time.monotonic() + seconds

    def fire() -> None:
        connection = Connection(product)
        while (began := time.monotonic()) < deadline:
            delivery_id = connection.send(bodies.make(alerts))
            shots.append(Shot(delivery_id is not None, time.monotonic() - began))
            if delivery_id:
                offer(delivery_id, began)

    threads = [threading.Thread(target=fire, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return shots


@dataclass(slots=True)
class Visible:
    """Samples of how long a delivery took from being due to having its outcome in the API."""

    seconds: list[float] = field(default_factory=list)
    offers: queue.SimpleQueue[tuple[str, float] | None] = field(default_factory=queue.SimpleQueue)
    next_at: float = 0.0

    def offer(self, delivery_id: str, when: float) -> None:
        """Offer a delivery to be watched; only one in a while is, so that watching costs little."""
        now = time.monotonic()
        if now >= self.next_at:
            self.next_at = now + _SAMPLE_EVERY_SECONDS
            self.offers.put((delivery_id, when))


@contextmanager
def watch_visible(product: Product) -> Iterator[Visible]:
    """Watch sampled deliveries until they are visible, as long as the block runs."""
    visible = Visible()

    def watch() -> None:
        connection = Connection(product)
        while (item := visible.offers.get()) is not None:
            delivery_id, when = item
            while connection.state(delivery_id) == "accepted" and time.monotonic() - when < 30:
                time.sleep(0.01)
            visible.seconds.append(time.monotonic() - when)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield visible
    finally:
        visible.offers.put(None)
        thread.join(60)
