"""Composition root of the intake worker: ``celery -A services.intake.worker:app worker -Q intake``."""

import os

from services.intake.handlers import make_sources
from services.intake.settings import read_intake_settings
from services.intake.tasks import register_tasks
from shared.adapters.worker import Worker
from shared.contracts.queues import Queue

_settings = read_intake_settings(os.environ)
worker = Worker(Queue.INTAKE, _settings.worker, os.environ)
app = worker.create_app(concurrency=_settings.concurrency)
register_tasks(
    app,
    sources=make_sources(_settings.mapping),
    open_door=worker.open_door,
    worker=worker.name,
    in_hand=worker.in_hand,
)
worker.greet()
