"""Measure the HTTP API of a real gateway at 10,000 and 100,000 incidents; ends with 1 when a goal is missed.

Eight kept connections, each sending its next request when it has the answer to the last. Each operation is measured
several times, the operations in turn, so that the machine's moods fall on all alike; the best round counts, because
what other programs do to a shared machine only ever adds. CPU is what the kernel charged to the gateway.
"""

import argparse
import http.client
import itertools
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from rich.console import Console
from rich.table import Table

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.store import Options
from shared.adapters.clock import SystemClock
from tests.bench.cpu import cpu_seconds
from tests.bench.http_load import Load, request, run_load
from tests.bench.store_data import COMMON_WORD, YEAR_BEGINS, fill, incident_id
from tests.support.product import Product, running_product

GOAL_SIZE = 100_000
CONNECTIONS = 8
_SIZES = "10000,100000"
# Incidents that somebody has open, and asks for again and again.
_WATCHED = 200
_NEW_EACH = 50
_ASKED_FOR = 20_000
_STRIDE = 7_919
_OPEN = "new,triage,investigating,mitigated,monitoring"


@dataclass(frozen=True, slots=True)
class Operation:
    """Requests of one kind, and the status each must get."""

    name: str
    requests: Sequence[bytes]
    status: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One round of one operation; times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    cpu: float


class Client:
    """Writes requests, and makes single ones."""

    def __init__(self, product: Product) -> None:
        parts = urlsplit(product.url)
        self.address = (parts.hostname or "", parts.port or 0)
        self.headers = product.headers
        self._http = http.client.HTTPConnection(*self.address, timeout=30)

    def read_tag(self, path: str) -> str:
        """Return the ETag of what is at ``path``."""
        self._http.request("GET", path, headers=self.headers)
        response = self._http.getresponse()
        response.read()
        return response.headers["ETag"]

    def get(self, path: str, **headers: str) -> bytes:
        """Return a request that reads."""
        return request("GET", path, {**self.headers, **headers})

    def send(self, method: str, path: str, body: bytes) -> bytes:
        """Return a request that writes."""
        return request(method, path, self.headers, body)


def operations(client: Client, count: int) -> list[Operation]:
    """Return what is measured, reads before writes."""
    spread = [f"/api/incidents/{incident_id(n * _STRIDE % count)}" for n in range(min(count, _ASKED_FOR))]
    watched, written = spread[:_WATCHED], spread[_WATCHED:]
    tagged = [(path, client.read_tag(path)) for path in watched]
    return [
        Operation("detail: each another", [client.get(path) for path in spread], 200),
        Operation("detail: the same 200", [client.get(path) for path in watched], 200),
        Operation(
            "detail: If-None-Match hit", [client.get(path, **{"If-None-Match": tag}) for path, tag in tagged], 304
        ),
        Operation("list: newest 50", [client.get("/api/incidents")], 200),
        Operation("list: filter + text, polled", [client.get(path) for path in searches()], 200),
        Operation("list: filter + text", [client.get(path) for path in new_searches()], 200),
        Operation("facets: filter + text", [client.get(path) for path in _facets()], 200),
        Operation(
            "patch", [client.send("PATCH", path, b'{"owner":"ann-%d"}' % n) for n, path in enumerate(written)], 200
        ),
        Operation("append note", [client.send("POST", f"{path}/timeline", _NOTE) for path in written], 201),
    ]


_NOTE = b'{"message":"Rolled back checkout to 1.42; error rate falls."}'


def searches() -> list[str]:
    """Return pages of 50 with a filter and a text: rare words, common ones, two at once, and short ones."""
    texts = [
        *(f"zone-{n:03d}" for n in range(0, 1_000, 7)),
        *itertools.repeat(COMMON_WORD, 40),
        *(f"{COMMON_WORD} checkout-{n}" for n in range(20)),
        *(f"{part} latency" for part in ("payment", "search", "basket", "login", "invoice", "stock", "pricing")),
        *itertools.repeat("5x", 10),
    ]
    sorts = itertools.cycle(("-createdAt", "-updatedAt", "-severity", "-number"))
    # In an order in which no two neighbours are alike, as people's requests would come.
    mixed = sorted(enumerate(texts), key=lambda pair: pair[0] * _STRIDE % len(texts))
    return [
        "/api/incidents?" + urlencode({"status": _OPEN, "q": text, "limit": 50, "sort": next(sorts)})
        for _, text in mixed
    ]


def new_searches() -> list[str]:
    """Return the same, none of which was ever asked: each has an end of its own, after the newest incident."""
    endings = (YEAR_BEGINS + timedelta(days=800, seconds=n) for n in itertools.count())
    return [f"{path}&until={next(endings):%Y-%m-%dT%H:%M:%SZ}" for _ in range(_NEW_EACH) for path in searches()]


def _facets() -> list[str]:
    pages = (path.replace("/incidents?", "/incidents/facets?").partition("&limit=50") for path in new_searches())
    return [f"{before}&{after.rpartition('&')[2]}" for before, _, after in pages]


def measure(product: Product, count: int, rounds: int, seconds: float) -> dict[str, Figures]:
    """Return the best round of each operation."""
    client = Client(product)
    found: dict[str, list[Figures]] = {}
    todo = operations(client, count)
    for operation in todo:
        run_load(client.address, operation.requests, connections=CONNECTIONS, seconds=0.3)
    for _ in range(rounds):
        for operation in todo:
            found.setdefault(operation.name, []).append(_round(product, client, operation, seconds))
    return {name: _best(figures) for name, figures in found.items()}


def _round(product: Product, client: Client, operation: Operation, seconds: float) -> Figures:
    before = cpu_seconds(product)["gateway"]
    load = run_load(client.address, operation.requests, connections=CONNECTIONS, seconds=seconds)
    cpu = cpu_seconds(product)["gateway"] - before
    _check(operation, load)
    done = len(load.milliseconds)
    return Figures(done / load.seconds, load.at(0.5), load.at(0.99), cpu * 1000 / done)


def _check(operation: Operation, load: Load) -> None:
    others = {status: count for status, count in load.statuses.items() if status != operation.status}
    if others:
        raise SystemExit(f"{operation.name}: {others} instead of {operation.status}")


def _best(rounds: list[Figures]) -> Figures:
    return Figures(
        max(one.per_second for one in rounds),
        min(one.p50 for one in rounds),
        min(one.p99 for one in rounds),
        min(one.cpu for one in rounds),
    )


def show(count: int, figures: dict[str, Figures], console: Console) -> None:
    """Print the table of one size."""
    table = Table(title=f"{count:,} incidents, {CONNECTIONS} connections", title_justify="left")
    for head in ("operation", "requests/s", "p50 ms", "p99 ms", "CPU ms a request"):
        table.add_column(head, justify="left" if head == "operation" else "right")
    for name, one in figures.items():
        table.add_row(name, f"{one.per_second:,.0f}", f"{one.p50:.2f}", f"{one.p99:.2f}", f"{one.cpu:.2f}")
    console.print(table)


def goals(figures: dict[str, Figures]) -> list[tuple[str, str, bool]]:
    """Return each goal at the largest size: what it is, the figure, whether it is met."""
    listed, hit = figures["list: filter + text"], figures["detail: If-None-Match hit"]
    return [
        ("list: filter + text >= 500 requests/s", f"{listed.per_second:,.0f}", listed.per_second >= 500),
        ("list: filter + text, p50 < 15 ms", f"{listed.p50:.2f} ms", listed.p50 < 15),
        ("detail: If-None-Match hit <= 1 ms of gateway CPU", f"{hit.cpu:.2f} ms", hit.cpu <= 1),
    ]


def main() -> int:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=_SIZES, help="numbers of incidents, by comma")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each round of an operation")
    arguments = parser.parse_args()
    console = Console()
    figures: dict[str, Figures] = {}
    for count in sorted(int(size) for size in arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="faultline-bench-") as folder:
            fill_folder(Path(folder) / "data", count)
            with running_product(Path(folder)) as product:
                figures = measure(product, count, arguments.rounds, arguments.seconds)
        show(count, figures, console)
    console.print(f"\nGoals, at {count:,} incidents" + ("" if count >= GOAL_SIZE else f" (set for {GOAL_SIZE:,})"))
    results = goals(figures)
    for goal, figure, is_met in results:
        console.print(f"  {'met    ' if is_met else 'NOT MET'}  {goal}: {figure}")
    return 0 if all(is_met for _, _, is_met in results) else 1


def fill_folder(data_dir: Path, count: int) -> None:
    """Make a data folder with a store of ``count`` incidents in it."""
    data_dir.mkdir()
    store = open_json_store(data_dir, clock=SystemClock(), options=Options(views=False))
    fill(store, count)
    # A year's incidents do not come in a minute: their views would long have been written.
    (data_dir / "store" / "VIEWS").write_text(str(store.last_seq))
    store.close()


if __name__ == "__main__":
    sys.exit(main())
