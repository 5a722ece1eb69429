"""What the graph found around an incident at one moment: entities, relations, correlations, hypotheses, changes."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from shared.contracts.base import Contract
from shared.contracts.diagnosis import ConfidenceStep, CoverageNote, DiagnosedResource, DiagnosisStatus, Finding
from shared.contracts.signal import EntityHint


class Trigger(StrEnum):
    """Why an incident was investigated."""

    OPENED = "opened"
    ASKED = "asked"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


class SeedSignal(Contract, frozen=True, kw_only=True):
    """What a signal of the incident says of where the trouble is; ``id`` is its fingerprint."""

    id: str
    name: str = ""
    starts_at: datetime | None = None
    service: str | None = None
    labels: dict[str, str] = {}
    entities: tuple[EntityHint, ...] = ()


class InvestigationQuestion(Contract, frozen=True, kw_only=True):
    """What is asked: around which components, and since when. ``onset`` None: the moment of the investigation.

    ``entities``, ``services`` and ``labels`` are those of the incident itself. ``cluster`` is how the incident calls
    the cluster it was decided to ask; hints of other clusters are left out. ``max_entities`` bounds the graph.
    """

    incident_id: str
    trigger: Trigger = Trigger.ASKED
    onset: datetime | None = None
    cluster: str | None = None
    entities: tuple[EntityHint, ...] = ()
    services: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    signals: tuple[SeedSignal, ...] = ()
    max_entities: int = 200
    hops: float = 3.0


class Seed(Contract, frozen=True, kw_only=True):
    """What the investigation started from, and why. ``entity`` is empty where a hint led to nothing.

    ``hint`` is what was said, as it was said; ``signals`` are those that said it; ``weight`` how plainly, 0 to 1.
    """

    hint: str
    reason: str
    entity: str = ""
    presence: str = "present"
    weight: float = 1.0
    signals: tuple[str, ...] = ()


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
    """A change near the incident, ranked: ``confidence`` that it matters, and the steps whose sum it is.

    ``id`` is the same whenever the same change is found. ``at`` is when it was made; the latest it can have been made
    where ``is_latest``. Values that look like secrets are masked.
    """

    id: str
    entity: str
    summary: str
    resource: DiagnosedResource
    kind: str
    source: str
    field_path: str
    before: str = ""
    after: str = ""
    at: datetime | None = None
    is_latest: bool = False
    by: str = ""
    hops: int | None = None
    confidence: float = 0.0
    arithmetic: tuple[ConfidenceStep, ...] = ()


class Cut(Contract, frozen=True, kw_only=True):
    """What was left out: so many of a kind of object, or of another part of the investigation, and why."""

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
    onset: datetime | None = None
    seeds: tuple[Seed, ...] = ()
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


encode_question = msgspec.json.Encoder().encode
decode_question = msgspec.json.Decoder(InvestigationQuestion).decode
encode_investigation = msgspec.json.Encoder().encode
decode_investigation = msgspec.json.Decoder(Investigation).decode
