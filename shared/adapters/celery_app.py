"""One Celery policy for every queue: acknowledge early, retry nothing, carry JSON, keep no results.

Attempts, back-off and dead letters belong to the job, so the broker is transport and nothing more.
"""

from typing import Any

import billiard.pool
from celery import Celery

# A broker that does not answer within this is treated as gone; publishing never waits much longer.
SOCKET_TIMEOUT_SECONDS = 2.0
# A task that runs longer hangs: its process is killed, and the job's lease brings the work back.
TASK_TIME_LIMIT_SECONDS = 120

# How often, a tenth of a second apart, a process of a worker's pool asks at its end whether its last result was noted;
# by itself for 30 seconds. A worker told to stop just as it hands out a task forgets the task and never notes it.
# Nobody misses that: results go through the door, and messages are acknowledged before.
billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10


def create_celery_app(name: str, broker_url: str) -> Celery:
    """Return a Celery app for ``broker_url`` (``redis://``, ``rediss://``, ``redis+socket://``, ``amqp://``).

    Nothing is connected until something is published or consumed.
    """
    app = Celery(name, broker=broker_url, set_as_current=False)
    app.conf.update(_POLICY)
    app.conf.broker_transport_options = transport_options(broker_url)
    return app


def transport_options(broker_url: str) -> dict[str, Any]:
    """Return the options that make the transport of ``broker_url`` fail fast instead of hanging."""
    if broker_url.startswith(("amqp:", "amqps:", "pyamqp:")):
        return {
            "confirm_publish": True,
            "read_timeout": SOCKET_TIMEOUT_SECONDS,
            "write_timeout": SOCKET_TIMEOUT_SECONDS,
        }
    return {
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 5,
        # Messages a killed worker had taken come back after this; by then the lease has long republished
        # them, so this only bounds how long the broker keeps the copies.
        "visibility_timeout": 3600,
    }


_POLICY: dict[str, Any] = {
    "accept_content": ["json"],
    "task_serializer": "json",
    "result_serializer": "json",
    "result_backend": None,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_acks_late": False,
    "task_acks_on_failure_or_timeout": True,
    "task_reject_on_worker_lost": False,
    "task_publish_retry": False,
    "task_time_limit": TASK_TIME_LIMIT_SECONDS,
    "task_default_delivery_mode": "transient",
    "task_create_missing_queues": True,
    # One message in hand, one in waiting: what a killed worker takes with it is at most two.
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    # Flower needs them, and whoever runs Flower starts workers with ``-E``; nobody else should pay for them.
    "worker_send_task_events": False,
    "task_send_sent_event": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": SOCKET_TIMEOUT_SECONDS,
    "enable_utc": True,
    "timezone": "UTC",
}
