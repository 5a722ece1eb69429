"""Settings of the gateway alone."""

from pathlib import Path

from shared.settings.kinds import as_choice, as_integer, as_seconds, as_text
from shared.settings.setting import PORT, Setting

_DAYS = as_integer(0, 36500)

GATEWAY = (
    Setting("FAULTLINE_GATEWAY_DOOR_HOST", as_text, "127.0.0.1", "Address the internal door listens on."),
    Setting("FAULTLINE_GATEWAY_DOOR_PORT", PORT, "8081", "Port the internal door listens on."),
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
    Setting("FAULTLINE_GATEWAY_RETAIN_KEY_DAYS", _DAYS, "2", "Days an idempotency key is kept; 0 keeps it for ever."),
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
)
