"""Write a diagnosis as Markdown: what a person pastes into a ticket."""

from collections.abc import Iterator, Sequence

from services.graph.domain.report.summary import name_of
from shared.contracts.diagnosis import (
    Checked,
    CoverageNote,
    DiagnosedResource,
    Diagnosis,
    Finding,
    ReadGrant,
    Verdict,
)
from shared.grants import rule_of

_TITLES = {
    Verdict.UNHEALTHY: "unhealthy",
    Verdict.HEALTHY: "healthy",
    Verdict.NOT_FOUND: "not found",
    Verdict.NOT_ALLOWED: "not allowed to look",
    Verdict.CANNOT_TELL: "cannot tell",
}
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#"})


def render_markdown(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as Markdown; nothing of what the cluster says is read as markup."""
    verdict = _TITLES[diagnosis.verdict] if isinstance(diagnosis.verdict, Verdict) else "diagnosis"
    lines = [f"# {_text(name_of(diagnosis.resource))}: {verdict}", "", _text(diagnosis.summary), ""]
    lines += [f"Observed {diagnosis.observed_at:%Y-%m-%d %H:%M:%S}Z in {_text(diagnosis.resource.cluster or '')}.", ""]
    for number, one in enumerate(diagnosis.hypotheses, 1):
        lines += _hypothesis(number, one)
    lines += _others(diagnosis.findings)
    lines += _coverage(diagnosis.coverage)
    if isinstance(diagnosis.checked, Checked):
        lines += ["## Looked at", "", f"{words_of(diagnosis.checked)}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def words_of(checked: Checked) -> str:
    """Return what was looked at in words."""
    objects = ", ".join(f"{count} {kind}" for kind, count in checked.objects.items())
    return f"{objects or 'nothing'}; {checked.rules} rules; {checked.logs} logs"


def _hypothesis(number: int, one: Finding) -> Iterator[str]:
    name = name_of(one.culprit) if isinstance(one.culprit, DiagnosedResource) else one.rule_id
    yield f"## {number}. {_text(name)} ({one.confidence:.0%}, {one.severity})"
    yield ""
    yield f"{_text(one.title)} `{one.rule_id}`"
    yield ""
    if isinstance(one.follows_from, DiagnosedResource):
        yield from (f"Follows from {_text(name_of(one.follows_from))}.", "")
    for seen in one.evidence:
        yield f"- {seen.kind}: {_text(seen.observation)} ({_text(seen.query or '')})"
    yield ""
    if isinstance(one.arithmetic, tuple):
        yield from ("| part | of the confidence |", "| --- | --- |")
        yield from (f"| {_text(step.reason)} | {step.delta:+.3f} |" for step in one.arithmetic)
        yield ""
    if isinstance(one.actions, tuple):
        for action in one.actions:
            command = f": `{' '.join(action.command).replace('`', '')}`" if action.command else ""
            yield f"- [ ] {_text(action.text)} (risk {action.risk}){command}"
        yield ""
    elif one.remediation:
        yield from (_text(one.remediation), "")


def _others(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield from ("## Also seen", "")
        for one in findings:
            name = name_of(one.subject) if isinstance(one.subject, DiagnosedResource) else ""
            yield f"- {_text(name)}: {_text(one.title)} ({one.severity}, `{one.rule_id}`)"
        yield ""


def _coverage(notes: Sequence[CoverageNote]) -> Iterator[str]:
    if notes:
        yield from ("## Not looked at", "")
        for note in notes:
            rule = f" Allowed by `{rule_of(note.grant)}`." if isinstance(note.grant, ReadGrant) else ""
            yield f"- {_text(note.part)}: {_text(note.reason)}.{rule}"
        yield ""


def _text(text: str) -> str:
    return " ".join(text.split()).translate(_SPECIAL)
