"""What the graph found around an incident at one moment: entities, relations, correlations, hypotheses, changes."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from shared.contracts.base import Contract
from shared.contracts.diagnosis import CoverageNote, DiagnosedResource, DiagnosisStatus, Finding


class Trigger(StrEnum):
    """Why an incident was investigated."""

    OPENED = "opened"
    ASKED = "asked"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


class Origin(Contract, frozen=True, kw_only=True):
    """Which field of which object says so, as of which version of it."""

    resource: DiagnosedResource
    uid: str = ""
    field_path: str = ""
    resource_version: str = ""


class GraphEntity(Contract, frozen=True, kw_only=True):
    """A component near the incident. ``id`` is ``Kind/namespace/name``, or ``Kind/name`` for the whole cluster's.

    ``presence`` is present, absent (proven), or unknown; ``hops`` how far it is from the nearest seed; ``is_seed``
    whether the incident names it.
    """

    id: str
    resource: DiagnosedResource
    layer: str
    presence: str = "present"
    uid: str = ""
    hops: int = 0
    is_seed: bool = False


class GraphEdge(Contract, frozen=True, kw_only=True):
    """A relation between two entities; ``state`` is present, absent (proven) or unknown, ``confidence`` 0 to 1."""

    id: str
    source: str
    target: str
    relation: str
    layer: str
    state: str = "present"
    confidence: float = 1.0
    rationale: str = ""
    note: str = ""
    origin: Origin | None = None


class Correlation(Contract, frozen=True, kw_only=True):
    """A weighted link from a signal or a rule's finding to an entity, with the reason; ``weight`` is 0 to 1."""

    id: str
    subject: str
    subject_kind: Literal["signal", "finding", "change"]
    entity: str
    weight: float
    rationale: str


class ObservedChange(Contract, frozen=True, kw_only=True):
    """A change near the incident, ranked: ``confidence`` that it matters, with its steps in words."""

    resource: DiagnosedResource
    kind: str
    source: str
    field_path: str
    before: str = ""
    after: str = ""
    at: datetime | None = None
    by: str = ""
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()


class Cut(Contract, frozen=True, kw_only=True):
    """What was left out of the neighbourhood, and why."""

    kind: str
    count: int
    reason: str


class BlastRadius(Contract, frozen=True, kw_only=True):
    """Who depends on the seeds (``upstream``), and what they depend on (``downstream``); entity ids, near first."""

    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()


class Investigation(Contract, frozen=True, kw_only=True):
    """The whole result. ``snapshot`` is the digest of what was looked at, from which all of it can be found again.

    Ids of entities, edges and correlations are the same whenever the same is found: a second investigation adds only
    what is new.
    """

    id: str
    incident_id: str
    trigger: Trigger
    cluster: str
    observed_at: datetime
    producer_version: str = ""
    status: DiagnosisStatus = DiagnosisStatus.COMPLETE
    summary: str = ""
    entities: tuple[GraphEntity, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
    cut: tuple[Cut, ...] = ()
    blast_radius: BlastRadius = BlastRadius()
    correlations: tuple[Correlation, ...] = ()
    findings: tuple[Finding, ...] = ()
    hypotheses: tuple[Finding, ...] = ()
    changes: tuple[ObservedChange, ...] = ()
    coverage: tuple[CoverageNote, ...] = ()
    snapshot: str | None = None
    schema_version: Literal[1] = 1


encode_investigation = msgspec.json.Encoder().encode
decode_investigation = msgspec.json.Decoder(Investigation).decode
