"""The gateway's settings, read once at start: a frozen value instead of an environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from services.gateway.approval_file import read_approval_file
from services.gateway.domain.actions.policy import ApprovalPolicy
from services.gateway.domain.signatures import Signing
from services.gateway.signing_file import read_signing_file
from shared.errors import SettingsInvalid
from shared.settings import read_settings

_NAMES = (
    "FAULTLINE_HOST",
    "FAULTLINE_PORT",
    "FAULTLINE_DATA_DIR",
    "FAULTLINE_BROKER_URL",
    "FAULTLINE_ADMIN_TOKEN",
    "FAULTLINE_INTAKE_TOKEN",
    "FAULTLINE_PUBLIC_URL",
    "FAULTLINE_FLOWER_URL",
    "FAULTLINE_LOG_LEVEL",
    "FAULTLINE_LOG_FORMAT",
    "FAULTLINE_TRACES",
    "FAULTLINE_DOOR_KEY",
    "FAULTLINE_METRICS_KEY",
    "FAULTLINE_GATEWAY_DOOR_HOST",
    "FAULTLINE_GATEWAY_DOOR_PORT",
    "FAULTLINE_GATEWAY_THREADS",
    "FAULTLINE_GATEWAY_STREAMS",
    "FAULTLINE_GATEWAY_MAX_BODY_BYTES",
    "FAULTLINE_GATEWAY_SIGNING_FILE",
    "FAULTLINE_GATEWAY_APPROVAL_FILE",
    "FAULTLINE_GATEWAY_BACKLOG_LIMIT",
    "FAULTLINE_GATEWAY_WINDOW",
    "FAULTLINE_GATEWAY_BATCH_LIMIT",
    "FAULTLINE_GATEWAY_LINGER_SECONDS",
    "FAULTLINE_GATEWAY_LEASE_SECONDS",
    "FAULTLINE_GATEWAY_GROUP_WINDOW_SECONDS",
    "FAULTLINE_GATEWAY_REOPEN_SECONDS",
    "FAULTLINE_GATEWAY_STABLE_SECONDS",
    "FAULTLINE_GATEWAY_RETAIN_DELIVERY_DAYS",
    "FAULTLINE_GATEWAY_RETAIN_JOB_DAYS",
    "FAULTLINE_GATEWAY_RETAIN_KEY_DAYS",
    "FAULTLINE_GATEWAY_RETAIN_INCIDENT_DAYS",
    "FAULTLINE_GATEWAY_RETAIN_AUDIT_DAYS",
    "FAULTLINE_GATEWAY_RETAIN_QUICKDX_DAYS",
    "FAULTLINE_GATEWAY_INVESTIGATE",
    "FAULTLINE_GATEWAY_INVENTORY_SECONDS",
    "FAULTLINE_GATEWAY_SESSION_SECONDS",
    "FAULTLINE_GATEWAY_SESSION_IDLE_SECONDS",
)
_REQUIRED = ("FAULTLINE_BROKER_URL", "FAULTLINE_DOOR_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is the setting of the same name; ``docs/configuration.md`` says what it means.

    ``signing`` is what the signing file holds, by source; ``approvals`` what the approval file says.
    """

    host: str
    port: int
    data_dir: Path
    broker_url: str
    door_key: str
    admin_token: str | None = None
    intake_token: str | None = None
    metrics_key: str | None = None
    public_url: str | None = None
    flower_url: str | None = None
    log_level: str = "info"
    log_format: str = "json"
    traces: str | Path = "none"
    door_host: str = "127.0.0.1"
    door_port: int = 8081
    threads: int = 64
    streams: int = 32
    max_body_bytes: int = 4 << 20
    signing_file: Path | None = None
    signing: Mapping[str, Signing] = field(default_factory=dict)
    approval_file: Path | None = None
    approvals: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    backlog_limit: int = 50_000
    window: int = 8
    batch_limit: int = 64
    linger_seconds: float = 0.03
    lease_seconds: float = 5.0
    group_window_seconds: float = 14_400.0
    reopen_seconds: float = 1_800.0
    stable_seconds: float = 60.0
    retain_delivery_days: int = 30
    retain_job_days: int = 30
    retain_key_days: int = 2
    retain_incident_days: int = 0
    retain_audit_days: int = 365
    retain_quickdx_days: int = 30
    investigate: str = "auto"
    inventory_seconds: float = 600.0
    session_seconds: float = 86_400.0
    session_idle_seconds: float = 28_800.0

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        hidden = {"broker_url", "door_key", "admin_token", "intake_token", "metrics_key", "signing"}
        shown = ((f.name, "…" if f.name in hidden else getattr(self, f.name)) for f in fields(self))
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown)})"


def read_gateway_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of the gateway; raise ``SettingsInvalid`` naming every problem at once."""
    problems: list[str] = []
    signing: dict[str, Signing] = {}
    if signing_file := environ.get("FAULTLINE_GATEWAY_SIGNING_FILE"):
        try:
            signing = read_signing_file(Path(signing_file))
        except ValueError as error:
            problems.append(f"FAULTLINE_GATEWAY_SIGNING_FILE: {error}")
    approvals = ApprovalPolicy()
    if approval_file := environ.get("FAULTLINE_GATEWAY_APPROVAL_FILE"):
        try:
            approvals = read_approval_file(Path(approval_file))
        except ValueError as error:
            problems.append(f"FAULTLINE_GATEWAY_APPROVAL_FILE: {error}")
    try:
        values = read_settings(environ, _NAMES, required=_REQUIRED)
    except SettingsInvalid as error:
        raise SettingsInvalid("\n".join([error.detail, *problems])) from None
    if values["intake_token"] is not None and values["intake_token"] == values["admin_token"]:
        problems.append(
            "FAULTLINE_INTAKE_TOKEN: must not be FAULTLINE_ADMIN_TOKEN: whoever sends alerts would be an admin"
        )
    if problems:
        raise SettingsInvalid("\n".join(problems))
    named = {name.removeprefix("gateway_"): value for name, value in values.items()}
    return Settings(**named, signing=signing, approvals=approvals)
