"""The chaos run: ``python -m tests.chaos.run``. Bounded, prints its counts, exits non-zero when a promise broke."""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.chaos.audit import Audit, audit, unfinished
from tests.chaos.killer import Killer, Plan
from tests.chaos.problems import Problem, make_problems
from tests.chaos.senders import Load, Sender
from tests.chaos.silencer import Silencer, Silences
from tests.support.product import ROOT, Product, running_product

_SENDERS = 8
# Problems come and go here as fast as they flap elsewhere: ten minutes of quiet would outlast the run.
_FLAP = {"quietSeconds": 1}
_RULES = {
    "grouping": [
        {"id": "events", "name": "By key", "match": {"sources": ["pagerduty"]}, "groupBy": ["dedupKey"], "flap": _FLAP},
        {"id": "rest", "name": "By name and place", "flap": _FLAP},
    ],
    "reason": "chaos",
}


@dataclass(frozen=True, slots=True)
class Run:
    """The size of a run. The rates are small enough for a busy two-core machine to keep up between kills."""

    deliveries: int
    plan: Plan
    rate: float
    seed: int
    load_seconds: float
    settle_seconds: float


def chaos(run: Run, folder: Path) -> Audit:
    """Run the product under load and harm, wait until it has settled, and audit it."""
    with running_product(folder, FAULTLINE_GATEWAY_STABLE_SECONDS="1") as product:
        problems = make_problems(max(40, run.deliveries // 10), per_group=3, senders=_SENDERS)
        load = Load(target=run.deliveries)
        killer = Killer(product, run.plan, run.seed)
        requests.put(f"{product.url}/api/rules", json=_RULES, headers=product.headers, timeout=10).raise_for_status()
        silencer = Silencer(product.url, product.token, problems, run.seed)
        silencer.set_the_lasting_one()
        began = time.monotonic()
        _drive(run, product, problems, load, killer, silencer)
        loaded = time.monotonic() - began
        _settle(product, run.settle_seconds)
        settled = time.monotonic() - began - loaded
        result = audit(product, load, problems, silencer.silences)
        _report(result, load, killer, silencer.silences, loaded, settled)
    _check_offline(folder / "data")
    enough = sum(killer.done.values()) >= run.plan.kills + run.plan.flushes + run.plan.broker_losses
    refused = load.refused + silencer.silences.refused
    if refused:
        raise SystemExit(f"good deliveries or silences were refused for good: {refused[:3]}")
    given_up = load.given_up + silencer.silences.given_up
    if len(load.acknowledged) < run.deliveries or not enough or given_up or not silencer.silences.lasting:
        raise SystemExit("the run did not do all the harm or send all the deliveries it was meant to")
    return result


def _drive(run: Run, product: Product, problems: list[Problem], load: Load, killer: Killer, silencer: Silencer) -> None:
    senders = [
        Sender(product.url, product.token, problems[n::_SENDERS], load, run.seed + n, run.rate / _SENDERS)
        for n in range(_SENDERS)
    ]
    for thread in (killer, silencer, *senders):
        thread.start()
    deadline = time.monotonic() + run.load_seconds
    killer.join(max(0.0, deadline - time.monotonic()))
    load.harmed.set()
    for thread in senders:
        thread.join(max(0.0, deadline - time.monotonic()))
    load.stop.set()
    killer.stopped.set()
    silencer.stopped.set()
    for thread in (*senders, silencer, killer):
        thread.join(100)


def _settle(product: Product, seconds: float) -> None:
    """Wait until nothing waits any more, twice in a row: a timer may only just have been set."""
    deadline = time.monotonic() + seconds
    quiet = 0
    while quiet < 2 and time.monotonic() < deadline:
        try:
            quiet = 0 if unfinished(product) else quiet + 1
        except OSError:
            quiet = 0  # The gateway may still be coming back from its last kill.
        time.sleep(1)


def _check_offline(data_dir: Path) -> None:
    """What the API said must also be what stands on disk."""
    subprocess.run(
        [sys.executable, "-m", "services.cli", "store", "check"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "FAULTLINE_DATA_DIR": str(data_dir)},
        check=True,
        timeout=120,
    )


def _report(result: Audit, load: Load, killer: Killer, silences: Silences, loaded: float, settled: float) -> None:
    latencies = sorted(load.latencies)
    p50, p99 = (latencies[int(len(latencies) * q)] * 1000 for q in (0.5, 0.99))
    harms = ", ".join(f"{count} x {harm}" for harm, count in sorted(killer.done.items()))
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(result.delivery_outcomes.items()))
    print(f"load                                     {loaded:.0f} s, then settled in {settled:.0f} s")
    print(f"harm                                     {harms}")
    reasons = ", ".join(f"{count} x {reason}" for reason, count in load.retries.most_common()) or "none"
    sources = ", ".join(f"{count} {source}" for source, count in load.by_source.most_common())
    print(f"acknowledged deliveries                  {result.acknowledged} ({sources})")
    print(f"sent again because of                    {reasons}")
    print(f"answered 202 within                      p50 {p50:.1f} ms, p99 {p99:.1f} ms (of successful requests)")
    print(f"outcomes                                 {outcomes}")
    ended = ", ".join(f"{count} {what}" for what, count in silences.counts.most_common())
    print(f"silences set                             {len(silences.set)} ({result.silences_expired} expired, {ended})")
    print(f"silences lost, doubled or not ended      {result.silences_wrong}")
    print(f"signals held by a live silence           {result.held_by_live}")
    print(f"signals held by an ended silence         {result.held_by_ended}")
    print(f"firing signals without an incident       {result.firing_without_incident}")
    print(f"incidents                                {result.incidents}")
    print(f"acknowledged without exactly one outcome {result.without_one_outcome}")
    print(f"incidents doubled                        {result.incidents_doubled}")
    print(f"final status wrong                       {result.final_status_wrong}")
    print(f"jobs left behind                         {result.jobs_left}")
    print(f"jobs dead-lettered                       {result.jobs_dead}")
    print(f"chain problems                           {result.chain_problems}")


def main() -> None:
    """Read the command line, run, and exit 1 when a promise broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=21)
    parser.add_argument("--flushes", type=int, default=2)
    parser.add_argument("--broker-losses", type=int, default=2)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two harms, on average")
    parser.add_argument("--rate", type=float, default=60.0, help="deliveries a second")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    plan = Plan(args.kills, args.flushes, args.broker_losses, args.every)
    run = Run(args.deliveries, plan, args.rate, args.seed, load_seconds=200, settle_seconds=60)
    print(f"seed {args.seed}")
    with tempfile.TemporaryDirectory(prefix="faultline-chaos-") as folder:
        result = chaos(run, Path(folder))
    if not result.is_clean():
        sys.exit("a promise was broken; see the counts above")
    print("every promise held")


if __name__ == "__main__":
    main()
