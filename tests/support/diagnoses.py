"""Diagnoses as a producer sends them; a test says only what it is about."""

from typing import Any


def a_diagnosis(**fields: Any) -> dict[str, Any]:
    """Return a small diagnosis of a deployment, as JSON."""
    given: dict[str, Any] = {
        "id": "dx_1",
        "resource": {"cluster": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"},
        "observedAt": "2026-11-01T11:59:00Z",
        "producedBy": "quickdx",
        "producerVersion": "0.1.0",
        "summary": "3 of 4 pods are killed for memory.",
        "status": "partial",
        "coverage": [{"part": "logs", "reason": "pods/log is forbidden"}],
        "hypotheses": [
            a_claim("pod-oom-killed", "The memory limit is too low", 0.9, "high"),
            a_claim("node-pressure", "The node runs out of memory", 0.2, "critical"),
        ],
    }
    return {name: value for name, value in (given | fields).items() if value is not None}


def a_claim(rule_id: str, title: str, confidence: float, severity: str, **fields: Any) -> dict[str, Any]:
    """Return a finding or hypothesis with one piece of evidence."""
    observed = {"kind": "pod-status", "source": "kubernetes", "observation": "OOMKilled", "query": "get pods"}
    given = {"ruleId": rule_id, "title": title, "confidence": confidence, "severity": severity}
    return given | {"evidence": [observed]} | fields


def a_large_diagnosis(diagnosis_id: str = "dx_large") -> dict[str, Any]:
    """Return a diagnosis that is kept as a blob."""
    claims = [a_claim(f"rule-{n}", f"Cause {n}", 0.5, "low", explanation="x" * 4_000) for n in range(10)]
    return a_diagnosis(id=diagnosis_id, hypotheses=claims)
