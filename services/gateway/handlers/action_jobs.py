"""The jobs of the actions worker: put where a worker can do them, and written so that an execution is tried once."""

from datetime import datetime

from services.gateway.domain.records import KNOWN_PLACES, Action, ActionPlaces, Job
from services.gateway.errors import ExecutionUnavailable
from services.gateway.ports import Transaction
from services.gateway.trail import current_trail
from shared.contracts.action import CommandPayload, KubernetesPayload
from shared.contracts.queues import EXECUTE_ACTION, TASK_QUEUES
from shared.ids import new_id

_MOST_ATTEMPTS = 3


def why_unavailable(tx: Transaction, action: Action) -> str | None:
    """Return why no worker can do ``action``; None where one can."""
    known = tx.find(ActionPlaces, KNOWN_PLACES)
    if known is None:
        return "No actions worker has said that it is there"
    match action.payload:
        case KubernetesPayload(context=context):
            if context in known.names:
                return None
            if not known.names:
                return "There is no cluster that the actions workers can change"
            return f"{context} is none of the clusters that can be changed ({', '.join(known.names)})"
        case CommandPayload():
            return None if known.runs_commands else "No worker has a policy for commands"
    return "It is to be done by hand"


def require_worker(tx: Transaction, action: Action) -> None:
    """Return if a worker can do ``action``; raise ``ExecutionUnavailable`` if not."""
    if problem := why_unavailable(tx, action):
        raise ExecutionUnavailable(f"{problem}; nothing was done.", actionType=action.type)


def put_job(tx: Transaction, action: Action, task: str, by: str, not_before: datetime | None = None) -> str:
    """Put a job of ``action`` and return its id. An execution is tried once: a write is never repeated blindly."""
    job = Job(
        id=new_id("job"),
        kind=task,
        queue=TASK_QUEUES[task],
        incident_id=action.incident_id,
        payload={"actionId": action.id},
        max_attempts=1 if task == EXECUTE_ACTION else _MOST_ATTEMPTS,
        not_before=not_before,
        created_by=by,
        created_at=tx.now,
        trail=current_trail(),
    )
    tx.put(job)
    return job.id
