"""Read off a diagnosis what an incident shows of it, and what an incident opened from it begins with."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.records import (
    AttachedDiagnosis,
    EntryDraft,
    EntryType,
    IncidentSource,
    LeadingHypothesis,
)
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, Finding, encode_diagnosis
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint

_SHOWN_HYPOTHESES = 3
_TITLE_LENGTH = 300
_LABEL_LENGTH = 500
_MESSAGE_LENGTH = 500
# Kinds that stand for a service of people, whose name so is that of one.
_SERVICE_KINDS = frozenset({"daemonset", "deployment", "rollout", "service", "statefulset"})


@dataclass(frozen=True, slots=True)
class KeptDiagnosis:
    """A diagnosis with the bytes it is kept as: ``text`` where they are few, else those of the blob ``digest``."""

    diagnosis: Diagnosis
    digest: str
    size_bytes: int
    text: str | None


def name_diagnosis(diagnosis: Diagnosis) -> Diagnosis:
    """Return the diagnosis under an id: its own, else one that is the same whenever its content is."""
    if diagnosis.id:
        return diagnosis
    digest = hashlib.sha256(encode_diagnosis(diagnosis)).hexdigest()
    return msgspec.structs.replace(diagnosis, id=f"dx_{digest[:32]}")


def attach(kept: KeptDiagnosis, incident_id: str, subject: Subject, now: datetime) -> AttachedDiagnosis:
    """Return the record of a diagnosis at an incident."""
    diagnosis = kept.diagnosis
    claims = diagnosis.hypotheses or diagnosis.findings
    return AttachedDiagnosis(
        incident_id=incident_id,
        diagnosis_id=diagnosis.id,
        digest=kept.digest,
        size_bytes=kept.size_bytes,
        resource=diagnosis.resource,
        observed_at=diagnosis.observed_at,
        produced_by=diagnosis.produced_by,
        producer_version=diagnosis.producer_version,
        summary=diagnosis.summary,
        status=diagnosis.status,
        coverage=diagnosis.coverage,
        severity=_worst(claims),
        hypotheses=tuple(_lead(hypothesis) for hypothesis in diagnosis.hypotheses[:_SHOWN_HYPOTHESES]),
        hypothesis_count=len(diagnosis.hypotheses),
        finding_count=len(diagnosis.findings),
        evidence_count=sum(len(claim.evidence) for claim in (*diagnosis.findings, *diagnosis.hypotheses)),
        attached_by=subject.id,
        attached_at=now,
        text=kept.text,
        blob=None if kept.text is not None else kept.digest,
    )


def outline(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return what lists show of a diagnosis that was asked for, by the names of its record."""
    claims = (*diagnosis.hypotheses, *diagnosis.findings)
    return {
        "diagnosis_id": diagnosis.id,
        "observed_at": diagnosis.observed_at,
        "summary": diagnosis.summary,
        "status": diagnosis.status,
        "severity": _worst(diagnosis.hypotheses or diagnosis.findings),
        "hypotheses": tuple(_lead(hypothesis) for hypothesis in diagnosis.hypotheses[:_SHOWN_HYPOTHESES]),
        "hypothesis_count": len(diagnosis.hypotheses),
        "finding_count": len(diagnosis.findings),
        "evidence_count": sum(len(claim.evidence) for claim in claims),
        "rule_ids": tuple(dict.fromkeys(claim.rule_id for claim in claims)),
    }


def attached(record: AttachedDiagnosis, subject: Subject) -> EntryDraft:
    """Return the timeline entry of a diagnosis that was attached."""
    payload = {
        "diagnosisId": record.diagnosis_id,
        "digest": record.digest,
        "resource": record.resource,
        "observedAt": record.observed_at,
        "status": record.status,
        "severity": record.severity,
        "hypotheses": record.hypotheses,
    }
    return EntryDraft(
        type=EntryType.DIAGNOSIS_ATTACHED,
        actor=subject.id,
        source="api",
        occurred_at=record.attached_at,
        message=_cut(f"Diagnosis of {name_resource(record.resource)}: {record.summary}", _MESSAGE_LENGTH),
        payload=msgspec.to_builtins(payload),
    )


def first_fields(diagnosis: Diagnosis, now: datetime) -> dict[str, Any]:
    """Return what an incident opened from ``diagnosis`` has for a field nobody gave.

    The severity is a suggestion, which is not pinned: signals that are worse may raise it.
    """
    resource = diagnosis.resource
    labels = {"cluster": resource.cluster, "namespace": resource.namespace}
    severity = _worst(diagnosis.hypotheses or diagnosis.findings)
    return {
        "title": _title(diagnosis),
        "description": diagnosis.summary,
        "suggested_severity": severity or Severity.MEDIUM,
        "services": (resource.name,) if resource.kind.lower() in _SERVICE_KINDS else (),
        "labels": {name: value[:_LABEL_LENGTH] for name, value in labels.items() if value},
        "source": IncidentSource.QUICKDX,
        # A clock that goes ahead of ours must not make an incident begin in the future.
        "detected_at": min(diagnosis.observed_at, now),
    }


def entity_of(resource: DiagnosedResource) -> EntityHint:
    """Return the resource as incidents name entities."""
    return EntityHint(
        kind=resource.kind.lower(), name=resource.name, namespace=resource.namespace, cluster=resource.cluster
    )


def name_resource(resource: DiagnosedResource) -> str:
    """Return how people name a resource: its kind, then its namespace and name."""
    return f"{resource.kind} {'/'.join(part for part in (resource.namespace, resource.name) if part)}"


def _title(diagnosis: Diagnosis) -> str:
    claims = diagnosis.hypotheses or diagnosis.findings
    what = " ".join((claims[0].title if claims else diagnosis.summary).split())
    return _cut(f"{name_resource(diagnosis.resource)}: {what}", _TITLE_LENGTH)


def _worst(claims: Iterable[Finding]) -> Severity | None:
    return max((claim.severity for claim in claims), key=lambda severity: severity.rank, default=None)


def _lead(hypothesis: Finding) -> LeadingHypothesis:
    return LeadingHypothesis(
        rule_id=hypothesis.rule_id,
        title=hypothesis.title,
        confidence=hypothesis.confidence,
        severity=hypothesis.severity,
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
