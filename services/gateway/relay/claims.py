"""Begin an attempt once: the durable side of claims."""

from collections.abc import Callable

import msgspec

from services.gateway.domain.records import Job, JobState
from services.gateway.ports import Store, Transaction
from services.gateway.relay.errors import ClaimRefused
from shared.contracts.messages import ActionOrder, Claim, Claimed
from shared.contracts.queues import REPEATABLE_TASKS
from shared.errors import AppError

GiveOrder = Callable[[Transaction, Job], ActionOrder | AppError | None]


class Claims:
    """Writes attempts down before they begin, so that a count of them survives every crash."""

    def __init__(
        self,
        store: Store,
        lease_seconds: float,
        on_begun: Callable[[Transaction, Job], None] | None = None,
        give_order: GiveOrder | None = None,
    ) -> None:
        self._store = store
        self._lease_seconds = lease_seconds
        # Told within the commit, so that what waits for the job never says another state than the job does.
        self._on_begun = on_begun
        self._give_order = give_order

    def begin(self, claim: Claim) -> Claimed:
        """Begin the attempt or raise ``ClaimRefused``; of two who ask for the same one, one is refused.

        What may not be done any more is refused by the error that says why, and is at its end then.
        """

        def work(tx: Transaction) -> ActionOrder | AppError | None:
            job = tx.find(Job, claim.job_id)
            if job is None:
                raise ClaimRefused("there is no such job")
            if job.state.is_final:
                raise ClaimRefused(f"the job has {job.state}")
            if claim.task and claim.task != job.kind:
                raise ClaimRefused(f"the job is one of {job.kind}")
            if job.kind not in REPEATABLE_TASKS and job.attempt > 0:
                # What has an effect outside is begun once, whatever stands in the queue.
                raise ClaimRefused("it was begun before, and is never begun again")
            if claim.attempt != job.attempt + 1:
                raise ClaimRefused(f"attempt {job.attempt + 1} is next, not {claim.attempt}")
            if job.not_before is not None and job.not_before > tx.now:
                raise ClaimRefused("its time has not come")
            begun = msgspec.structs.replace(
                job,
                state=JobState.RUNNING,
                attempt=claim.attempt,
                started_at=tx.now,
                not_before=None,
            )
            tx.put(begun)
            if self._on_begun is not None:
                self._on_begun(tx, begun)
            return self._give_order(tx, begun) if self._give_order is not None else None

        order = self._store.transact(work)
        if isinstance(order, AppError):
            raise order
        return Claimed(token=f"{claim.job_id}.{claim.attempt}", lease_seconds=self._lease_seconds, order=order)
