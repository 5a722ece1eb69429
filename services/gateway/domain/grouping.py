"""Decide which incident a firing signal belongs to: the default grouping rule and its windows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from services.gateway.domain.records import Activity, Incident, IncidentStatus, ResolveOn, Signal
from shared.contracts.signal import NormalisedSignal

OPEN_STATUSES = frozenset(
    {
        IncidentStatus.NEW,
        IncidentStatus.TRIAGE,
        IncidentStatus.INVESTIGATING,
        IncidentStatus.MITIGATED,
        IncidentStatus.MONITORING,
    },
)
# Closing is a person's word that the case is over, and so is cancelling: signals never undo either.
REOPENABLE_STATUSES = frozenset({IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM})

# The labels the default rule groups by, after the alert's name. Severity and route are not among them:
# in the identity they would split a recovery from its trigger.
_GROUPED_BY = ("cluster", "namespace", "service")


@dataclass(frozen=True, slots=True)
class GroupingPolicy:
    """The windows of the default rule; ``docs/configuration.md`` explains each."""

    group_window: timedelta = timedelta(hours=4)
    reopen_window: timedelta = timedelta(minutes=30)
    stable_period: timedelta = timedelta(minutes=1)


class Placement(StrEnum):
    """What to do with a firing signal, given the incident its group led to before."""

    JOIN = "join"
    REOPEN = "reopen"
    OPEN = "open"


def derive_dedup_key(signal: NormalisedSignal | Signal) -> str:
    """Return the key of the group a signal belongs to: the sender's own, else source, name and place.

    A name alone would throw unrelated teams together, so a signal without namespace and service groups
    with signals of the same name that lack them too. Values stand in JSON's quotes, so that no value can pass
    for another label: ``alertmanager:Down{namespace="pay",service="checkout"}``.
    """
    if signal.dedup_key:
        return f"{signal.source}:key:{signal.dedup_key}"
    labels = signal.group_labels
    parts = [f"{label}={_quoted(labels[label])}" for label in _GROUPED_BY if labels.get(label)]
    return f"{signal.source}:{signal.name}{{{','.join(parts)}}}"


def _quoted(value: str) -> str:
    return msgspec.json.encode(value).decode()


def place(incident: Incident | None, activity: Activity | None, policy: GroupingPolicy, now: datetime) -> Placement:
    """Decide for a signal that newly fires, given the newest incident of its group (None if there is none)."""
    if incident is None:
        return Placement.OPEN
    if incident.status in OPEN_STATUSES:
        return Placement.JOIN if _is_active(activity, policy, now) else Placement.OPEN
    if is_within_reopen_window(incident, policy, now):
        return Placement.REOPEN
    return Placement.OPEN


def is_within_reopen_window(incident: Incident, policy: GroupingPolicy, now: datetime) -> bool:
    """Answer whether a signal that fires again brings this ended incident back rather than opening another."""
    resolved_at = incident.milestones.resolved_at
    return (
        incident.status in REOPENABLE_STATUSES and resolved_at is not None and now - resolved_at <= policy.reopen_window
    )


def _is_active(activity: Activity | None, policy: GroupingPolicy, now: datetime) -> bool:
    """While anything still fires the window stays open, however rarely the sender repeats it."""
    if activity is None or activity.last_signal_at is None:
        return False
    return activity.firing_count > 0 or now - activity.last_signal_at <= policy.group_window


def is_over(resolve_on: ResolveOn, activity: Activity, resolved: str) -> bool:
    """Answer whether the resolve of the signal ``resolved`` ends its incident, ``activity`` counted after it."""
    if resolve_on is ResolveOn.NEVER:
        return False
    if resolve_on is ResolveOn.FIRST or activity.firing_count <= 0:
        return True
    return resolve_on is ResolveOn.LAST and activity.newest_fingerprint == resolved


def may_resolve(resolve_on: ResolveOn, activity: Activity) -> bool:
    """Answer, when the stable period has passed, whether what still fires stands against resolving."""
    if resolve_on is ResolveOn.NEVER:
        return False
    return resolve_on is not ResolveOn.ALL or activity.firing_count <= 0
