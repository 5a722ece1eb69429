"""Every queue and task name, spelled out once, so that moving a module cannot orphan queued messages."""

from enum import StrEnum


class Queue(StrEnum):
    """A queue bears the name of the service that works it."""

    INTAKE = "intake"
    GRAPH = "graph"
    ACTIONS = "actions"


NORMALISE_DELIVERIES = "intake.normalise_deliveries"
DIAGNOSE_RESOURCE = "graph.diagnose_resource"
TAKE_INVENTORY = "graph.take_inventory"
INVESTIGATE_INCIDENT = "graph.investigate_incident"
PREVIEW_ACTION = "actions.preview_action"
EXECUTE_ACTION = "actions.execute_action"
VERIFY_ACTION = "actions.verify_action"

# The task that does each kind of job, and the queue it waits in.
TASK_QUEUES = {
    NORMALISE_DELIVERIES: Queue.INTAKE,
    DIAGNOSE_RESOURCE: Queue.GRAPH,
    TAKE_INVENTORY: Queue.GRAPH,
    INVESTIGATE_INCIDENT: Queue.GRAPH,
    PREVIEW_ACTION: Queue.ACTIONS,
    EXECUTE_ACTION: Queue.ACTIONS,
    VERIFY_ACTION: Queue.ACTIONS,
}

# Tasks without an effect outside: losing one in mid-work is mended by doing it again. Any other is ``unknown``.
REPEATABLE_TASKS = frozenset(
    {
        NORMALISE_DELIVERIES,
        DIAGNOSE_RESOURCE,
        TAKE_INVENTORY,
        INVESTIGATE_INCIDENT,
        # A dry run changes nothing, and a look neither.
        PREVIEW_ACTION,
        VERIFY_ACTION,
    }
)
