"""Composition root of Flower: its page, API, metrics and health, none of it without the password.

Flower by itself leaves ``/metrics`` and ``/healthcheck`` open, and metrics name every task and worker.
"""

import os
import signal
import sys
from typing import Any

from flower.app import Flower
from flower.options import options
from flower.urls import settings as page_settings
from flower.views.monitor import Healthcheck, Metrics

from services.flower.settings import Settings, read_flower_settings
from shared.adapters.celery_app import create_celery_app
from shared.adapters.logging import configure_logging
from shared.errors import SettingsInvalid

USER = "admin"
# The word of sysexits.h for settings that cannot be used.
_EXIT_SETTINGS = 78
_MOST_TASKS = 10_000
_MOST_WORKERS = 500


class _ClosedMetrics(Metrics):  # type: ignore[misc]  # Flower ships no annotations.
    def prepare(self) -> None:
        """Refuse who does not show the password."""
        self.get_current_user()


class _ClosedHealthcheck(Healthcheck):  # type: ignore[misc]  # Flower ships no annotations.
    def prepare(self) -> None:
        """Refuse who does not show the password."""
        self.get_current_user()


def main() -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    try:
        settings = read_flower_settings(os.environ)
    except SettingsInvalid as error:
        sys.stderr.write(f"The settings are not usable:\n{error.detail}\n")
        return _EXIT_SETTINGS
    configure_logging(level=settings.log_level, log_format=settings.log_format, service="flower")
    flower = make_flower(settings)

    def stop(*_: Any) -> None:
        flower.io_loop.add_callback_from_signal(flower.stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    flower.start_http_server()
    flower.start()
    return 0


def make_flower(settings: Settings) -> Flower:
    """Return Flower over the broker, not yet listening."""
    options.address, options.port = settings.host, settings.port
    options.basic_auth = [f"{USER}:{settings.password}"]
    options.persistent, options.db = True, str(settings.data_dir / "flower.db")
    options.max_tasks, options.max_workers = _MOST_TASKS, _MOST_WORKERS
    flower = Flower(capp=create_celery_app("flower", settings.broker_url), options=options, **page_settings)
    flower.add_handlers(".*", [(r"/metrics", _ClosedMetrics), (r"/healthcheck", _ClosedHealthcheck)])
    return flower
