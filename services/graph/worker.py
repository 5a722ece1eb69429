"""Composition root of the graph worker: ``celery -A services.graph.worker:app worker -Q graph``."""

import os

from services.graph.adapters.clusters import Clusters
from services.graph.adapters.known_names import KnownNames
from services.graph.handlers.jobs import GraphJobs
from services.graph.settings import read_graph_settings
from services.graph.tasks import register_tasks
from shared.adapters.clock import SystemClock
from shared.adapters.worker import Worker
from shared.contracts.queues import Queue

_settings = read_graph_settings(os.environ)
_clusters = Clusters(_settings.kubeconfig, _settings.snapshots, _settings.cluster_name)
worker = Worker(Queue.GRAPH, _settings.worker, os.environ)
_jobs = GraphJobs(_clusters, SystemClock(), worker=worker.name, version=worker.version)
app = worker.create_app(concurrency=_settings.concurrency)
register_tasks(app, jobs=_jobs, open_door=worker.open_door, beating=worker.beating, in_hand=worker.in_hand)
worker.greet(KnownNames(_clusters))
