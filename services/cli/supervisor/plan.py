"""Decide what a run consists of: which children, with which commands, settings, ports and secrets."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from services.cli.demo_diagnosis import DEMO_CONTEXT
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.project_files import DEMO_CLUSTER, find_project_file
from services.cli.supervisor import embedded_broker, probes
from services.cli.supervisor.addresses import claim_port, find_port_near, url_of
from services.cli.supervisor.child import ChildSpec
from services.cli.supervisor.secret_files import read_or_make_secret
from shared.errors import SettingsInvalid
from shared.settings import read_settings
from shared.worker_command import worker_command

ADMIN_TOKEN = "admin-token"  # noqa: S105 - the name of a file.
FLOWER_PASSWORD = "flower-password"  # noqa: S105 - the name of a file.
DOOR_KEY = "door-key"

_NAMES = (
    "FAULTLINE_HOST",
    "FAULTLINE_PORT",
    "FAULTLINE_DATA_DIR",
    "FAULTLINE_BROKER_URL",
    "FAULTLINE_ADMIN_TOKEN",
    "FAULTLINE_INTAKE_TOKEN",
    "FAULTLINE_LOG_LEVEL",
    "FAULTLINE_DOOR_KEY",
    "FAULTLINE_GATEWAY_DOOR_HOST",
    "FAULTLINE_GATEWAY_DOOR_PORT",
    "FAULTLINE_INTAKE_CONCURRENCY",
    "FAULTLINE_GRAPH_CONCURRENCY",
    "FAULTLINE_ACTIONS_CONCURRENCY",
    "FAULTLINE_FLOWER_PORT",
    "FAULTLINE_METRICS_HOST",
    "FAULTLINE_METRICS_PORT",
    "FAULTLINE_METRICS_KEY",
)
_WORKERS = ("intake", "graph", "actions")
_FIRST_METRICS_PORT = 9101
# Read here, and handed to whom it is for; as a file too, which would say the same a second time.
_NOT_HANDED_ON = frozenset(
    {
        "FAULTLINE_ADMIN_TOKEN",
        "FAULTLINE_BROKER_URL",
        "FAULTLINE_DOOR_KEY",
        "FAULTLINE_INTAKE_TOKEN",
        "FAULTLINE_TOKEN",
        "FAULTLINE_URL",
    }
)
# Flower speaks to the broker alone: no key of the gateway's is for it.
_NOT_FOR_FLOWER = frozenset({"FAULTLINE_DOOR_KEY", "FAULTLINE_METRICS_KEY"})


@dataclass(frozen=True, slots=True)
class Plan:
    """A run. ``stages`` are started one after the other, each once the one before is up, and stopped in reverse."""

    data_dir: Path
    url: str
    docs_url: str
    door_url: str
    flower_url: str | None
    # Where the metrics of each worker are served, by its name; empty where they are left out.
    metrics_urls: Mapping[str, str]
    broker: str
    broker_socket: Path | None
    admin_token_given: bool
    stages: tuple[tuple[ChildSpec, ...], ...]
    why_not_ready: Callable[[], Awaitable[str | None]]

    @property
    def children(self) -> tuple[ChildSpec, ...]:
        """All children, in the order they start."""
        return tuple(child for stage in self.stages for child in stage)


def read_up_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of a run; raise ``CommandFailed`` with every one that is unusable."""
    try:
        settings = read_settings(environ, _NAMES)
    except SettingsInvalid as error:
        raise CommandFailed(f"{error.title}:\n{error.detail}", ExitCode.USAGE) from error
    settings["data_dir"] = settings["data_dir"].expanduser().resolve()
    return settings


def make_plan(settings: Mapping[str, Any], environ: Mapping[str, str]) -> Plan:
    """Return the plan for ``settings`` (of ``read_up_settings``).

    Claims ports and makes missing secrets, but starts nothing. Raises ``CommandFailed`` when a port that
    was asked for is taken.
    """
    data_dir: Path = settings["data_dir"]
    host, door_host = settings["host"], settings["gateway_door_host"]
    port, door_port, flower_port = _ports(settings, environ)
    url, door_url = url_of(host, port), url_of(door_host, door_port)
    flower_url = None if flower_port is None else url_of("127.0.0.1", flower_port)
    metrics_ports = _metrics_ports(settings, environ, frozenset({port, door_port, flower_port or 0}))

    broker_url, broker_stage, broker_socket = _broker(settings, environ, data_dir)
    env = _environment(settings, environ) | {
        "FAULTLINE_BROKER_URL": broker_url,
        "FAULTLINE_DOOR_URL": door_url,
        "FAULTLINE_FLOWER_URL": environ.get("FAULTLINE_FLOWER_URL") or flower_url or "",
    }
    workers = (
        _worker(name, settings, env | _metrics(metrics_ports.get(name)), url, events=flower_port is not None)
        for name in _WORKERS
    )
    main_stage = (_gateway(settings, env, url, port, door_port), *workers)
    flower_stage = () if flower_port is None else (_flower(env, data_dir, flower_port),)
    return Plan(
        data_dir=data_dir,
        url=url,
        docs_url=f"{url}/api/docs",
        door_url=door_url,
        flower_url=flower_url,
        metrics_urls=_metrics_urls(settings["metrics_host"], metrics_ports),
        broker="embedded Valkey" if broker_socket else describe_broker(broker_url),
        broker_socket=broker_socket,
        admin_token_given=settings["admin_token"] is not None,
        stages=tuple(stage for stage in (broker_stage, main_stage, flower_stage) if stage),
        why_not_ready=lambda: probes.why_not_ready(url),
    )


def _metrics_urls(host: str, ports: Mapping[str, int]) -> dict[str, str]:
    return {name: f"{url_of(host, port)}/metrics" for name, port in ports.items()}


def _environment(settings: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return what every child gets, whatever the addresses of this run."""
    data_dir: Path = settings["data_dir"]
    env = {name: value for name, value in environ.items() if name.removesuffix("_FILE") not in _NOT_HANDED_ON}
    env |= {
        "FAULTLINE_DATA_DIR": str(data_dir),
        "FAULTLINE_DOOR_KEY": settings["door_key"] or read_or_make_secret(data_dir / DOOR_KEY),
        "PYTHONUNBUFFERED": "1",
    }
    if not env.get("FAULTLINE_GRAPH_SNAPSHOTS") and (demo := find_project_file(DEMO_CLUSTER)).is_dir():
        # So that there is a cluster to look at before anybody has named one.
        env["FAULTLINE_GRAPH_SNAPSHOTS"] = f"{DEMO_CONTEXT}={demo}"
    return env


def describe_broker(url: str) -> str:
    """Return ``url`` without its credentials."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _ports(settings: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[int, int, int | None]:
    """Return the ports of the gateway, of its door, and of Flower, if that runs."""
    kept = _asked_for(settings, environ)
    port = claim_port("FAULTLINE_PORT", settings["host"], settings["port"], kept=kept)
    door_port = _door_port(settings, environ, frozenset({port}), kept)
    return port, door_port, _flower_port(settings, environ, frozenset({port, door_port}), kept)


def _asked_for(settings: Mapping[str, Any], environ: Mapping[str, str]) -> frozenset[int]:
    """Return the ports that settings ask for: where any port will do, it is another than these."""
    first, metrics = settings["metrics_port"], environ.get("FAULTLINE_METRICS_PORT")
    ports = set(range(first, first + len(_WORKERS))) if metrics else set()
    for name in ("gateway_door_port", "flower_port"):
        if environ.get(f"FAULTLINE_{name.upper()}"):
            ports.add(settings[name])
    return frozenset(ports)


def _door_port(
    settings: Mapping[str, Any], environ: Mapping[str, str], avoid: frozenset[int], kept: frozenset[int]
) -> int:
    wanted = settings["gateway_door_port"] if environ.get("FAULTLINE_GATEWAY_DOOR_PORT") else 0
    return claim_port("FAULTLINE_GATEWAY_DOOR_PORT", settings["gateway_door_host"], wanted, avoid=avoid, kept=kept)


def _flower_port(
    settings: Mapping[str, Any], environ: Mapping[str, str], avoid: frozenset[int], kept: frozenset[int]
) -> int | None:
    wanted: int = settings["flower_port"]
    if wanted == 0:
        return None
    if environ.get("FAULTLINE_FLOWER_PORT"):
        return claim_port("FAULTLINE_FLOWER_PORT", "127.0.0.1", wanted, avoid=avoid, zero="leaves Flower out")
    # Nobody asked for the usual port, so another will do.
    return find_port_near("FAULTLINE_FLOWER_PORT", "127.0.0.1", wanted, avoid | kept)


def _metrics_ports(settings: Mapping[str, Any], environ: Mapping[str, str], avoid: frozenset[int]) -> dict[str, int]:
    setting, host, first = "FAULTLINE_METRICS_PORT", settings["metrics_host"], settings["metrics_port"]
    if first == 0:
        return {}
    found: dict[str, int] = {}
    for wanted, name in enumerate(_WORKERS, first or _FIRST_METRICS_PORT):
        taken = avoid | frozenset(found.values())
        if environ.get(setting):
            found[name] = claim_port(setting, host, wanted, avoid=taken, zero="leaves them out")
        else:
            found[name] = find_port_near(setting, host, wanted, taken)
    return found


def _metrics(port: int | None) -> dict[str, str]:
    return {"FAULTLINE_METRICS_PORT": str(port or 0)}


def _broker(
    settings: Mapping[str, Any], environ: Mapping[str, str], data_dir: Path
) -> tuple[str, tuple[ChildSpec, ...], Path | None]:
    if settings["broker_url"]:
        return settings["broker_url"], (), None
    spec, socket_path = embedded_broker.make_broker(data_dir / "broker", environ)
    return embedded_broker.url_of_socket(socket_path), (spec,), socket_path


def _gateway(settings: Mapping[str, Any], env: Mapping[str, str], url: str, port: int, door_port: int) -> ChildSpec:
    own = {
        "FAULTLINE_HOST": settings["host"],
        "FAULTLINE_PORT": str(port),
        "FAULTLINE_GATEWAY_DOOR_PORT": str(door_port),
    }
    if settings["admin_token"] is not None:
        own["FAULTLINE_ADMIN_TOKEN"] = settings["admin_token"]
    if settings["intake_token"] is not None:
        own["FAULTLINE_INTAKE_TOKEN"] = settings["intake_token"]
    command = (sys.executable, "-m", "services.gateway")
    return ChildSpec("gateway", command, {**env, **own}, lambda: probes.is_ok(f"{url}/healthz"), is_reported_to=True)


def _worker(name: str, settings: Mapping[str, Any], env: Mapping[str, str], url: str, *, events: bool) -> ChildSpec:
    concurrency, level = settings[f"{name}_concurrency"], settings["log_level"]
    command = worker_command(name, concurrency=concurrency, log_level=level, events=events)
    # The gateway is ready once the workers said hello, so its readiness is also theirs.
    return ChildSpec(name, command, env, lambda: probes.is_ok(f"{url}/readyz"))


def _flower(env: Mapping[str, str], data_dir: Path, port: int) -> ChildSpec:
    password = read_or_make_secret(data_dir / FLOWER_PASSWORD)
    handed = {name: value for name, value in env.items() if name.removesuffix("_FILE") not in _NOT_FOR_FLOWER}
    # In the environment and not among the arguments, which every user of the machine can list.
    own = {
        "FAULTLINE_FLOWER_HOST": "127.0.0.1",
        "FAULTLINE_FLOWER_PORT": str(port),
        "FAULTLINE_FLOWER_PASSWORD": password,
    }
    command, probe = (sys.executable, "-m", "services.flower"), f"{url_of('127.0.0.1', port)}/healthcheck"
    return ChildSpec(
        "flower", command, {**handed, **own}, lambda: probes.is_ok(probe, ("admin", password)), essential=False
    )
