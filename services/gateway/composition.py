"""Put the gateway's parts together, each handed what it speaks to; start and stop none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

from services.gateway.api.auth import Authenticator
from services.gateway.api.door import MAX_BLOB_BYTES, create_door_app
from services.gateway.api.metrics import Metrics
from services.gateway.app import create_app
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.handlers.apply_retention import Retention
from services.gateway.handlers.finish_job import dead_letter
from services.gateway.handlers.follow_job import follow_job, follow_lost_job
from services.gateway.handlers.give_order import give_order
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.note_places import PlaceNotes
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.handlers.run_timers import run_timer
from services.gateway.handlers.write_question import write_question
from services.gateway.live.board import LiveBoard
from services.gateway.ports import Blobs, JobQueue, Store
from services.gateway.relay import Relay, RelayOptions
from services.gateway.server import AppServer
from services.gateway.settings import Settings
from services.gateway.wiring import Gateway
from shared.contracts.messages import Hello
from shared.ports import Clock, Tracer

_DOOR_THREADS = 8


@dataclass(frozen=True, slots=True)
class Served:
    """What serves requests: close ``board`` to end the streams that ``public`` has open."""

    door: AppServer
    public: AppServer
    board: LiveBoard


def installed_version() -> str:
    """Return the version of this distribution."""
    try:
        return version("faultline")
    except PackageNotFoundError:
        return "unknown"


def make_judge(settings: Settings) -> Judge:
    """Return who decides what a signal joins."""
    return Judge(_policy(settings))


def make_authenticator(settings: Settings, store: Store, clock: Clock) -> Authenticator:
    """Return who tells whose request it is; it learns of tokens and sessions from ``store``."""
    return Authenticator(store, clock, idle=timedelta(seconds=settings.session_idle_seconds))


def make_relay(settings: Settings, store: Store, queue: JobQueue, clock: Clock, judge: Judge, tracer: Tracer) -> Relay:
    """Return the relay of ``store`` to ``queue``, with what the handlers do when a job moves."""
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


def make_gateway(settings: Settings, store: Store, blobs: Blobs, clock: Clock, relay: Relay, tracer: Tracer) -> Gateway:
    """Return what the apps are handed."""
    return Gateway(
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


def make_served(
    gateway: Gateway,
    relay: Relay,
    authenticator: Authenticator,
    judge: Judge,
    note_clusters: Callable[[Hello], None],
) -> Served:
    """Return the public side and the internal door, neither of which listens yet; ``note_clusters`` hears hellos."""
    settings, store, blobs = gateway.settings, gateway.store, gateway.blobs
    recorder = Recorder(judge, settings.approvals, tracer=gateway.tracer)
    board = LiveBoard(store)
    app = create_app(gateway, authenticator, board)
    metrics: Metrics = app.extensions["faultline_metrics"]
    door_app = create_door_app(
        door_key=settings.door_key,
        relay=relay,
        blobs=blobs,
        record_results=lambda results: metrics.count_results(record_results(store, recorder, results, blobs)),
        note_hello=_all_of(note_clusters, PlaceNotes(store).note),
    )
    door = AppServer(
        door_app,
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
    return Served(door, public, board)


def _all_of(*hearers: Callable[[Hello], None]) -> Callable[[Hello], None]:
    def hear(hello: Hello) -> None:
        for hearer in hearers:
            hearer(hello)

    return hear


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
