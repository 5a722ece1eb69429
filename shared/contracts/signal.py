"""A signal: one alert inside a delivery, normalised to Faultline's words."""

from datetime import datetime
from enum import StrEnum

from shared.contracts.base import Contract
from shared.contracts.severity import Severity


class SignalStatus(StrEnum):
    """Whether the problem a signal reports is there now."""

    FIRING = "firing"
    RESOLVED = "resolved"


class EntityHint(Contract, frozen=True, kw_only=True):
    """A component a signal names through its labels; a hint, not yet looked up in a cluster."""

    kind: str
    name: str
    namespace: str | None = None
    cluster: str | None = None


class NormalisedSignal(Contract, frozen=True, kw_only=True):
    """What a worker read out of one alert.

    ``fingerprint`` is unique over all sources (it starts with the source's name) and depends only on
    the identity fields of the alert, never on its summary or severity. ``starts_at`` is when this
    occurrence began; ``ends_at`` is None while it fires. ``group_labels`` are the labels the default
    grouping rule reads, already translated to Faultline's names (alertname, cluster, namespace, service).
    """

    source: str
    fingerprint: str
    status: SignalStatus
    severity: Severity
    name: str
    starts_at: datetime
    ends_at: datetime | None = None
    title: str
    description: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    group_labels: dict[str, str] = {}
    service: str | None = None
    dedup_key: str | None = None
    entities: tuple[EntityHint, ...] = ()
    link: str | None = None
    # The sender says that somebody took it on. Not a state of the signal: it moves a new incident to triage.
    acknowledged: bool = False
    # The sender named the problem and its state and nothing else (a resolve by key): what is known of it stands.
    brief: bool = False


class ChangeEvent(Contract, frozen=True, kw_only=True):
    """Something that was changed on purpose (a deploy, a flag): context for people, never an incident.

    ``key`` is unique over all sources and the same for a repeat of the same event.
    """

    source: str
    key: str
    summary: str
    occurred_at: datetime
    service: str | None = None
    namespace: str | None = None
    cluster: str | None = None
    labels: dict[str, str] = {}
    link: str | None = None
