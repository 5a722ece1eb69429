"""A diagnosis: what rules found out about one Kubernetes object at one moment, with the evidence for every claim.

A member that is ``UNSET`` where its producer says nothing is left out of the JSON, so that what older releases kept
reads and is written as it was.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from shared.contracts.base import Contract
from shared.contracts.severity import Severity


class DiagnosisStatus(StrEnum):
    """Whether everything was looked at; what was not, ``coverage`` names."""

    COMPLETE = "complete"
    PARTIAL = "partial"


class Verdict(StrEnum):
    """What a diagnosis says of its resource. The last three say that nothing is known of its health, and why."""

    UNHEALTHY = "unhealthy"
    HEALTHY = "healthy"
    # Proven: the cluster answered that there is no such thing.
    NOT_FOUND = "not_found"
    # The account may not see it, which says nothing of whether it exists.
    NOT_ALLOWED = "not_allowed"
    CANNOT_TELL = "cannot_tell"


class DiagnosedResource(Contract, frozen=True, kw_only=True):
    """The object a diagnosis is about; ``namespace`` is None for what belongs to the whole cluster."""

    cluster: str | None = None
    namespace: str | None = None
    kind: str
    name: str


class ReadGrant(Contract, frozen=True, kw_only=True):
    """The rule of a role that would allow what was refused; in a Role where ``namespace`` is set."""

    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    namespace: str | None = None


class CoverageNote(Contract, frozen=True, kw_only=True):
    """A part that could not be looked at (``logs``, ``events``), and why; it costs this part and nothing else."""

    part: str
    reason: str
    kind: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    verb: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    grant: ReadGrant | UnsetType = UNSET


class ConfidenceStep(Contract, frozen=True, kw_only=True):
    """A part of a confidence: how much, and why. The first is the rule's base; the sum stays within 0.01 and 0.99."""

    reason: str
    delta: float


class ProposedAction(Contract, frozen=True, kw_only=True):
    """What would help: words, and where one is known a command a person could run. Nothing runs it."""

    text: str
    command: tuple[str, ...] = ()
    risk: str = "medium"


class Checked(Contract, frozen=True, kw_only=True):
    """What was looked at: objects by kind, how many rules had an object to look at, how many logs were read."""

    objects: dict[str, int]
    rules: int
    logs: int = 0


class Evidence(Contract, frozen=True, kw_only=True):
    """One observation: of which kind, from where, by which query, when; ``digest`` names the raw answer."""

    kind: str
    source: str
    query: str | None = None
    observation: str
    at: datetime | None = None
    digest: str | None = None


class Finding(Contract, frozen=True, kw_only=True):
    """What a rule concludes from evidence; among ``hypotheses``, a candidate root cause. ``confidence`` is 0 to 1.

    ``culprit`` is what to mend, where ``subject`` only shows it. ``follows_from``: this is a symptom of that object.
    """

    rule_id: str
    title: str
    confidence: float
    severity: Severity
    explanation: str = ""
    remediation: str = ""
    evidence: tuple[Evidence, ...] = ()
    subject: DiagnosedResource | UnsetType = UNSET
    culprit: DiagnosedResource | UnsetType = UNSET
    arithmetic: tuple[ConfidenceStep, ...] | UnsetType = UNSET
    actions: tuple[ProposedAction, ...] | UnsetType = UNSET
    explains: tuple[DiagnosedResource, ...] | UnsetType = UNSET
    follows_from: DiagnosedResource | UnsetType = UNSET


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
    verdict: Verdict | UnsetType = UNSET
    checked: Checked | UnsetType = UNSET


encode_diagnosis = msgspec.json.Encoder().encode
decode_diagnosis = msgspec.json.Decoder(Diagnosis).decode
