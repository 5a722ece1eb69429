"""Ask the actions worker what an action would do."""

import msgspec

from services.gateway.domain.actions.states import Call, check_call
from services.gateway.domain.records import Action, ActionType, Job
from services.gateway.handlers.action_case import ActionCall, open_case, refuse_ended
from services.gateway.handlers.action_jobs import put_job, require_worker, why_unavailable
from services.gateway.ports import Transaction
from shared.contracts.queues import PREVIEW_ACTION


def ask_dry_run(tx: Transaction, call: ActionCall) -> str:
    """Ask for a dry run and return the id of its job: of the one that is under way, if one is.

    Raises ``RecordNotFound``, ``IncidentEnded``, ``CallNotAllowed``, and ``ExecutionUnavailable`` for what no worker
    can do, or has no dry run.
    """
    case = open_case(tx, call)
    refuse_ended(tx, case.incident)
    check_call(case.action, Call.PREVIEW)
    require_worker(tx, case.action)
    stored = tx.get(Action, call.action_id)
    waiting = tx.find(Job, stored.preview_job_id) if stored.preview_job_id else None
    if waiting is not None and not waiting.state.is_final:
        return waiting.id
    job_id = put_job(tx, stored, PREVIEW_ACTION, call.subject.id)
    tx.put(msgspec.structs.replace(stored, preview_job_id=job_id))
    return job_id


def preview_proposed(tx: Transaction, action: Action) -> Action:
    """Return a new proposal with a dry run asked for, where a worker can make one."""
    if action.type is not ActionType.KUBERNETES or why_unavailable(tx, action) is not None:
        return action
    return msgspec.structs.replace(action, preview_job_id=put_job(tx, action, PREVIEW_ACTION, action.proposed_by))
