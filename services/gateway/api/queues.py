"""Endpoint of the queues: what waits and runs in each, who works on it, and where the broker's own page is."""

from typing import Any

from flask import Response
from marshmallow import fields

from services.gateway.api.current import encode, gateway
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.readiness import HELLO_SECONDS
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.shapes import Shape
from services.gateway.domain.records import Role
from services.gateway.wiring import QueueView, WorkerView

blueprint = ReadingBlueprint("queues", __name__, description="What waits, and who works on it.")


class QueueShape(Shape):
    """One queue now."""

    queue = fields.String()
    waiting = fields.Integer(metadata={"description": "Jobs that could be handed to a worker."})
    delayed = fields.Integer(metadata={"description": "Jobs whose time has not come."})
    handed = fields.Integer(metadata={"description": "Jobs in the broker."})
    running = fields.Integer()
    oldest_age_seconds = fields.Float(metadata={"description": "Of the unfinished job that is ready longest; or 0."})
    finished = fields.Integer(metadata={"description": "Since the gateway started."})


class WorkerShape(Shape):
    """A worker that said hello."""

    service = fields.String()
    worker = fields.String()
    version = fields.String()
    queues = fields.List(fields.String())
    heard_seconds_ago = fields.Float()
    is_heard = fields.Boolean(metadata={"description": f"It said hello within {HELLO_SECONDS:.0f} s."})


class QueuesShape(Shape):
    """All queues, and the workers behind them."""

    queues = fields.List(fields.Nested(QueueShape))
    timers = fields.Integer(metadata={"description": "Jobs without a queue: the gateway does them itself."})
    workers = fields.List(fields.Nested(WorkerShape))
    broker_problem = fields.String(allow_none=True)
    flower_url = fields.String(
        allow_none=True, metadata={"description": "Where Flower shows the broker's side; null where nobody said."}
    )


@endpoint(blueprint, Operation(path="/api/queues", role=Role.VIEWER, answer=QueuesShape))
def read_queues() -> Response:
    """Show what waits and runs in each queue, and which workers there are."""
    parts = gateway()
    stats = parts.relay.stats()
    body = {
        "queues": [_queue(name, queue) for name, queue in stats.queues.items()],
        "timers": stats.timers,
        "workers": [_worker(one) for one in stats.workers],
        "brokerProblem": stats.broker_problem,
        "flowerUrl": parts.settings.flower_url,
    }
    return Response(encode(body), content_type="application/json")


def _queue(name: str, queue: QueueView) -> dict[str, Any]:
    return {
        "queue": name,
        "waiting": queue.waiting,
        "delayed": queue.delayed,
        "handed": queue.handed,
        "running": queue.running,
        "oldestAgeSeconds": queue.oldest_age_seconds,
        "finished": queue.finished_total,
    }


def _worker(worker: WorkerView) -> dict[str, Any]:
    return {
        "service": worker.service,
        "worker": worker.worker,
        "version": worker.version,
        "queues": list(worker.queues),
        "heardSecondsAgo": worker.heard_seconds_ago,
        "isHeard": worker.heard_seconds_ago <= HELLO_SECONDS,
    }
