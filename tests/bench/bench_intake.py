"""How much CPU and time a delivery costs end to end: ``python -m tests.bench.bench_intake``.

Open loop: deliveries are due at a fixed rate whether or not the product keeps up, and latency counts from when
one was due, so that a stall is not hidden (no coordinated omission). Closed loop: each of N connections sends
its next delivery when it has the answer to the last. CPU is what the kernel charged to the gateway, the intake
worker with its children, and the broker, between the first delivery and the moment the last has its outcome.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.alerts import AlertBodies
from tests.bench.cpu import cpu_seconds
from tests.bench.load import Shot, closed_loop, open_loop, watch_visible
from tests.chaos.audit import total
from tests.support.product import Product, running_product


@dataclass(frozen=True, slots=True)
class Case:
    """One load: how many alerts a body holds, and either a rate or a number of connections."""

    alerts: int
    rate: float | None = None
    connections: int = 32
    seconds: float = 15.0

    @property
    def name(self) -> str:
        """How the table calls it."""
        mode = f"open {self.rate:.0f}/s" if self.rate else f"closed x{self.connections}"
        return f"{mode}, {self.alerts} alert{'s' if self.alerts > 1 else ''}"


@dataclass(slots=True)
class Figures:
    """What one case measured; times in milliseconds."""

    case: Case
    acknowledged_per_second: float
    completed_per_second: float
    answer_p50: float
    answer_p99: float
    visible_p50: float
    visible_p99: float
    cpu: dict[str, float]
    deliveries: int
    refused: int

    @property
    def cpu_ms(self) -> float:
        """CPU of all processes together, in milliseconds a delivery."""
        return sum(self.cpu.values()) * 1000 / max(1, self.deliveries)


def run_case(product: Product, case: Case, bodies: AlertBodies) -> Figures:
    """Send one load, wait until everything has an outcome, and count."""
    before = cpu_seconds(product)
    done_before = total(product, "/api/deliveries", state="processed")
    began = time.monotonic()
    with watch_visible(product) as visible:
        shots = _shoot(product, case, bodies, visible.offer)
        sent = time.monotonic() - began
        _wait_until_done(product, done_before + sum(shot.ok for shot in shots))
        completed = time.monotonic() - began
    after = cpu_seconds(product)
    answers = sorted(shot.seconds for shot in shots if shot.ok)
    seen = sorted(visible.seconds)
    return Figures(
        case=case,
        acknowledged_per_second=len(answers) / sent,
        completed_per_second=len(answers) / completed,
        answer_p50=_at(answers, 0.5),
        answer_p99=_at(answers, 0.99),
        visible_p50=_at(seen, 0.5),
        visible_p99=_at(seen, 0.99),
        cpu={name: after[name] - before[name] for name in before},
        deliveries=len(answers),
        refused=sum(not shot.ok for shot in shots),
    )


def _shoot(product: Product, case: Case, bodies: AlertBodies, offer) -> list[Shot]:
    if case.rate:
        return open_loop(product, bodies, case.alerts, case.rate, case.seconds, offer)
    return closed_loop(product, bodies, case.alerts, case.connections, case.seconds, offer)


def _wait_until_done(product: Product, expected: int) -> None:
    deadline = time.monotonic() + 60
    while total(product, "/api/deliveries", state="processed") < expected:
        if time.monotonic() > deadline:
            raise SystemExit("not everything acknowledged had an outcome after a minute")
        time.sleep(0.1)


def _at(ordered: list[float], quantile: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * quantile))] * 1000 if ordered else float("nan")


def show(figures: list[Figures]) -> None:
    """Print the table."""
    head = ("load", "ack/s", "done/s", "202 p50", "p99", "visible p50", "p99", "CPU ms", "of gateway/intake/broker")
    print(f"{head[0]:24}" + "".join(f"{word:>12}" for word in head[1:]))
    for row in figures:
        split = "/".join(
            f"{row.cpu[name] * 1000 / max(1, row.deliveries):.2f}" for name in ("gateway", "intake", "broker")
        )
        print(
            f"{row.case.name:24}{row.acknowledged_per_second:12.0f}{row.completed_per_second:12.0f}"
            f"{row.answer_p50:12.1f}{row.answer_p99:12.1f}{row.visible_p50:12.1f}{row.visible_p99:12.1f}"
            f"{row.cpu_ms:12.2f}  {split}" + (f"  ({row.refused} refused)" if row.refused else ""),
        )


def judge(figures: list[Figures]) -> bool:
    """Say for every goal whether it was met; return whether all were."""
    goals = []
    for row in figures:
        if row.case.rate is None:
            continue
        if row.case.alerts == 1:
            goals += [
                ("CPU at most 3 ms per one-alert delivery", row.cpu_ms, 3.0),
                ("p99 to 202 under 20 ms", row.answer_p99, 20.0),
                ("p99 to visible under 500 ms", row.visible_p99, 500.0),
            ]
        else:
            goals.append(("CPU at most 0.5 ms per alert in twenties", row.cpu_ms / row.case.alerts, 0.5))
    for text, figure, limit in goals:
        print(f"{'met   ' if figure <= limit else 'MISSED'}  {text}: {figure:.2f}")
    return all(figure <= limit for _, figure, limit in goals)


def main() -> None:
    """Run every case on one fresh product and judge the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each load")
    parser.add_argument("--twenties-rate", type=float, default=60.0, help="open-loop rate of twenty-alert bodies")
    args = parser.parse_args()
    cases = [
        Case(alerts=1, rate=300, seconds=args.seconds),
        Case(alerts=20, rate=args.twenties_rate, seconds=args.seconds),
        Case(alerts=1, connections=8, seconds=args.seconds),
        Case(alerts=1, connections=32, seconds=args.seconds),
        Case(alerts=20, connections=8, seconds=args.seconds),
        Case(alerts=20, connections=32, seconds=args.seconds),
    ]
    with tempfile.TemporaryDirectory(prefix="faultline-bench-") as folder, running_product(Path(folder)) as product:
        bodies = AlertBodies(seed=1)
        run_case(product, Case(alerts=1, rate=100, seconds=3), bodies)  # Warm caches and connections.
        figures = [run_case(product, case, bodies) for case in cases]
    show(figures)
    if not judge(figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
