"""Investigations as the graph worker reports them; a test says only what it is about."""

from datetime import datetime
from typing import Any

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from shared.contracts.diagnosis import (
    ConfidenceStep,
    CoverageNote,
    DiagnosedResource,
    DiagnosisStatus,
    Evidence,
    Finding,
)
from shared.contracts.investigation import (
    BlastRadius,
    Correlation,
    GraphEdge,
    GraphEntity,
    Investigation,
    ObservedChange,
    Origin,
    Seed,
    Trigger,
    encode_investigation,
)
from shared.contracts.messages import IncidentInvestigated, Results, ResultsRecorded
from shared.contracts.severity import Severity
from tests.support.gateway import GatewayUnderTest

CHECKOUT = DiagnosedResource(cluster="prod", namespace="shop", kind="Deployment", name="checkout")
CONFIG = DiagnosedResource(cluster="prod", namespace="shop", kind="ConfigMap", name="checkout-config")


def an_investigation(incident_id: str, *, observed_at: datetime, **fields: Any) -> Investigation:
    """Return one that found a Deployment, its ConfigMap, and that a change of the latter broke it."""
    given: dict[str, Any] = {
        "id": "found",
        "incident_id": incident_id,
        "trigger": Trigger.ASKED,
        "cluster": "prod",
        "observed_at": observed_at,
        "producer_version": "0.1.0",
        "status": DiagnosisStatus.PARTIAL,
        "summary": "The key DB_HOST of ConfigMap shop/checkout-config is gone.",
        "onset": observed_at,
        "seeds": (Seed(hint="checkout", reason="a service of the incident", entity="Deployment/shop/checkout"),),
        "entities": (
            GraphEntity(id="Deployment/shop/checkout", resource=CHECKOUT, layer="app", uid="u1", is_seed=True),
            GraphEntity(id="ConfigMap/shop/checkout-config", resource=CONFIG, layer="platform", uid="u2", hops=1),
        ),
        "edges": (an_edge(),),
        "blast_radius": BlastRadius(downstream=("ConfigMap/shop/checkout-config",)),
        "correlations": (a_correlation(),),
        "findings": (a_hypothesis(),),
        "hypotheses": (a_hypothesis(),),
        "changes": (a_change(observed_at),),
        "coverage": (CoverageNote(part="logs", reason="pods/log is forbidden"),),
    }
    return Investigation(**given | fields)


def an_edge(**fields: Any) -> GraphEdge:
    """Return the edge from the Deployment to its ConfigMap."""
    given: dict[str, Any] = {
        "id": "e1",
        "source": "Deployment/shop/checkout",
        "target": "ConfigMap/shop/checkout-config",
        "relation": "USES_CONFIG",
        "layer": "platform",
        "rationale": "envFrom of container app",
        "origin": Origin(resource=CHECKOUT, uid="u1", field_path="spec.template.spec.containers[0].envFrom[0]"),
    }
    return GraphEdge(**given | fields)


def a_correlation() -> Correlation:
    """Return the link from the incident's finding to the ConfigMap."""
    return Correlation(
        id="c1",
        subject="config-key-missing",
        subject_kind="finding",
        entity="ConfigMap/shop/checkout-config",
        weight=0.9,
        rationale="the finding blames it",
    )


def a_hypothesis(rule_id: str = "config-key-missing", confidence: float = 0.9) -> Finding:
    """Return a hypothesis that blames the ConfigMap."""
    return Finding(
        rule_id=rule_id,
        title="A key that the container needs is not in its ConfigMap",
        confidence=confidence,
        severity=Severity.HIGH,
        evidence=(Evidence(kind="field", source="ConfigMap shop/checkout-config", observation="has no key DB_HOST"),),
        subject=CHECKOUT,
        culprit=CONFIG,
        arithmetic=(ConfidenceStep(reason="the rule", delta=confidence),),
    )


def a_change(at: datetime, **fields: Any) -> ObservedChange:
    """Return the change of the ConfigMap."""
    given: dict[str, Any] = {
        "id": "ch1",
        "entity": "ConfigMap/shop/checkout-config",
        "summary": "key DB_HOST was removed from ConfigMap shop/checkout-config",
        "resource": CONFIG,
        "kind": "config",
        "source": "compared",
        "field_path": "data.DB_HOST",
        "before": "db",
        "at": at,
        "confidence": 0.8,
    }
    return ObservedChange(**given | fields)


def report_investigation(
    gw: GatewayUnderTest, job_id: str, found: Investigation, *, attempt: int = 1
) -> ResultsRecorded:
    """Report it as the worker would, small or as a blob, with a snapshot put before."""
    body, snapshot = encode_investigation(found), gw.gateway.blobs.put(f"looked at by {job_id}".encode())
    is_small = len(body) <= 16 << 10
    result = IncidentInvestigated(
        job_id=job_id,
        attempt=attempt,
        snapshot=snapshot,
        text=body.decode() if is_small else None,
        blob=None if is_small else gw.gateway.blobs.put(body),
    )
    recorder = Recorder(Judge(GroupingPolicy()))
    return record_results(gw.store, recorder, Results(results=(result,)), gw.gateway.blobs)
