"""What an action asks to be done: to an object of a cluster, or by a program."""

from enum import StrEnum
from typing import Any

from shared.contracts.base import Contract


class KubernetesVerb(StrEnum):
    """What may be proposed to be done to an object of a cluster."""

    SCALE = "scale"
    RESTART = "restart"
    ROLLBACK = "rollback"
    DELETE_POD = "delete-pod"
    CORDON = "cordon"
    UNCORDON = "uncordon"
    DRAIN = "drain"
    PATCH = "patch"
    DELETE = "delete"
    PAUSE = "pause"
    RESUME = "resume"
    EVICT = "evict"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"
    SET_IMAGE = "set-image"
    SET_RESOURCES = "set-resources"
    APPLY = "apply"


class KubernetesPayload(Contract, frozen=True, kw_only=True):
    """One change of one object. No ``namespace`` means that the object has none; nothing ever takes a default."""

    verb: KubernetesVerb
    context: str
    namespace: str | None = None
    kind: str
    name: str
    parameters: dict[str, Any] = {}


class CommandPayload(Contract, frozen=True, kw_only=True):
    """A program with its arguments, each as it is: no shell reads them. ``target`` says where it is to run."""

    argv: tuple[str, ...]
    target: str
