"""Write what was concluded as the contract's diagnosis, within the limits the gateway has for one."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import UNSET

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.ranking.examination import Examination
from services.graph.domain.ranking.ranking import Hypothesis
from services.graph.domain.ranking.verdict import Judgement
from services.graph.domain.reading.coverage import CoverageEntry
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import get_kind
from services.graph.domain.report.summary import summarise
from services.graph.domain.rules.base import Finding, Remedy, Seen
from shared.contracts import diagnosis as contract

PRODUCER = "quickdx"
# Of the gateway's input of diagnoses.
_MOST_FINDINGS, _MOST_HYPOTHESES, _MOST_EVIDENCE, _MOST_NOTES = 100, 20, 20, 50
_MOST_STEPS, _MOST_ACTIONS, _MOST_EXPLAINED = 30, 20, 50
_TITLE, _TEXT, _REASON = 300, 8_000, 2_000


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Everything a diagnosis is made of."""

    resource: contract.DiagnosedResource
    inventory: Inventory
    examination: Examination
    hypotheses: Sequence[Hypothesis]
    judgement: Judgement
    gaps: Sequence[CoverageEntry]
    logs: int = 0
    most_hypotheses: int = _MOST_HYPOTHESES
    notes: Sequence[contract.CoverageNote] = ()


def write_diagnosis(conclusion: Conclusion, version: str) -> contract.Diagnosis:
    """Return the diagnosis; its id is made from its content."""
    checked = conclusion.examination.checked
    notes = list(_notes(conclusion))
    made = contract.Diagnosis(
        id="",
        resource=conclusion.resource,
        observed_at=conclusion.inventory.observed_at,
        produced_by=PRODUCER,
        producer_version=version,
        summary=_cut(summarise(conclusion.resource, conclusion.judgement, conclusion.hypotheses), _TEXT),
        status=contract.DiagnosisStatus.PARTIAL if notes else contract.DiagnosisStatus.COMPLETE,
        coverage=tuple(_bounded(notes)),
        findings=tuple(_findings(conclusion)),
        hypotheses=tuple(_hypothesis(one) for one in conclusion.hypotheses[: conclusion.most_hypotheses]),
        verdict=conclusion.judgement.verdict,
        checked=contract.Checked(objects=dict(checked.objects), rules=len(checked.rules), logs=conclusion.logs),
    )
    digest = hashlib.sha256(contract.encode_diagnosis(made)).hexdigest()
    return msgspec.structs.replace(made, id=f"dx_{digest[:32]}")


def _findings(conclusion: Conclusion) -> Iterator[contract.Finding]:
    """Yield what is no evidence of a hypothesis already shown: advice, and lesser trouble; the worst first."""
    shown = {id(one) for cause in conclusion.hypotheses[: conclusion.most_hypotheses] for one in cause.findings}
    rest = [one for one in conclusion.examination.findings if id(one) not in shown]
    rest.sort(key=lambda one: (one.rule.is_advice, -one.rule.severity.rank, -one.confidence.value, one.rule.id))
    for one in rest[:_MOST_FINDINGS]:
        yield _finding([one], one.culprit)


def _hypothesis(one: Hypothesis) -> contract.Finding:
    made = _finding(one.findings, one.culprit)
    steps = [contract.ConfidenceStep(reason=f"base of {one.lead.rule.id}", delta=one.confidence.base)]
    steps += [contract.ConfidenceStep(reason=step.reason, delta=step.delta) for step in one.confidence.steps]
    return msgspec.structs.replace(
        made,
        confidence=one.confidence.value,
        severity=one.severity,
        arithmetic=tuple(steps[:_MOST_STEPS]),
        explains=tuple(_resource(ref) for ref in one.explains[:_MOST_EXPLAINED]) or UNSET,
        follows_from=_resource(one.follows_from) if one.follows_from else UNSET,
    )


def _finding(findings: Sequence[Finding], culprit: Ref) -> contract.Finding:
    lead = findings[0]
    steps = [contract.ConfidenceStep(reason=f"base of {lead.rule.id}", delta=lead.confidence.base)]
    steps += [contract.ConfidenceStep(reason=step.reason, delta=step.delta) for step in lead.confidence.steps]
    actions = _actions(findings)
    return contract.Finding(
        rule_id=lead.rule.id,
        title=_cut(lead.hit.summary or lead.rule.title, _TITLE),
        confidence=lead.confidence.value,
        severity=lead.rule.severity,
        explanation=_cut(lead.rule.explanation, _TEXT),
        remediation=_cut(lead.rule.remediation, _TEXT),
        evidence=tuple(_evidence(findings)),
        subject=_resource(lead.hit.subject),
        culprit=_resource(culprit),
        arithmetic=tuple(steps[:_MOST_STEPS]),
        actions=tuple(actions) or UNSET,
    )


def _evidence(findings: Sequence[Finding]) -> Iterator[contract.Evidence]:
    """Yield each observation once: pods of one workload show the same, and one of each kind says it."""
    known: set[tuple[str, str]] = set()
    number = 0
    for finding in findings:
        for seen in finding.hit.seen:
            key = (seen.source, seen.observation)
            if key in known or number >= _MOST_EVIDENCE:
                continue
            known.add(key)
            number += 1
            yield _one_evidence(seen)


def _one_evidence(seen: Seen) -> contract.Evidence:
    return contract.Evidence(
        kind=seen.source or "object",
        source="kubernetes",
        query=_cut(f"{seen.about} {seen.field_path}".strip(), _REASON),
        observation=_cut("\n".join((seen.observation, *seen.lines)), _TEXT),
        at=seen.at,
    )


def _actions(findings: Sequence[Finding]) -> list[contract.ProposedAction]:
    remedies: dict[Remedy, None] = {}
    for finding in findings:
        remedies.update(dict.fromkeys((*finding.hit.remedies, *finding.rule.remedies)))
    return [
        contract.ProposedAction(text=_cut(one.text, _REASON), command=one.command, risk=one.risk)
        for one in list(remedies)[:_MOST_ACTIONS]
    ]


def _notes(conclusion: Conclusion) -> Iterator[contract.CoverageNote]:
    yield from conclusion.notes
    for gap in conclusion.gaps:
        yield note_of(gap)
    for failure in conclusion.examination.checked.failures:
        yield contract.CoverageNote(
            part=f"rule {failure.rule_id}", reason=_cut(f"it failed on {failure.subject}: {failure.reason}", _REASON)
        )


def note_of(gap: CoverageEntry) -> contract.CoverageNote:
    """Return a read that failed as the contract's note."""
    grant = gap.grant
    what = "logs" if gap.verb == "get logs" else get_kind(gap.kind).plural
    return contract.CoverageNote(
        part=f"{what} in {gap.namespace}" if gap.namespace else what,
        reason=_cut(gap.reason or str(gap.state), _REASON),
        kind=gap.kind,
        namespace=gap.namespace or UNSET,
        verb=gap.verb,
        state=str(gap.state),
        grant=contract.ReadGrant(
            api_groups=grant.api_groups, resources=grant.resources, verbs=grant.verbs, namespace=grant.namespace
        )
        if grant
        else UNSET,
    )


def _bounded(notes: Sequence[contract.CoverageNote]) -> Iterable[contract.CoverageNote]:
    if len(notes) <= _MOST_NOTES:
        return notes
    more = len(notes) - _MOST_NOTES + 1
    return [*notes[: _MOST_NOTES - 1], contract.CoverageNote(part="more", reason=f"{more} more reads failed")]


def _resource(ref: Ref) -> contract.DiagnosedResource:
    return contract.DiagnosedResource(namespace=ref.namespace, kind=ref.kind, name=ref.name)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
