"""Decide when the inventory is taken anew by itself, so that a cluster that goes away is seen though nobody asks."""

from datetime import datetime, timedelta

from services.gateway.domain.records import CLUSTER_NAMES, Inventory, Job
from services.gateway.handlers.ask_quickdx import ask_inventory
from services.gateway.handlers.write_audit import SYSTEM
from services.gateway.ports import Store, StoreReads, Transaction


def renew_inventory(store: Store, period: timedelta, now: datetime) -> None:
    """Ask for the inventory where no job is at it and the last one ended ``period`` ago; else nothing is written.

    A job that failed, or was cancelled, counts as any: the next comes when its period has passed.
    """
    if _is_due(store, period, now):
        store.transact(lambda tx: ask_inventory(tx, SYSTEM) if _is_due(tx, period, now) else None)


def _is_due(reads: StoreReads | Transaction, period: timedelta, now: datetime) -> bool:
    known = reads.find(Inventory, CLUSTER_NAMES)
    if known is None:
        return True
    job = reads.find(Job, known.job_id)
    if job is not None and not job.state.is_final:
        return False
    # The job may be past its retention.
    ended_at = job.finished_at if job is not None else known.taken_at
    # One that ended later than now did so by a clock that went wrong.
    return ended_at is None or not timedelta() <= now - ended_at < period
