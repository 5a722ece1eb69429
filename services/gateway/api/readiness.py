"""Decide whether the whole product can do its work now, and say what stands against it."""

from collections.abc import Iterable

from services.gateway.wiring import Gateway, WorkerView
from shared.contracts.base import Contract
from shared.contracts.queues import Queue

# Workers say hello every ten seconds; four missed ones mean nobody is there.
HELLO_SECONDS = 45.0


class Check(Contract, frozen=True):
    """One thing that must hold."""

    ok: bool
    reason: str | None = None


class Readiness(Contract, frozen=True):
    """All of them."""

    ready: bool
    checks: dict[str, Check]


# A team that lets nothing be changed from here runs no actions worker, and misses nothing.
_OPTIONAL = frozenset({Queue.ACTIONS})


def check_readiness(gateway: Gateway) -> Readiness:
    """Ask the store, the broker and the relay. Nothing here holds a secret: anyone may read it."""
    stats = gateway.relay.stats()
    checks = {
        "store": _check(gateway.store.health()),
        "broker": _check(gateway.relay.health()),
    }
    limit = gateway.settings.backlog_limit
    for queue in Queue:
        if queue not in _OPTIONAL:
            checks[f"worker:{queue}"] = _check(missing_worker(stats.workers, queue))
        backlog = gateway.relay.backlog(queue)
        too_many = f"{backlog} jobs wait, the limit is {limit}" if backlog >= limit else None
        checks[f"backlog:{queue}"] = _check(too_many)
    return Readiness(all(check.ok for check in checks.values()), checks)


def _check(problem: str | None) -> Check:
    return Check(problem is None, problem)


def missing_worker(workers: Iterable[WorkerView], queue: Queue) -> str | None:
    """Return why none of ``workers`` takes the work of ``queue``, in a sentence; None where one was heard lately."""
    ages = [worker.heard_seconds_ago for worker in workers if queue in worker.queues]
    if not ages:
        return "no worker of this queue has said hello"
    if min(ages) > HELLO_SECONDS:
        return f"its last worker was heard {min(ages):.0f} s ago"
    return None
