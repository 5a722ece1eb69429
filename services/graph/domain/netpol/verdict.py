"""What can be asked of network policies, and what is answered."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.graph.domain.k8s.network import NetworkPolicy
from services.graph.domain.topology.graph import Provenance

TCP = "TCP"
PROTOCOLS = (TCP, "UDP", "SCTP")

# Said with every denial: a policy is only a wish, which the network plugin fulfils or ignores.
IF_ENFORCED = "holds only if the cluster's network plugin enforces network policies"


class Direction(StrEnum):
    """Seen from the pod a policy selects."""

    INGRESS = "ingress"
    EGRESS = "egress"


class VerdictState(StrEnum):
    """``unknown``: what decides it could not be read, or is left to the network plugin."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outside:
    """Something that is no pod of this cluster; ``ip`` None: anything out there."""

    ip: str | None = None


@dataclass(frozen=True, slots=True)
class PortQuestion:
    """A port of the destination. A name is looked up in its containers; None: any port of the protocol."""

    port: int | str | None
    protocol: str = TCP


@dataclass(frozen=True, slots=True)
class Reason:
    """A policy, or one rule of it, that decided; ``provenance`` says which field of which version."""

    direction: Direction
    provenance: Provenance
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a connection may be made, because of which rules; no reason where no policy has a say."""

    state: VerdictState
    because: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Isolation:
    """Whether policies limit one direction of a pod: None where that is not known. ``policies`` are those seen."""

    state: bool | None
    policies: tuple[NetworkPolicy, ...] = ()


def reason_of(policy: NetworkPolicy, direction: Direction, path: str, text: str) -> Reason:
    """Return a reason that points at a field of the policy."""
    meta = policy.metadata
    return Reason(direction, Provenance(policy.ref, meta.uid, path, meta.resource_version), text)


def state_of(value: bool | None) -> VerdictState:  # noqa: FBT001 - a truth value is what it turns.
    """Return a truth value as a state."""
    if value is None:
        return VerdictState.UNKNOWN
    return VerdictState.ALLOWED if value else VerdictState.DENIED


def any_of(values: Iterable[bool | None]) -> bool | None:
    """Return whether one is true; None where one may be."""
    found: bool | None = False
    for value in values:
        if value:
            return True
        found = None if value is None else found
    return found


def all_of(values: Iterable[bool | None]) -> bool | None:
    """Return whether all are true; None where that hangs on one that is not known."""
    found: bool | None = True
    for value in values:
        if value is False:
            return False
        found = None if value is None else found
    return found
