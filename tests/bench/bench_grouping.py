"""Measure what rules cost a signal at growing numbers of rules and incidents; ends with 1 when a goal is missed.

Rule evaluation is what a signal costs before anything is stored: its facts, the silences, the grouping rule and the
owner. The incidents stand in a real store, and each signal is applied to it, so that what it leaves in the
processor's caches is what a running gateway would have there.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.store import Options
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import GroupingRule, Match, OwnershipRule, RuleBook, Silence, SilenceKind
from services.gateway.domain.rules import CompiledBook, CompiledSilences, Facts, check_book
from services.gateway.handlers.apply_signal import apply_signal
from services.gateway.handlers.arrival import Arrival
from services.gateway.handlers.judge import Judge
from services.gateway.ports import Store
from shared.adapters.clock import SystemClock
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus

GOAL_RULES, GOAL_INCIDENTS = 100, 10_000
GOAL_MS, GOAL_GROWTH = 0.3, 1.5
_RULES = (10, 100, 200)
_INCIDENTS = (100, 10_000)
_SIGNALS, _ROUNDS = 1_000, 11
_PER_COMMIT = 500
_SILENCES = 20
_POLICY = GroupingPolicy()
_JUDGE = Judge(_POLICY)
# What the signals are about, and with it the first ten rules: every book has these, and more about other things.
# Else a bigger book would take more signals, and what that costs would pass for the cost of finding the rules.
_KINDS = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds a signal: of rule evaluation at the median and at least, and of applying it to the store.

    Sizes are compared by the least: what other programs do to a shared machine only ever adds.
    """

    rules: int
    incidents: int
    evaluation: float
    least: float
    applying: float
    matched: float


def rule_book(count: int) -> RuleBook:
    """Return ``count`` rules of each kind: half are equalities, half conditions; a fifth of those hold a pattern."""
    grouping = tuple(
        GroupingRule(id=f"rule-{n}", name=f"Rule {n}", match=_match(n), when=_when(n), group_by=("name", "labels.team"))
        for n in range(count)
    )
    ownership = tuple(
        OwnershipRule(id=f"rule-{n}", name=f"Rule {n}", match=_match(n), when=_when(n), owner=f"team-{n}")
        for n in range(count)
    )
    book = RuleBook(
        version=1, grouping=grouping, ownership=ownership, changed_by="token:bench", changed_at=datetime.now(UTC)
    )
    check_book(book)
    return book


def _match(n: int) -> Match:
    if n % 2:
        return Match()
    if n % 4:
        return Match(namespaces=(f"place-{n}", f"place-{n + 1_000}"), severities=(Severity.CRITICAL, Severity.HIGH))
    return Match(names=(f"Alert{n}",), labels={"team": tuple(f"team-{n + m}" for m in range(4))})


def _when(n: int) -> str:
    if n % 2 == 0:
        return ""
    if n % 10 == 1:
        return f'signal.namespace == "place-{n}" && signal.title.matches("latency|error budget {n}")'
    if n % 10 == 3:
        return f'signal.name == "Alert{n}" && signal.severity in ["critical", "high"]'
    return f'signal.labels.team == "team-{n}" && signal.labels["app"].startsWith("app-{n % 10}")'


def silences(now: datetime) -> CompiledSilences:
    """Return silences of which every other one recurs; they are as many at every size."""
    return CompiledSilences(
        Silence(
            id=f"sil_{n}",
            kind=SilenceKind.MAINTENANCE_WINDOW,
            comment="Bench",
            match=_match(n * 2),
            starts_at=now - timedelta(days=60, hours=1),
            ends_at=now - timedelta(days=60) + timedelta(hours=1),
            repeat="FREQ=DAILY" if n % 2 else None,
            timezone="Europe/Berlin",
            created_by="token:bench",
            created_at=now,
            updated_at=now,
        )
        for n in range(_SILENCES)
    )


def a_signal(rng: random.Random, n: int, now: datetime) -> NormalisedSignal:
    """Return a signal with 15 labels."""
    place, app = f"place-{rng.randrange(_KINDS)}", f"app-{rng.randrange(200)}"
    labels = {
        "alertname": f"Alert{rng.randrange(_KINDS)}",
        "team": f"team-{rng.randrange(_KINDS)}",
        "namespace": place,
        "app": app,
        "pod": f"{app}-{rng.randrange(10**9):x}",
        "cluster": f"eu-{rng.randrange(4)}",
    } | {f"label_{m}": f"value-{rng.randrange(100)}-of-some-length" for m in range(9)}
    return NormalisedSignal(
        source="alertmanager",
        fingerprint=f"alertmanager:bench-{n}",
        status=SignalStatus.FIRING,
        severity=rng.choice(list(Severity)),
        name=labels["alertname"],
        starts_at=now,
        title=f"{app}: error budget burns in {place}",
        labels=labels,
        group_labels={
            "alertname": labels["alertname"],
            "cluster": labels["cluster"],
            "namespace": place,
            "service": f"{app}-{n}",
        },
        service=app,
    )


def evaluate(
    reports: Sequence[NormalisedSignal], book: CompiledBook, silenced: CompiledSilences, now: datetime
) -> float:
    """Return the CPU milliseconds of a signal in this thread: the store's own threads work on what came before."""
    began = time.thread_time()
    for report in reports:
        facts = Facts.of_report(report)
        silenced.covering(facts, now)
        book.grouping_for(facts)
        book.owner_for(facts)
    return (time.thread_time() - began) * 1000 / len(reports)


def apply(store: Store, reports: Sequence[NormalisedSignal], now: datetime, first: int) -> float:
    """Apply the signals, many to a commit, and return the CPU milliseconds of each."""
    began = time.process_time()
    for start in range(0, len(reports), _PER_COMMIT):
        batch = reports[start : start + _PER_COMMIT]

        def work(tx, batch=batch, start=start) -> None:
            for n, report in enumerate(batch):
                apply_signal(tx, report, Arrival(first + start + n, now, "alertmanager", "del_bench"), _JUDGE)

        store.transact(work)
    return (time.process_time() - began) * 1000 / len(reports)


def measure(incidents: int, books: dict[int, CompiledBook], folder: Path) -> list[Cost]:
    """Open that many incidents, then measure each rule book in turn, so that the machine's moods fall on all alike."""
    now, rng = datetime.now(UTC), random.Random(42)
    store = open_json_store(folder, clock=SystemClock(), options=Options(views=False))
    opened = [a_signal(rng, n, now) for n in range(incidents)]
    apply(store, opened, now, first=1)
    silenced = silences(now)
    # The same signals at every size, or the sizes would not compare.
    arriving = msgspec.json.encode([a_signal(random.Random(n), n, now) for n in range(_SIGNALS)])
    taken: dict[int, list[float]] = {count: [] for count in books}
    applied: dict[int, list[float]] = {count: [] for count in books}
    seq = incidents + 1
    for _ in range(_ROUNDS):
        for count, book in books.items():
            applied[count].append(apply(store, rng.choices(opened, k=_SIGNALS), now, first=seq))
            seq += _SIGNALS
            # Fresh from the wire, as every signal is: nothing of it is in a cache or hashed yet.
            fresh = msgspec.json.decode(arriving, type=list[NormalisedSignal])
            taken[count].append(evaluate(fresh, book, silenced, now))
    store.close()
    facts = [Facts.of_report(report) for report in opened[:1_000]]
    return [
        Cost(
            count,
            incidents,
            sorted(taken[count])[_ROUNDS // 2],
            min(taken[count]),
            sorted(applied[count])[_ROUNDS // 2],
            sum(book.grouping_for(one).rule.id != "default" for one in facts) / len(facts),
        )
        for count, book in books.items()
    ]


def show(costs: list[Cost], console: Console) -> None:
    """Print what each size costs."""
    table = Table(title="CPU of one signal", title_justify="left")
    for head in ("rules", "open incidents", "rule evaluation µs", "at least µs", "applying it µs", "taken by a rule"):
        table.add_column(head, justify="right")
    for cost in costs:
        table.add_row(
            f"{cost.rules}",
            f"{cost.incidents:,}",
            f"{cost.evaluation * 1000:.0f}",
            f"{cost.least * 1000:.0f}",
            f"{cost.applying * 1000:.0f}",
            f"{cost.matched:.0%}",
        )
    console.print(table)


def goals(costs: list[Cost]) -> list[tuple[str, str, bool]]:
    """Return each goal: what it is, the figure, whether it is met."""
    at = {(cost.rules, cost.incidents): cost for cost in costs}
    goal = at[GOAL_RULES, GOAL_INCIDENTS]
    ms = goal.evaluation
    by_rules = goal.least / at[_RULES[0], GOAL_INCIDENTS].least
    by_incidents = goal.least / at[GOAL_RULES, _INCIDENTS[0]].least
    return [
        ("rule evaluation at 100 rules, 10,000 incidents <= 0.3 ms CPU", f"{ms:.3f} ms", ms <= GOAL_MS),
        ("100 rules cost what 10 do", f"{by_rules:.2f} times", by_rules <= GOAL_GROWTH),
        ("10,000 incidents cost what 100 do", f"{by_incidents:.2f} times", by_incidents <= GOAL_GROWTH),
    ]


def main() -> int:
    """Run the benchmark."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    console = Console()
    books = {count: CompiledBook(rule_book(count), _POLICY) for count in _RULES}
    costs = []
    for incidents in _INCIDENTS:
        with tempfile.TemporaryDirectory(prefix="faultline-bench-") as folder:
            costs += measure(incidents, books, Path(folder))
    show(costs, console)
    results = goals(costs)
    for goal, figure, is_met in results:
        console.print(f"  {'met    ' if is_met else 'NOT MET'}  {goal}: {figure}")
    return 0 if all(is_met for _, _, is_met in results) else 1


if __name__ == "__main__":
    sys.exit(main())
