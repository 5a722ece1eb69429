"""Settings that more than one part of the product goes by: addresses, credentials, logs, traces, metrics."""

from pathlib import Path

from shared.settings.kinds import as_choice, as_integer, as_key, as_origin, as_page, as_text, as_traces
from shared.settings.setting import PORT, Setting

PRODUCT = (
    # --- everyone
    Setting("FAULTLINE_HOST", as_text, "127.0.0.1", "Address the API listens on."),
    Setting("FAULTLINE_PORT", PORT, "8080", "Port the API listens on."),
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
    Setting("FAULTLINE_DOOR_URL", as_text, "http://127.0.0.1:8081", "Where workers reach the gateway's internal door."),
    Setting(
        "FAULTLINE_DOOR_KEY",
        as_key,
        None,
        "Credential of the internal door, at least 16 characters. `faultline up` makes one and keeps it in the data "
        "folder.",
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
)
