"""Run the gateway: read settings, open the store, start relay and servers, and stop them in order."""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

import structlog

from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.celery_queue import CeleryJobQueue
from services.gateway.adapters.json_store import JsonStore, open_json_store
from services.gateway.api.access_keeper import keep_access
from services.gateway.api.auth import Authenticator
from services.gateway.api.door import MAX_BLOB_BYTES, create_door_app
from services.gateway.api.metrics import Metrics
from services.gateway.app import create_app
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.errors import StoreDamaged, StoreLocked
from services.gateway.handlers.apply_retention import Retention, apply_retention
from services.gateway.handlers.finish_job import dead_letter
from services.gateway.handlers.follow_job import follow_job, follow_lost_job
from services.gateway.handlers.give_order import give_order
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.manage_tokens import bootstrap_admin
from services.gateway.handlers.note_clusters import ClusterNotes
from services.gateway.handlers.note_places import PlaceNotes
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.handlers.renew_inventory import renew_inventory
from services.gateway.handlers.run_timers import run_timer
from services.gateway.handlers.set_intake_token import set_intake_token
from services.gateway.handlers.write_question import write_question
from services.gateway.live.board import LiveBoard
from services.gateway.ports import Blobs, Store
from services.gateway.relay import Relay, RelayOptions
from services.gateway.server import AppServer
from services.gateway.settings import Settings, read_gateway_settings
from services.gateway.trail import add_trail
from services.gateway.upkeep import repeating
from services.gateway.wiring import Gateway
from shared.adapters.clock import SystemClock
from shared.adapters.logging import configure_logging
from shared.adapters.tracing import open_tracer
from shared.contracts.messages import Hello
from shared.errors import SettingsInvalid
from shared.ports import Clock, Tracer

log = structlog.get_logger(__name__)

# The words of sysexits.h, which supervisors know.
EXIT_SETTINGS = 78
EXIT_LOCKED = 75
EXIT_DAMAGED = 65
EXIT_UNAVAILABLE = 69
EXIT_FAILED = 70

_DOOR_THREADS = 8
_RETENTION_SECONDS = 3_600.0
_FIRST_RETENTION_SECONDS = 60.0
_ACCESS_SECONDS = 30.0
# How often it is looked whether the inventory is old; a worker says hello well within it.
_INVENTORY_LOOK_SECONDS = 60.0
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
    clock = SystemClock()
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
        blobs = FileBlobs(settings.data_dir / "blobs")
        if bootstrap_admin(store, settings.data_dir, settings.admin_token):
            log.info("admin token generated", file=str(settings.data_dir / "admin-token"))
        if not set_intake_token(store, settings.intake_token):
            log.warning("the intake token was revoked; give FAULTLINE_INTAKE_TOKEN another secret")
        queue = CeleryJobQueue(settings.broker_url)
        stack.callback(queue.close)
        judge = Judge(_policy(settings))
        relay = _make_relay(store, queue, clock, judge, settings, tracer)
        relay.start()
        stack.callback(relay.stop)
        authenticator = Authenticator(store, clock, idle=timedelta(seconds=settings.session_idle_seconds))
        _start_upkeep(stack, store, blobs, clock, authenticator, settings)
        recorder = Recorder(judge, settings.approvals, tracer=tracer)
        gateway = Gateway(
            settings=settings,
            store=store,
            blobs=blobs,
            clock=clock,
            relay=relay,
            policy=_policy(settings),
            retention=_retention(settings),
            version=installed_version(),
            tracer=tracer,
        )
        board = LiveBoard(store)
        clusters = ClusterNotes(store, is_automatic=settings.investigate == "auto")
        clusters.begin()
        _start_renewal(stack, store, clock, clusters, timedelta(seconds=settings.inventory_seconds))
        places = PlaceNotes(store)
        app = create_app(gateway, authenticator, board)
        metrics: Metrics = app.extensions["faultline_metrics"]
        door = AppServer(
            create_door_app(
                door_key=settings.door_key,
                relay=relay,
                blobs=blobs,
                record_results=lambda results: metrics.count_results(record_results(store, recorder, results, blobs)),
                note_hello=_all_of(clusters.note, places.note),
            ),
            settings.door_host,
            settings.door_port,
            threads=_DOOR_THREADS,
            max_body_bytes=MAX_BLOB_BYTES,
            name="door",
        )
        public = AppServer(
            app,
            settings.host,
            settings.port,
            threads=settings.threads,
            max_body_bytes=settings.max_body_bytes,
            name="api",
        )
        # Stopped in the opposite order: the streams, which would never end, then the public side, the store last.
        for server in (door, public):
            server.start(on_failure=fail)
            stack.callback(server.stop)
        stack.callback(board.close)
        log.info("gateway listens", host=settings.host, port=public.port, door_port=door.port, version=gateway.version)
        stopping.wait()
        log.info("gateway stops")
    return EXIT_FAILED if failed.is_set() else 0


def _all_of(*hearers: Callable[[Hello], None]) -> Callable[[Hello], None]:
    def hear(hello: Hello) -> None:
        for hearer in hearers:
            hearer(hello)

    return hear


def _make_relay(
    store: Store, queue: CeleryJobQueue, clock: Clock, judge: Judge, settings: Settings, tracer: Tracer
) -> Relay:
    return Relay(
        store,
        queue,
        clock,
        on_timer=lambda job_id: run_timer(store, judge, job_id),
        dead_letter=dead_letter,
        write_question=write_question,
        on_moved=follow_job,
        on_lost=lambda tx, job, last: follow_lost_job(tx, job, done=last.done if last is not None else ()),
        give_order=lambda tx, job: give_order(tx, job, settings.approvals),
        options=RelayOptions(
            window=settings.window,
            batch_limit=settings.batch_limit,
            linger_seconds=settings.linger_seconds,
            lease_seconds=settings.lease_seconds,
        ),
        tracer=tracer,
    )


def _policy(settings: Settings) -> GroupingPolicy:
    return GroupingPolicy(
        group_window=timedelta(seconds=settings.group_window_seconds),
        reopen_window=timedelta(seconds=settings.reopen_seconds),
        stable_period=timedelta(seconds=settings.stable_seconds),
    )


def _retention(settings: Settings) -> Retention:
    return Retention(
        delivery_days=settings.retain_delivery_days,
        job_days=settings.retain_job_days,
        key_days=settings.retain_key_days,
        incident_days=settings.retain_incident_days,
        audit_days=settings.retain_audit_days,
        quickdx_days=settings.retain_quickdx_days,
    )


def _apply_retention(store: JsonStore, blobs: Blobs, clock: Clock, settings: Settings) -> None:
    removed = apply_retention(store, blobs, _retention(settings), clock.now())
    store.compact()
    log.info("retention applied", **removed)


def _start_upkeep(
    stack: ExitStack, store: JsonStore, blobs: Blobs, clock: Clock, authenticator: Authenticator, settings: Settings
) -> None:
    """Apply retention every hour, the first time when the start is over, and keep what access left in memory."""

    def keep() -> None:
        keep_access(store, authenticator, clock)

    def drop() -> None:
        _apply_retention(store, blobs, clock, settings)

    stack.enter_context(
        repeating("retention", drop, first_seconds=_FIRST_RETENTION_SECONDS, every_seconds=_RETENTION_SECONDS)
    )
    stack.enter_context(repeating("access", keep, first_seconds=_ACCESS_SECONDS, every_seconds=_ACCESS_SECONDS))


def _start_renewal(stack: ExitStack, store: Store, clock: Clock, clusters: ClusterNotes, period: timedelta) -> None:
    """Have the inventory taken anew each ``period`` while a graph worker is there; where that is 0, only people ask."""
    if not period:
        return

    def renew() -> None:
        # Without a worker the job would wait, and hide how old the inventory is behind one that is under way.
        if clusters.is_worker_heard():
            renew_inventory(store, period, clock.now())

    look = min(period.total_seconds(), _INVENTORY_LOOK_SECONDS)
    stack.enter_context(repeating("inventory", renew, first_seconds=look, every_seconds=look))


def installed_version() -> str:
    """Return the version of this distribution."""
    try:
        return version("faultline")
    except PackageNotFoundError:
        return "unknown"
