"""Every setting Faultline knows: one table, read from the environment, refused when misspelt.

A service lists the settings it needs and gets typed values; ``docs/configuration.md`` is checked against
``SETTINGS`` by a test. Only composition roots call ``read_settings``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from shared.errors import SettingsInvalid
from shared.setting_kinds import (
    as_choice,
    as_integer,
    as_key,
    as_named_folders,
    as_names,
    as_origin,
    as_page,
    as_seconds,
    as_text,
    as_traces,
)

PREFIX = "FAULTLINE_"
# `FAULTLINE_DOOR_KEY_FILE` names a file that holds FAULTLINE_DOOR_KEY: how orchestrators hand out secrets.
_FILE = "_FILE"
_MOST_SECRET_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. ``default`` is text, as a person would write it; None means there is none."""

    name: str
    parse: Callable[[str], Any]
    default: str | None
    doc: str
    secret: bool = False


_PORT = as_integer(0, 65535)
_DAYS = as_integer(0, 36500)

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        # --- everyone
        Setting("FAULTLINE_HOST", as_text, "127.0.0.1", "Address the API listens on."),
        Setting("FAULTLINE_PORT", _PORT, "8080", "Port the API listens on."),
        Setting(
            "FAULTLINE_PUBLIC_URL",
            as_origin,
            None,
            "Where people reach the gateway, such as `https://faultline.example.org`. With `https` a session's cookie "
            "is sent over TLS only; writes of browsers must come from there.",
        ),
        Setting(
            "FAULTLINE_FLOWER_URL",
            as_page,
            None,
            "Where people reach Flower, for the link on the screens; `faultline up` sets it for its own.",
        ),
        Setting("FAULTLINE_DATA_DIR", Path, "./data", "Folder for everything Faultline keeps."),
        Setting(
            "FAULTLINE_BROKER_URL",
            as_text,
            None,
            "Broker: `redis://`, `rediss://`, `redis+socket://` or `amqp://`. "
            "Without it `faultline up` starts its own Valkey.",
            secret=True,
        ),
        Setting(
            "FAULTLINE_ADMIN_TOKEN",
            as_key,
            None,
            "Admin token to use instead of a generated one; at least 16 characters.",
            secret=True,
        ),
        Setting(
            "FAULTLINE_INTAKE_TOKEN",
            as_key,
            None,
            "Token that may send deliveries and nothing else, for a sender that is set up together with the gateway; "
            "at least 16 characters. See [access](access.md#tokens-that-settings-give).",
            secret=True,
        ),
        Setting(
            "FAULTLINE_LOG_LEVEL", as_choice("debug", "info", "warning", "error"), "info", "Least level that is logged."
        ),
        Setting("FAULTLINE_LOG_FORMAT", as_choice("json", "console"), "json", "Log lines for machines or for people."),
        Setting(
            "FAULTLINE_TRACES",
            as_traces,
            "none",
            "Where OpenTelemetry traces go: `none`, `otlp` (where the `OTEL_EXPORTER_OTLP_*` variables say), or "
            "`file:PATH`, a line of JSON a span; see [operations](operations.md#traces-and-logs).",
        ),
        # --- the internal door
        Setting(
            "FAULTLINE_DOOR_URL", as_text, "http://127.0.0.1:8081", "Where workers reach the gateway's internal door."
        ),
        Setting(
            "FAULTLINE_DOOR_KEY",
            as_text,
            None,
            "Credential of the internal door. `faultline up` makes one and keeps it in the data folder.",
            secret=True,
        ),
        Setting(
            "FAULTLINE_HEARD_FILE",
            Path,
            None,
            "File that a worker touches whenever the gateway heard its hello, every 10 seconds: for health checks.",
        ),
        # --- metrics
        Setting(
            "FAULTLINE_METRICS_KEY",
            as_key,
            None,
            "When set, `GET /metrics` of the gateway and of the workers wants it as a bearer token; else it is open. "
            "At least 16 characters.",
            secret=True,
        ),
        Setting("FAULTLINE_METRICS_HOST", as_text, "127.0.0.1", "Address the workers' metrics are served on."),
        Setting(
            "FAULTLINE_METRICS_PORT",
            # `faultline up` needs room for the two after it.
            as_integer(0, 65533),
            None,
            "Port a worker's metrics are served on; without it, or with 0, they are not. `faultline up` gives each "
            "worker one of its own: this and the two after it, by default 9101 to 9103; 0 leaves them out.",
        ),
        # --- gateway
        Setting("FAULTLINE_GATEWAY_DOOR_HOST", as_text, "127.0.0.1", "Address the internal door listens on."),
        Setting("FAULTLINE_GATEWAY_DOOR_PORT", _PORT, "8081", "Port the internal door listens on."),
        Setting("FAULTLINE_GATEWAY_THREADS", as_integer(4, 512), "64", "Threads that serve the API."),
        Setting(
            "FAULTLINE_GATEWAY_STREAMS",
            as_integer(0, 256),
            "32",
            "Most live streams at once; each holds a thread, and half of the threads stay free of them in any case.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_MAX_BODY_BYTES", as_integer(1024, 64 << 20), str(4 << 20), "Largest request body taken."
        ),
        Setting(
            "FAULTLINE_GATEWAY_SIGNING_FILE",
            Path,
            None,
            "JSON file with the secrets of sources that sign what they send; see [intake](intake.md#who-may-send).",
        ),
        Setting(
            "FAULTLINE_GATEWAY_APPROVAL_FILE",
            Path,
            None,
            "TOML or JSON file with the approval policy; without it, the defaults of [actions](actions.md).",
        ),
        Setting(
            "FAULTLINE_GATEWAY_BACKLOG_LIMIT",
            as_integer(1, 10_000_000),
            "50000",
            "Unfinished deliveries above which intake answers that it is busy.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_WINDOW", as_integer(1, 1000), "8", "Unfinished messages a queue may hold in the broker."
        ),
        Setting("FAULTLINE_GATEWAY_BATCH_LIMIT", as_integer(1, 1000), "64", "Most deliveries in one message."),
        Setting("FAULTLINE_GATEWAY_LINGER_SECONDS", as_seconds(0, 5), "0.03", "How long a delivery waits for company."),
        Setting(
            "FAULTLINE_GATEWAY_LEASE_SECONDS",
            as_seconds(0.5, 3600),
            "5",
            "Silence after which handed work counts as lost.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_GROUP_WINDOW_SECONDS",
            as_seconds(0, 31_536_000),
            "14400",
            "A new signal joins an open incident of its group whose last signal is not older than this.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_REOPEN_SECONDS",
            as_seconds(0, 31_536_000),
            "1800",
            "A signal that fires again within this time after resolve reopens the incident.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_STABLE_SECONDS",
            as_seconds(0, 86_400),
            "60",
            "How long all signals must have been resolved before an incident resolves by itself.",
        ),
        Setting("FAULTLINE_GATEWAY_RETAIN_DELIVERY_DAYS", _DAYS, "30", "Days a delivery is kept; 0 keeps it for ever."),
        Setting("FAULTLINE_GATEWAY_RETAIN_JOB_DAYS", _DAYS, "30", "Days a finished job is kept; 0 keeps it for ever."),
        Setting(
            "FAULTLINE_GATEWAY_RETAIN_KEY_DAYS", _DAYS, "2", "Days an idempotency key is kept; 0 keeps it for ever."
        ),
        Setting(
            "FAULTLINE_GATEWAY_RETAIN_INCIDENT_DAYS",
            _DAYS,
            "0",
            "Days a closed, cancelled or merged incident is kept; 0 keeps it for ever.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_RETAIN_AUDIT_DAYS",
            _DAYS,
            "365",
            "Days a month of the audit log is kept after its end; 0 keeps it for ever.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_INVESTIGATE",
            as_choice("auto", "asked"),
            "auto",
            "When incidents are investigated: `auto` as they open, are mitigated and resolved, where their cluster is "
            "known; `asked` only when someone asks.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_INVENTORY_SECONDS",
            as_seconds(0, 86_400),
            "600",
            "How old the inventory gets before it is taken anew by itself, while a graph worker is there; 0: only when "
            "someone asks.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_RETAIN_QUICKDX_DAYS",
            _DAYS,
            "30",
            "Days a diagnosis that was asked for is kept; 0 keeps it for ever. At incidents it stays.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_SESSION_SECONDS",
            as_seconds(300, 31_536_000),
            "86400",
            "How long a browser's session lasts at most.",
        ),
        Setting(
            "FAULTLINE_GATEWAY_SESSION_IDLE_SECONDS",
            as_seconds(300, 31_536_000),
            "28800",
            "How long a browser's session may be unused.",
        ),
        # --- intake
        Setting("FAULTLINE_INTAKE_CONCURRENCY", as_integer(1, 64), "1", "Processes of the intake worker."),
        Setting(
            "FAULTLINE_INTAKE_MAPPING_FILE",
            Path,
            None,
            "JSON file with the paths of the generic mapping; without it, defaults.",
        ),
        # --- graph
        Setting("FAULTLINE_GRAPH_CONCURRENCY", as_integer(1, 16), "1", "Processes of the graph worker."),
        Setting(
            "FAULTLINE_GRAPH_CLUSTER_NAME",
            as_text,
            "in-cluster",
            "What the cluster is called that the graph worker runs in, where it has no kubeconfig: as alerts name it, "
            "and another name for each cluster.",
        ),
        Setting(
            "FAULTLINE_GRAPH_KUBECONFIG",
            Path,
            None,
            "Kubeconfig whose contexts can be diagnosed; without it, the one kubectl would use.",
        ),
        Setting(
            "FAULTLINE_GRAPH_SNAPSHOTS",
            as_named_folders,
            "",
            "Snapshots that can be diagnosed like contexts: `name=folder,name=folder`.",
        ),
        # --- actions
        Setting("FAULTLINE_ACTIONS_CONCURRENCY", as_integer(1, 16), "1", "Processes of the actions worker."),
        Setting(
            "FAULTLINE_ACTIONS_CLUSTER_NAME",
            as_text,
            "in-cluster",
            "What the cluster is called that the actions worker runs in, where it has no kubeconfig; as for graph.",
        ),
        Setting(
            "FAULTLINE_ACTIONS_COMMANDS",
            Path,
            None,
            "TOML file with the commands that may be run; without it, none is.",
        ),
        Setting(
            "FAULTLINE_ACTIONS_CONTEXTS",
            as_names,
            "",
            "Contexts that may be changed: `name,name`; without it, all of the kubeconfig.",
        ),
        Setting(
            "FAULTLINE_ACTIONS_KUBECONFIG",
            Path,
            None,
            "Kubeconfig whose contexts may be changed; without it, the cluster of its pod, and outside of one none.",
        ),
        # --- flower
        Setting("FAULTLINE_FLOWER_HOST", as_text, "127.0.0.1", "Address Flower listens on."),
        Setting(
            "FAULTLINE_FLOWER_PORT", _PORT, "5555", "Port Flower listens on; under `faultline up` 0 leaves Flower out."
        ),
        Setting(
            "FAULTLINE_FLOWER_PASSWORD",
            as_text,
            None,
            "Password of the user `admin` of Flower. `faultline up` makes one and keeps it in the data folder.",
            secret=True,
        ),
        # --- command line
        Setting("FAULTLINE_URL", as_text, "http://127.0.0.1:8080", "Gateway the `faultline` command talks to."),
        Setting(
            "FAULTLINE_TOKEN",
            as_text,
            None,
            "Token the `faultline` command uses; else the data folder's admin token.",
            secret=True,
        ),
    )
}


def read_settings(environ: Mapping[str, str], names: Iterable[str], *, required: Iterable[str] = ()) -> dict[str, Any]:
    """Return the typed values of ``names``, keyed by name without the prefix, in lower case.

    A setting that is unset or empty has its default (None where there is none). A secret may stand in a file, which
    the variable of its name with ``_FILE`` at the end names. Raises ``SettingsInvalid`` naming every misspelt, missing
    or unusable variable at once; values of secrets are never repeated in it.
    """
    problems = [f"{name}: no such setting{_suggestion(name)}" for name in sorted(environ) if _is_misspelt(name)]
    environ = {**environ, **_secrets_in_files(environ, problems)}
    values: dict[str, Any] = {}
    for name in names:
        setting = SETTINGS[name]
        text = environ.get(name) or setting.default
        if text is None:
            values[_field(name)] = None
            continue
        try:
            values[_field(name)] = setting.parse(text)
        except ValueError as error:
            shown = "the value given" if setting.secret else repr(text)
            problems.append(f"{name}: {shown}: {error}")
    problems += [
        f"{name}: must be set. {SETTINGS[name].doc}"
        for name in required
        if not (environ.get(name) or SETTINGS[name].default)
    ]
    if problems:
        raise SettingsInvalid("\n".join(problems))
    return values


def _secrets_in_files(environ: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for variable in (name for name in sorted(environ) if _names_a_file(name) and environ[name]):
        name = variable.removesuffix(_FILE)
        if environ.get(name):
            problems.append(f"{variable}: {name} is set too; set one of them")
            continue
        try:
            with Path(environ[variable]).open("rb") as file:
                found[name] = file.read(_MOST_SECRET_BYTES).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{variable}: {error}")
            continue
        if not found[name]:
            problems.append(f"{variable}: the file {environ[variable]} is empty")
    return found


def _names_a_file(name: str) -> bool:
    setting = SETTINGS.get(name.removesuffix(_FILE)) if name.endswith(_FILE) else None
    return setting is not None and setting.secret


def _is_misspelt(name: str) -> bool:
    return name.startswith(PREFIX) and name not in SETTINGS and not _names_a_file(name)


def _suggestion(name: str) -> str:
    close = get_close_matches(name, SETTINGS, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _field(name: str) -> str:
    return name.removeprefix(PREFIX).lower()
