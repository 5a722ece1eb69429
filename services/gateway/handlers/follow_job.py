"""Keep what waits for a job in step with it, in the commit that changes the job."""

from services.gateway.domain.records import Job
from services.gateway.handlers.follow_action import follow_action
from services.gateway.handlers.follow_quickdx import follow_quickdx, wait_for_diagnosis
from services.gateway.handlers.keep_investigation import follow_investigation, wait_again
from services.gateway.ports import Transaction
from shared.contracts.queues import DIAGNOSE_RESOURCE, EXECUTE_ACTION, INVESTIGATE_INCIDENT, VERIFY_ACTION


def follow_job(tx: Transaction, job: Job) -> None:
    """Give what waits for ``job``, a diagnosis, an investigation or an action, the state the job has now."""
    if job.kind == DIAGNOSE_RESOURCE:
        follow_quickdx(tx, job)
    elif job.kind == INVESTIGATE_INCIDENT:
        follow_investigation(tx, job)
    elif job.kind in {EXECUTE_ACTION, VERIFY_ACTION}:
        follow_action(tx, job)


def follow_lost_job(tx: Transaction, job: Job, *, done: tuple[str, ...]) -> None:
    """Do what ``follow_job`` does for a job whose worker fell silent after it had said that ``done`` was done."""
    if job.kind == EXECUTE_ACTION:
        follow_action(tx, job, done=done)
    else:
        follow_job(tx, job)


def wait_for_retry(tx: Transaction, again: Job) -> None:
    """Let what waited for a job that failed wait for ``again``."""
    if again.kind == DIAGNOSE_RESOURCE:
        wait_for_diagnosis(tx, again)
    elif again.kind == INVESTIGATE_INCIDENT:
        wait_again(tx, again)
