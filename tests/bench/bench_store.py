"""Measure the JSON store at growing sizes and say whether each goal is met; ends with 1 when one is missed."""

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.check import rebuild_index
from services.gateway.adapters.json_store.store import Options
from services.gateway.domain.records import EntryDraft, EntryType, Incident, IncidentStatus
from services.gateway.ports import IncidentQuery, Store, Transaction
from shared.adapters.clock import SystemClock
from shared.contracts.severity import Severity
from tests.bench.store_data import COMMON_WORD, COMMON_WORDS, fill, incident_id

GOAL_SIZE = 100_000
_RUNS = 200
_WARM_UP = 5
_LENGTHS = (10, 1_000, 10_000)
_SORTS = ("-createdAt", "createdAt", "-updatedAt", "-severity", "severity", "number")
_OPEN = (IncidentStatus.NEW, IncidentStatus.TRIAGE, IncidentStatus.INVESTIGATING, IncidentStatus.CLOSED)


class Timing(msgspec.Struct, frozen=True):
    """One operation: milliseconds at the median and the 99th percentile, CPU milliseconds each on average."""

    name: str
    p50: float
    p99: float
    cpu: float
    is_search: bool = False


class Measured(msgspec.Struct, frozen=True):
    """What one process found at one size."""

    timings: list[Timing]
    start_seconds: float
    start_cpu: float
    rss_mb: float
    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class Size:
    """Everything measured at one size."""

    count: int
    fill_seconds: float
    measured: Measured
    rebuild_seconds: float
    rebuild_peak_mb: float
    disk: dict[str, int]


# --- in a process of its own -------------------------------------------------------------------------


def measure(data_dir: Path, count: int) -> Measured:
    """Open the store as a gateway does, and time what a gateway does."""
    began, cpu = time.perf_counter(), time.process_time()
    store = open_json_store(data_dir, clock=SystemClock())
    start_seconds, start_cpu = time.perf_counter() - began, time.process_time() - cpu
    timings = [*_time_lists(store), *_time_records(store, count)]
    rss = _status("VmRSS")
    store.close()
    return Measured(timings, start_seconds, start_cpu, rss, _status("VmHWM"))


def _time_lists(store: Store) -> Iterator[Timing]:
    services = itertools.cycle([f"checkout-{n}" for n in range(20)])
    zones = itertools.cycle([f"zone-{n:03d}" for n in range(0, 1000, 7)])
    sorts = itertools.cycle(_SORTS)
    fresh = itertools.cycle(_parts_of_words())

    yield _time("list: newest 50 + total", lambda: store.list_incidents(IncidentQuery()))
    yield _time(
        "list: status + severity",
        lambda: store.list_incidents(
            IncidentQuery(statuses=_OPEN, severities=(Severity.CRITICAL, Severity.HIGH), sort=next(sorts))
        ),
    )
    yield _time(
        "list: service + label",
        lambda: store.list_incidents(
            IncidentQuery(services=(next(services),), labels=(("team", "shop"),), sort=next(sorts))
        ),
    )
    searches: list[tuple[str, Callable[[], str]]] = [
        ("rare word", lambda: next(zones)),
        ("word in 20 %", lambda: COMMON_WORD),
        ("a new word each time", lambda: next(fresh)),
        ("two words", lambda: f"{COMMON_WORD} {next(services)}"),
        ("two characters", lambda: "5x"),
        ("word in all", lambda: "inc-"),
        ("number", lambda: "INC-77"),
    ]
    for name, word in searches:
        yield _time(
            f"filter + text + total: {name}",
            lambda word=word: store.list_incidents(  # type: ignore[misc]
                IncidentQuery(statuses=_OPEN, text=word(), sort=next(sorts))
            ),
            is_search=True,
        )


def _parts_of_words() -> list[str]:
    """Return more different words than are timed, so that no answer to an earlier search can help."""
    return sorted(
        {word[a:b] for word in COMMON_WORDS for a in range(len(word)) for b in range(a + 4, len(word) + 1)},
        key=lambda part: part[::-1],
    )


def _time_records(store: Store, count: int) -> Iterator[Timing]:
    # A stride that visits incidents all over the journal, so that caches help as little as they would.
    numbers = itertools.cycle(n * 7919 % count for n in range(count))
    yield _time("get", lambda: store.get(Incident, incident_id(next(numbers))))
    yield _time("patch", lambda: store.transact(_rename(incident_id(next(numbers)))))
    yield from _time_appends(store)


def _time_appends(store: Store) -> list[Timing]:
    """Time appends to timelines of different lengths in turn, so that the disk's moods fall on all alike."""
    for length in _LENGTHS:
        _lengthen(store, f"inc_long_{length}", length)
    taken: dict[int, list[float]] = {length: [] for length in _LENGTHS}
    cpu = time.process_time()
    for _ in range(_RUNS):
        for length in _LENGTHS:
            began = time.perf_counter()
            store.transact(_note(f"inc_long_{length}"))
            taken[length].append((time.perf_counter() - began) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / _RUNS / len(_LENGTHS)
    return [_timing(f"append to {length:,} entries", taken[length], cpu) for length in _LENGTHS]


def _rename(key: str) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        incident = tx.get(Incident, key)
        tx.put(msgspec.structs.replace(incident, owner="ann", version=incident.version + 1, updated_at=tx.now))

    return work


def _note(key: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.append(key, _draft(tx))


def _draft(tx: Transaction) -> EntryDraft:
    return EntryDraft(
        type=EntryType.NOTE_ADDED, actor="token:ann", source="manual", occurred_at=tx.now, message="Looking into it"
    )


def _lengthen(store: Store, key: str, length: int) -> None:
    def work(tx: Transaction) -> None:
        for _ in range(length):
            tx.append(key, _draft(tx))

    store.transact(work)


def _time(name: str, work: Callable[[], object], *, is_search: bool = False) -> Timing:
    for _ in range(_WARM_UP):
        work()
    taken, cpu = [], time.process_time()
    for _ in range(_RUNS):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / _RUNS
    return _timing(name, taken, cpu, is_search=is_search)


def _timing(name: str, taken: list[float], cpu: float, *, is_search: bool = False) -> Timing:
    taken.sort()
    return Timing(name, taken[_RUNS // 2], taken[int(_RUNS * 0.99) - 1], cpu, is_search)


def _status(field: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


# --- put together ------------------------------------------------------------------------------------


def bench(count: int, data_dir: Path) -> Size:
    """Fill a store of ``count`` incidents and measure it, each step in a process of its own."""
    began = time.perf_counter()
    _run("fill", count, data_dir)
    fill_seconds = time.perf_counter() - began
    measured = msgspec.json.decode(_run("measure", count, data_dir), type=Measured)
    disk = _disk(data_dir)
    rebuild_seconds, peak = msgspec.json.decode(_run("rebuild", count, data_dir), type=tuple[float, float])
    return Size(count, fill_seconds, measured, rebuild_seconds, peak, disk)


def _run(step: str, count: int, data_dir: Path) -> bytes:
    command = [sys.executable, "-m", "tests.bench.bench_store", "--step", step, str(count), str(data_dir)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def _disk(data_dir: Path) -> dict[str, int]:
    def size(pattern: str) -> int:
        return sum(path.stat().st_blocks * 512 for path in data_dir.glob(pattern) if path.is_file())

    return {"journal": size("store/journal/*"), "index": size("store/index*")}


def _step(step: str, count: int, data_dir: Path) -> None:
    if step == "fill":
        store = open_json_store(data_dir, clock=SystemClock(), options=Options(views=False))
        fill(store, count)
        # A year's incidents do not come in a minute: their views would long have been written.
        (data_dir / "store" / "VIEWS").write_text(str(store.last_seq))
        store.close()
        return
    if step == "measure":
        sys.stdout.buffer.write(msgspec.json.encode(measure(data_dir, count)))
        return
    began = time.perf_counter()
    rebuild_index(data_dir)
    sys.stdout.buffer.write(msgspec.json.encode((time.perf_counter() - began, _status("VmHWM"))))


def show(size: Size, console: Console) -> None:
    """Print the table of one size."""
    table = Table(title=f"{size.count:,} incidents", title_justify="left")
    for head in ("operation", "p50 ms", "p99 ms", "CPU ms"):
        table.add_column(head, justify="left" if head == "operation" else "right")
    for timing in size.measured.timings:
        table.add_row(timing.name, f"{timing.p50:.2f}", f"{timing.p99:.2f}", f"{timing.cpu:.2f}")
    console.print(table)
    measured = size.measured
    console.print(
        f"start-up {measured.start_seconds:.2f} s ({measured.start_cpu:.2f} s CPU) · "
        f"memory {measured.rss_mb:.0f} MB, at most {measured.peak_rss_mb:.0f} MB · "
        f"fill {size.fill_seconds:.1f} s · "
        f"rebuild of the index {size.rebuild_seconds:.1f} s, at most {size.rebuild_peak_mb:.0f} MB · on disk "
        + ", ".join(f"{name} {bytes_ / 1e6:.1f} MB" for name, bytes_ in size.disk.items()),
        soft_wrap=True,
    )


def goals(size: Size) -> list[tuple[str, str, bool]]:
    """Return each goal at the largest size: what it is, the figure, whether it is met."""
    measured = size.measured
    search = max((t for t in measured.timings if t.is_search), key=lambda t: t.p99)
    appends = [t for t in measured.timings if t.name.startswith("append")]
    ratio = appends[-1].p50 / appends[0].p50
    return [
        ("filter + text + total, p99 < 15 ms", f"{search.p99:.2f} ms ({search.name.split(': ')[1]})", search.p99 < 15),
        ("start-up < 10 s", f"{measured.start_seconds:.2f} s", measured.start_seconds < 10),
        ("memory < 300 MB", f"{measured.peak_rss_mb:.0f} MB", measured.peak_rss_mb < 300),
        ("append at 10,000 entries costs what it costs at 10", f"{ratio:.2f} times the p50", ratio < 1.5),
    ]


def main() -> int:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000", help="numbers of incidents, by comma")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "COUNT", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        _step(arguments.step[0], int(arguments.step[1]), Path(arguments.step[2]))
        return 0
    console = Console()
    for count in sorted(int(size) for size in arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="faultline-bench-") as folder:
            size = bench(count, Path(folder))
        show(size, console)
    console.print(f"\nGoals, at {size.count:,} incidents" + ("" if size.count >= GOAL_SIZE else " (set for 100,000)"))
    results = goals(size)
    for goal, figure, is_met in results:
        console.print(f"  {'met    ' if is_met else 'NOT MET'}  {goal}: {figure}")
    return 0 if all(is_met for _, _, is_met in results) else 1


if __name__ == "__main__":
    sys.exit(main())
