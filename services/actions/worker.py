"""Composition root of the actions worker: ``celery -A services.actions.worker:app worker -Q actions``."""

import os
from functools import partial
from pathlib import Path

from services.actions.adapters.child import WardedChild
from services.actions.adapters.clusters import Clusters
from services.actions.adapters.known_names import KnownNames
from services.actions.adapters.policy_file import read_policy
from services.actions.domain.commands.file import PolicyInvalid
from services.actions.handlers.commands import PolicedCommands
from services.actions.handlers.jobs import MOST_SECONDS, ActionJobs
from services.actions.ports import Pace
from services.actions.settings import read_actions_settings
from services.actions.tasks import register_tasks
from shared.adapters.worker import Worker
from shared.contracts.queues import Queue

# What is killed for its time ends as unknown. Each action has an end of its own; this is for what hangs all the same.
_SECONDS_TO_END = 300


def _open_commands(file: Path | None) -> PolicedCommands | None:
    """Return what runs commands; None without a policy. A policy that cannot be read ends the worker, with a word."""
    if file is None:
        return None
    try:
        read_policy(file)
    except PolicyInvalid as error:
        raise SystemExit(f"The policy of commands is not usable:\n{error}") from None
    return PolicedCommands(partial(read_policy, file), WardedChild(os.environ))


_settings = read_actions_settings(os.environ)
_clusters = Clusters(_settings.kubeconfig, _settings.contexts, _settings.cluster_name)
_commands = _open_commands(_settings.commands)
worker = Worker(Queue.ACTIONS, _settings.worker, os.environ)
app = worker.create_app(concurrency=_settings.concurrency)
app.conf.task_time_limit = MOST_SECONDS + _SECONDS_TO_END
register_tasks(
    app,
    jobs=ActionJobs(_clusters, _commands, worker=worker.name, pace=Pace(is_ending=lambda: worker.ending.has_begun)),
    open_door=worker.open_door,
    beating=worker.beating,
    in_hand=worker.in_hand,
)
worker.greet(KnownNames(_clusters.names), runs_commands=_commands is not None)
