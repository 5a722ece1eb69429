"""Let an action expire when its time has come."""

import msgspec

from services.gateway.domain.actions import calls
from services.gateway.domain.actions.states import EXPIRING_STATES, is_over
from services.gateway.domain.records import Action, Job
from services.gateway.handlers.action_case import expire_timer, keep
from services.gateway.handlers.approver_roles import Reads
from services.gateway.ports import Transaction


def expire_action(tx: Transaction, job: Job) -> None:
    """Do what the timer ``job`` was set for; one that another has replaced does nothing.

    One that comes too soon, because the clock was set back, is set anew.
    """
    action = tx.find(Action, str(job.payload["actionId"]))
    if action is None or action.expire_job_id != job.id or action.state not in EXPIRING_STATES:
        return
    if is_over(action, tx.now):
        after, drafts = calls.expire(action, tx.now)
        keep(tx, msgspec.structs.replace(after, expire_job_id=None), drafts)
    else:
        again = expire_timer(action, tx)
        tx.put(again)
        tx.put(msgspec.structs.replace(action, expire_job_id=again.id))


def why_not_set_again(reads: Reads, job: Job) -> str | None:
    """Return why the timer ``job``, which has ended, is not needed again; None where it is."""
    action = reads.find(Action, str(job.payload["actionId"]))
    if action is None or action.state not in EXPIRING_STATES or action.expire_job_id != job.id:
        return "The action it would let expire is gone, decided, or has another timer."
    return None
