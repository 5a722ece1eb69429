"""What a rollout changed: the pod templates of two revisions compared, in words for people."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.graph.domain.k8s.pods import Container, EnvVar, PodSpec, PodTemplate
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.workloads import Deployment, ReplicaSet
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.walking.ownership import replica_sets_of, revision_of

_SECRET_NAME = re.compile(r"pass|secret|token|key|credential|auth|dsn", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """One difference. ``what``: image, env, requests, limits, command, probe, account, node, config, containers."""

    what: str
    container: str
    name: str
    old: str
    new: str

    def __str__(self) -> str:
        """Return it for people: ``limits memory of server: 256Mi → 64Mi``."""
        of = f" of {self.container}" if self.container else ""
        name = f" {self.name}" if self.name else ""
        return f"{self.what}{name}{of}: {self.old or '—'} → {self.new or '—'}"


@dataclass(frozen=True, slots=True)
class LastChange:
    """The change of the newest revision of a Deployment, and since when its pods are made."""

    replica_set: ReplicaSet
    revision: int
    before: int
    at: datetime | None
    changes: tuple[TemplateChange, ...]


def diff_templates(old: PodTemplate, new: PodTemplate) -> list[TemplateChange]:
    """Return what differs between two pod templates; labels and what a mutating webhook stamps are left out."""
    before, after = old.spec or PodSpec(), new.spec or PodSpec()
    return [*_diff_containers(before, after), *_diff_pods(before, after)]


def last_change(inventory: Inventory, deployment: KubeObject | None) -> LastChange | None:
    """Return what the newest revision changed against the one before; None where there is no earlier one to see."""
    if not isinstance(deployment, Deployment):
        return None
    found = [one for one in replica_sets_of(inventory, deployment) if revision_of(one)]
    if len(found) < 2:  # noqa: PLR2004 - the newest and the one before.
        return None
    newest, before = found[0], found[1]
    return LastChange(
        newest,
        revision_of(newest),
        revision_of(before),
        _rolled_at(inventory, deployment, newest),
        tuple(diff_templates(before.spec.template, newest.spec.template)),
    )


def _rolled_at(inventory: Inventory, deployment: Deployment, newest: ReplicaSet) -> datetime | None:
    # A rollback revives an old ReplicaSet, so its creation may be long before its pods; the Events know better.
    name = newest.metadata.name
    scaled = [
        one.last_at
        for one in inventory.events_of(deployment)
        if one.reason == "ScalingReplicaSet" and f"Scaled up replica set {name} " in one.message and one.last_at
    ]
    return max(scaled) if scaled else newest.metadata.creation_timestamp


def _diff_containers(old: PodSpec, new: PodSpec) -> Iterator[TemplateChange]:
    before = {one.name: one for one in (*(old.init_containers or ()), *(old.containers or ()))}
    after = {one.name: one for one in (*(new.init_containers or ()), *(new.containers or ()))}
    for name in sorted(before.keys() | after.keys()):
        first, second = before.get(name), after.get(name)
        if first is None or second is None:
            yield TemplateChange("containers", "", name, "there" if first else "", "there" if second else "")
        else:
            yield from _diff_container(name, first, second)


def _diff_container(name: str, old: Container, new: Container) -> Iterator[TemplateChange]:
    for what, before, after in (
        ("image", old.image, new.image),
        ("command", old.command, new.command),
        ("args", old.args, new.args),
    ):
        if before != after:
            yield TemplateChange(what, name, "", _words(before), _words(after))
    yield from _diff_map("env", name, _env(old), _env(new))
    for what in ("requests", "limits"):
        before_map = getattr(old.resources, what, None) or {}
        after_map = getattr(new.resources, what, None) or {}
        yield from _diff_map(what, name, _texts(before_map), _texts(after_map))
    for what in ("liveness_probe", "readiness_probe", "startup_probe"):
        if getattr(old, what) != getattr(new, what):
            yield TemplateChange(
                "probe", name, what.split("_")[0], _mark(getattr(old, what)), _mark(getattr(new, what))
            )
    if old.env_from != new.env_from:
        yield TemplateChange("config", name, "envFrom", _mark(old.env_from), _mark(new.env_from))
    if old.security_context != new.security_context:
        yield TemplateChange("security", name, "", _mark(old.security_context), _mark(new.security_context))


def _diff_pods(old: PodSpec, new: PodSpec) -> Iterator[TemplateChange]:
    if old.service_account_name != new.service_account_name:
        account = (old.service_account_name or "", new.service_account_name or "")
        yield TemplateChange("account", "", "serviceAccountName", *account)
    yield from _diff_map("node", "", old.node_selector or {}, new.node_selector or {})
    for what, field in (("node", "affinity"), ("node", "tolerations"), ("config", "volumes")):
        if getattr(old, field) != getattr(new, field):
            yield TemplateChange(what, "", field, _mark(getattr(old, field)), _mark(getattr(new, field)))


def _diff_map(what: str, container: str, old: dict[str, str], new: dict[str, str]) -> Iterator[TemplateChange]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield TemplateChange(what, container, key, old.get(key, ""), new.get(key, ""))


def _env(container: Container) -> dict[str, str]:
    return {one.name: _env_value(one) for one in container.env or ()}


def _env_value(one: EnvVar) -> str:
    source = one.value_from
    if source is None:
        # That it changed is worth showing; what it is, is not.
        return f"hidden, {_digest(one.value)}" if one.value and _SECRET_NAME.search(one.name) else one.value or ""
    for kind, ref in (("ConfigMap", source.config_map_key_ref), ("Secret", source.secret_key_ref)):
        if ref:
            return f"{kind} {ref.name}/{ref.key}"
    return "a field"


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def _texts(values: dict[str, str | int | float]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def _words(value: str | list[str] | None) -> str:
    return " ".join(value) if isinstance(value, list) else value or ""


def _mark(value: object) -> str:
    return "" if value in (None, []) else "other"
