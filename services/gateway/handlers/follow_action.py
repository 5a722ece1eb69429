"""Keep an action in step with the job that executes it or looks whether it helped."""

from services.gateway.domain.actions import runs
from services.gateway.domain.records import Action, ActionState, Job, JobState
from services.gateway.handlers.action_case import keep
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.ports import Transaction
from shared.contracts.queues import VERIFY_ACTION


def follow_action(tx: Transaction, job: Job, *, done: tuple[str, ...] = ()) -> None:
    """Do what the end of ``job`` means to its action, where no report of a worker has said it already.

    A job that ended before a worker claimed it, or that the gateway refused at the claim, left everything as it was:
    the action is as it was before. One whose worker fell silent may have done anything, and ``done`` at least.
    """
    action = tx.find(Action, str(job.payload.get("actionId", "")))
    if action is None or not job.state.is_final or job.state is JobState.SUCCEEDED:
        return
    if job.kind == VERIFY_ACTION:
        if action.verification is not None and action.verification.job_id == job.id:
            keep(tx, *runs.unseen(action, action.verification, job.error or f"the look {job.state}", tx.now))
        return
    begun = action.execution
    if begun is None or begun.job_id != job.id or action.state is not ActionState.EXECUTING:
        return
    words = job.error or f"the job {job.state}"
    if job.state is JobState.UNKNOWN:
        ended = runs.Ended(
            state=ActionState.UNKNOWN, words=words, code="worker_lost", done=done, look=runs.how_to_look(action)
        )
        keep(tx, *runs.end(action, begun, ended, tx.now))
    else:
        keep(tx, *runs.hand_back(action, tx.now, words=words, by=job.cancelling_by or SYSTEM))
