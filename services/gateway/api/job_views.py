"""How jobs look on the wire: as they are kept, with the calls they take now."""

from collections.abc import Iterable
from typing import Any

import msgspec

from services.gateway.domain.records import Job, Signal
from services.gateway.handlers.job_calls import allowed_calls
from services.gateway.ports import StoreReads


def view_job(store: StoreReads, job: Job) -> dict[str, Any]:
    """Return a job as it is shown."""
    shown: dict[str, Any] = msgspec.to_builtins(job)
    return shown | {"allowedCalls": list(allowed_calls(store, job))}


def view_listed(store: StoreReads, records: Iterable[Signal | Job]) -> list[Any]:
    """Return a page of jobs as they are shown, or of signals, which are shown as they are kept."""
    return [view_job(store, one) if isinstance(one, Job) else one for one in records]
