"""Run the gateway: read settings, open the store, start relay and servers, and stop them in order."""

import gc
import os
import signal
import sys
import threading
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import structlog

from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.celery_queue import CeleryJobQueue
from services.gateway.adapters.json_store import JsonStore, open_json_store
from services.gateway.api.access_keeper import keep_access
from services.gateway.api.auth import Authenticator
from services.gateway.api.readiness import missing_worker
from services.gateway.composition import (
    installed_version,
    make_authenticator,
    make_gateway,
    make_judge,
    make_relay,
    make_served,
)
from services.gateway.errors import StoreDamaged, StoreLocked
from services.gateway.handlers.apply_retention import apply_retention
from services.gateway.handlers.manage_tokens import bootstrap_admin
from services.gateway.handlers.note_clusters import ClusterNotes
from services.gateway.handlers.renew_inventory import renew_inventory
from services.gateway.handlers.set_intake_token import set_intake_token
from services.gateway.ports import Store
from services.gateway.settings import Settings, read_gateway_settings
from services.gateway.trail import add_trail
from services.gateway.upkeep import repeating
from services.gateway.wiring import Gateway
from shared.adapters.clock import SystemClock
from shared.adapters.logging import configure_logging
from shared.adapters.tracing import open_tracer
from shared.contracts.queues import Queue
from shared.errors import SettingsInvalid

log = structlog.get_logger(__name__)

# The words of sysexits.h, which supervisors know.
EXIT_SETTINGS = 78
EXIT_LOCKED = 75
EXIT_DAMAGED = 65
EXIT_UNAVAILABLE = 69
EXIT_FAILED = 70

_RETENTION_SECONDS = 3_600.0
_FIRST_RETENTION_SECONDS = 60.0
_ACCESS_SECONDS = 30.0
# How often it is looked whether the inventory is old, at most: so much older may it get than it should.
_INVENTORY_LOOK_SECONDS = 60.0
_LOOKS_A_PERIOD = 4
# With many threads and short requests, Python's default of 5 ms between switches makes the committer wait.
_SWITCH_SECONDS = 0.001
# Records live long and hold no cycles: looking for cycles among them is work for nothing.
_GC_THRESHOLD = 50_000


def main() -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    try:
        settings = read_gateway_settings(os.environ)
    except SettingsInvalid as error:
        _say(f"The settings are not usable:\n{error.detail}")
        return EXIT_SETTINGS
    configure_logging(level=settings.log_level, log_format=settings.log_format, service="gateway", adding=(add_trail,))
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.set_threshold(_GC_THRESHOLD, 20, 100)
    gc.enable()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        return run(settings, stopping)
    except SettingsInvalid as error:
        _say(f"The settings are not usable:\n{error.detail}")
        return EXIT_SETTINGS
    except StoreLocked as error:
        _say(f"Another gateway owns the data folder: {error.detail}")
        return EXIT_LOCKED
    except StoreDamaged as error:
        _say(f"The data in {settings.data_dir} is damaged: {error.detail}")
        return EXIT_DAMAGED
    except OSError as error:
        _say(f"The gateway cannot start: {error}")
        return EXIT_UNAVAILABLE


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def run(settings: Settings, stopping: threading.Event) -> int:
    """Serve until ``stopping`` is set; return 0, or ``EXIT_FAILED`` if a server died under way."""
    clock, judge = SystemClock(), make_judge(settings)
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        stopping.set()

    with ExitStack() as stack:
        tracer = open_tracer(settings.traces, service="gateway", version=installed_version())
        # After all else: what ends last is traced too.
        stack.callback(tracer.close)
        store = open_json_store(settings.data_dir, clock=clock)
        stack.callback(store.close)
        _let_in(store, settings)
        queue = CeleryJobQueue(settings.broker_url)
        stack.callback(queue.close)
        relay = make_relay(settings, store, queue, clock, judge, tracer)
        relay.start()
        stack.callback(relay.stop)
        gateway = make_gateway(settings, store, FileBlobs(settings.data_dir / "blobs"), clock, relay, tracer)
        authenticator = make_authenticator(settings, store, clock)
        _start_upkeep(stack, store, gateway, authenticator)
        _start_renewal(stack, gateway)
        clusters = ClusterNotes(store, is_automatic=settings.investigate == "auto")
        clusters.begin()
        served = make_served(gateway, relay, authenticator, judge, clusters.note)
        # Stopped in the opposite order: the streams, which would never end, then the public side, the store last.
        for server in (served.door, served.public):
            server.start(on_failure=fail)
            stack.callback(server.stop)
        stack.callback(served.board.close)
        ports = {"port": served.public.port, "door_port": served.door.port}
        log.info("gateway listens", host=settings.host, **ports, version=gateway.version)
        stopping.wait()
        log.info("gateway stops")
    return EXIT_FAILED if failed.is_set() else 0


def _let_in(store: Store, settings: Settings) -> None:
    """Make the tokens there are from the start: the admin's where there is none, and that of the settings."""
    if bootstrap_admin(store, settings.data_dir, settings.admin_token):
        log.info("admin token generated", file=str(settings.data_dir / "admin-token"))
    if not set_intake_token(store, settings.intake_token):
        log.warning("the intake token was revoked; give FAULTLINE_INTAKE_TOKEN another secret")


def _start_upkeep(stack: ExitStack, store: JsonStore, gateway: Gateway, authenticator: Authenticator) -> None:
    """Apply retention every hour, the first time when the start is over, and keep what access left in memory."""

    def keep() -> None:
        keep_access(store, authenticator, gateway.clock)

    def drop() -> None:
        removed = apply_retention(store, gateway.blobs, gateway.retention, gateway.clock.now())
        store.compact()
        log.info("retention applied", **removed)

    stack.enter_context(
        repeating("retention", drop, first_seconds=_FIRST_RETENTION_SECONDS, every_seconds=_RETENTION_SECONDS)
    )
    stack.enter_context(repeating("access", keep, first_seconds=_ACCESS_SECONDS, every_seconds=_ACCESS_SECONDS))


def _start_renewal(stack: ExitStack, gateway: Gateway) -> None:
    """Have the inventory taken anew by itself; with a period of 0 only people ask."""
    period = timedelta(seconds=gateway.settings.inventory_seconds)
    if period:
        look = min(period.total_seconds() / _LOOKS_A_PERIOD, _INVENTORY_LOOK_SECONDS)
        work = partial(renew_where_attended, gateway, period)
        stack.enter_context(repeating("inventory", work, first_seconds=look, every_seconds=look))


def renew_where_attended(gateway: Gateway, period: timedelta) -> None:
    """Renew an inventory older than ``period`` while a graph worker is there, and stays.

    Without one the job would wait, and hide how old the inventory is behind one that is under way.
    """
    staying = (worker for worker in gateway.relay.stats().workers if not worker.is_leaving)
    if missing_worker(staying, Queue.GRAPH) is None:
        renew_inventory(gateway.store, period, gateway.clock.now())
