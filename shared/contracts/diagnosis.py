"""A diagnosis: what rules found out about one Kubernetes object at one moment, with the evidence for every claim."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from shared.contracts.base import Contract
from shared.contracts.severity import Severity


class DiagnosisStatus(StrEnum):
    """Whether everything was looked at; what was not, ``coverage`` names."""

    COMPLETE = "complete"
    PARTIAL = "partial"


class DiagnosedResource(Contract, frozen=True, kw_only=True):
    """The object a diagnosis is about; ``namespace`` is None for what belongs to the whole cluster."""

    cluster: str | None = None
    namespace: str | None = None
    kind: str
    name: str


class CoverageNote(Contract, frozen=True, kw_only=True):
    """A part that could not be looked at (``logs``, ``events``), and why; it costs this part and nothing else."""

    part: str
    reason: str


class Evidence(Contract, frozen=True, kw_only=True):
    """One observation: of which kind, from where, by which query, when; ``digest`` names the raw answer."""

    kind: str
    source: str
    query: str | None = None
    observation: str
    at: datetime | None = None
    digest: str | None = None


class Finding(Contract, frozen=True, kw_only=True):
    """What a rule concludes from evidence; among ``hypotheses``, a candidate root cause. ``confidence`` is 0 to 1."""

    rule_id: str
    title: str
    confidence: float
    severity: Severity
    explanation: str = ""
    remediation: str = ""
    evidence: tuple[Evidence, ...] = ()


class Diagnosis(Contract, frozen=True, kw_only=True):
    """The whole answer. ``hypotheses`` are ranked, the likeliest first; ``id`` is the same for every copy of it."""

    id: str
    resource: DiagnosedResource
    observed_at: datetime
    produced_by: str
    producer_version: str = ""
    summary: str
    status: DiagnosisStatus = DiagnosisStatus.COMPLETE
    coverage: tuple[CoverageNote, ...] = ()
    findings: tuple[Finding, ...] = ()
    hypotheses: tuple[Finding, ...] = ()
    schema_version: Literal[1] = 1


encode_diagnosis = msgspec.json.Encoder().encode
decode_diagnosis = msgspec.json.Decoder(Diagnosis).decode
