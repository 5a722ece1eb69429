"""What a job is done for, as it travels with the job: from a request, through store and queue, to the result."""

from shared.contracts.base import Contract


class Trail(Contract, frozen=True, kw_only=True):
    """Where a job comes from. A field is None where that is not known, or nothing was traced.

    ``request_id`` is of the request that queued the job. ``trace`` is the span the work hangs under, as a W3C
    ``traceparent``; ``earlier`` is that of the job which this one does again.
    """

    request_id: str | None = None
    trace: str | None = None
    earlier: str | None = None


def trace_ids(trace: str | None) -> dict[str, str]:
    """Return the ids of a ``traceparent`` as log lines name them; none of None."""
    if trace is None:
        return {}
    _, trace_id, span_id, _ = trace.split("-", 3)
    return {"trace_id": trace_id, "span_id": span_id}
