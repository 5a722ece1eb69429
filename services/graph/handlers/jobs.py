"""Do one job of the graph queue: claim it, read, and report what was found or why nothing could be."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.keepsake import recall
from services.graph.handlers.diagnose import UnknownKind, diagnose_resource
from services.graph.handlers.investigate import investigate
from services.graph.handlers.take_inventory import take_inventory
from services.graph.ports import ClusterBook, Door, Pulse
from shared.adapters.heartbeat import JobStopped
from shared.contracts.cluster_names import encode_cluster_names
from shared.contracts.diagnosis import encode_diagnosis
from shared.contracts.investigation import encode_investigation
from shared.contracts.messages import (
    Claim,
    Claimed,
    DiagnoseResource,
    IncidentInvestigated,
    InventoryTaken,
    InvestigateIncident,
    JobFailed,
    JobResult,
    ResourceDiagnosed,
    Results,
    TakeInventory,
)
from shared.errors import AppError, TransientError
from shared.ports import Clock

log = structlog.get_logger(__name__)

# Larger ones travel as blobs, and are kept as blobs.
INLINE_LIMIT = 16 << 10
_ERROR_LENGTH = 2_000
GraphJob = DiagnoseResource | TakeInventory | InvestigateIncident
Beating = Callable[[Claimed], AbstractContextManager[Pulse]]


class GraphJobs:
    """Does jobs with the clusters and the door it is given. One at a time."""

    def __init__(self, clusters: ClusterBook, clock: Clock, *, worker: str, version: str) -> None:
        self._clusters, self._clock = clusters, clock
        self._worker, self._version = worker, version

    def diagnose(self, message: DiagnoseResource, door: Door, beating: Beating) -> None:
        """Diagnose what the message names and report; see ``_do`` for what may go wrong."""

        def work(pulse: Pulse) -> JobResult:
            source = self._clusters.open(message.resource.cluster or "")
            try:
                diagnosis = diagnose_resource(
                    source,
                    message.resource,
                    clock=self._clock,
                    version=self._version,
                    progress=lambda note, done, total: pulse.tell(done / total if total else None, note),
                )
            finally:
                source.close()
            pulse.tell(1.0, "report")
            text, blob = _parcel(encode_diagnosis(diagnosis), door)
            return ResourceDiagnosed(job_id=message.job_id, attempt=message.attempt, text=text, blob=blob)

        self._do(message, door, beating, work)

    def take_inventory(self, message: TakeInventory, door: Door, beating: Beating) -> None:
        """List what there is to diagnose and report; see ``_do`` for what may go wrong."""

        def work(pulse: Pulse) -> JobResult:
            names = take_inventory(self._clusters, self._clock, pulse)
            text, blob = _parcel(encode_cluster_names(names), door)
            return InventoryTaken(job_id=message.job_id, attempt=message.attempt, text=text, blob=blob)

        self._do(message, door, beating, work)

    def investigate(self, message: InvestigateIncident, door: Door, beating: Beating) -> None:
        """Investigate what the message asks and report; see ``_do`` for what may go wrong."""

        def work(pulse: Pulse) -> JobResult:
            source = self._clusters.open(message.context)
            try:
                found, kept = investigate(
                    source,
                    message.question,
                    earlier=_earlier(message, door),
                    clock=self._clock,
                    version=self._version,
                    progress=lambda note, done, total: pulse.tell(done / total if total else None, note),
                )
            finally:
                source.close()
            pulse.tell(1.0, "report")
            snapshot = door.put_blob(kept)
            text, blob = _parcel(encode_investigation(found), door)
            return IncidentInvestigated(
                job_id=message.job_id, attempt=message.attempt, snapshot=snapshot, text=text, blob=blob
            )

        self._do(message, door, beating, work)

    def _do(
        self,
        message: GraphJob,
        door: Door,
        beating: Beating,
        work: Callable[[Pulse], JobResult],
    ) -> None:
        """Claim, work and report. What fails is reported as failed.

        Raises ``JobStopped`` where nobody wants the job any more, and nothing is reported; another ``AppError`` if the
        door cannot be reached: the lease then brings the job back.
        """
        claimed = door.claim(Claim(job_id=message.job_id, attempt=message.attempt, worker=self._worker))
        if claimed is None:
            return
        with beating(claimed) as pulse:
            try:
                result = work(pulse)
            except JobStopped:
                raise
            except UnknownKind as error:
                result = _failed(message, str(error))
            except AppError as error:
                result = _failed(message, f"{error.code}: {error.detail}", retryable=isinstance(error, TransientError))
            except Exception as error:
                # The last line: a defect of ours must cost its own job only. It will not pass by itself.
                log.exception("a job could not be done", job_id=message.job_id)
                result = _failed(message, f"the worker failed: {type(error).__name__}")
        door.report(Results(results=(result,)))


def _earlier(message: InvestigateIncident, door: Door) -> Inventory | None:
    """Return what an earlier investigation kept; None where it cannot be had: what is there now is what matters."""
    if message.earlier is None:
        return None
    try:
        return recall(door.get_blob(message.earlier))
    except (AppError, ValueError) as error:
        log.warning("an earlier snapshot cannot be read", job_id=message.job_id, problem=type(error).__name__)
        return None


def _parcel(content: bytes, door: Door) -> tuple[str | None, str | None]:
    """Return the content as text or as the digest of a blob, whichever its size asks for."""
    return (content.decode(), None) if len(content) <= INLINE_LIMIT else (None, door.put_blob(content))


def _failed(message: GraphJob, error: str, *, retryable: bool = False) -> JobFailed:
    return JobFailed(job_id=message.job_id, attempt=message.attempt, error=error[:_ERROR_LENGTH], retryable=retryable)
