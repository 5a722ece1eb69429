"""The internal door as a worker calls it, with a span for each call and the spans of the jobs in each report."""

from collections.abc import Sequence

import msgspec

from shared.adapters.door_client import DoorClient
from shared.adapters.jobs_in_hand import JobsInHand
from shared.contracts.messages import Claim, Claimed, Results, ResultsRecorded
from shared.ports import Span, SpanKind


class TracedDoor:
    """Calls ``door``, and ends the jobs in hand that it reports."""

    def __init__(self, door: DoorClient, jobs: JobsInHand) -> None:
        self._door, self._jobs = door, jobs

    def claim(self, claim: Claim) -> Claimed | None:
        """Begin an attempt; None if it is not ours to begin."""
        with self._call("claim"):
            claimed = self._door.claim(claim)
        if claimed is None:
            self._jobs.not_ours(claim.job_id)
        return claimed

    def report(self, results: Results) -> ResultsRecorded:
        """Report results, each with the span of its work; they are on disk when this returns."""
        contexts = self._jobs.contexts(*(result.job_id for result in results.results))
        if contexts:
            results = msgspec.structs.replace(results, traces=contexts)
        with self._call("results", list(contexts.values())):
            recorded = self._door.report(results)
        for result in results.results:
            self._jobs.reported(result)
        return recorded

    def get_blob(self, digest: str) -> bytes:
        """Return the bytes of a blob."""
        with self._call("get_blob"):
            return self._door.get_blob(digest)

    def put_blob(self, content: bytes) -> str:
        """Keep ``content`` at the gateway and return its digest."""
        with self._call("put_blob"):
            return self._door.put_blob(content)

    def _call(self, name: str, jobs: Sequence[str] = ()) -> Span:
        # A report of many jobs is one call: it stands under the first, and names the others.
        parent = jobs[0] if jobs else self._jobs.last_context
        return self._jobs.tracer.begin(f"door {name}", SpanKind.CLIENT, parent=parent, links=jobs[1:])
