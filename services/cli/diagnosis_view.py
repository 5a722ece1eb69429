"""Show a diagnosis on a terminal: the verdict, the causes with their evidence, what was not looked at."""

import shlex
import sys
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.cli.render import Column, print_table
from services.cli.text import one_line, visible
from shared.contracts.diagnosis import (
    Checked,
    CoverageNote,
    DiagnosedResource,
    Diagnosis,
    Evidence,
    Finding,
    ReadGrant,
    Verdict,
)
from shared.grants import rule_of

_VERDICTS = {
    Verdict.UNHEALTHY: ("✗ unhealthy", "bold red"),
    Verdict.HEALTHY: ("✓ healthy", "bold green"),
    Verdict.NOT_FOUND: ("? not found", "bold yellow"),
    Verdict.NOT_ALLOWED: ("? not allowed", "bold yellow"),
    Verdict.CANNOT_TELL: ("? cannot tell", "bold yellow"),
}
_SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
_MOST_SHOWN, _MOST_EVIDENCE, _MOST_LINES, _MOST_NOTES = 12, 5, 4, 8
_PIPED: tuple[Column, ...] = (
    ("confidence", lambda one: one["confidence"]),
    ("severity", lambda one: one["severity"]),
    ("culprit", lambda one: one["culprit"]),
    ("rule", lambda one: one["rule"]),
    ("follows from", lambda one: one["follows"]),
    ("what", lambda one: one["what"]),
)


def show_diagnosis(diagnosis: Diagnosis, *, verbose: bool) -> None:
    """Print it: for people on a terminal, a line a cause where it is piped, with the verdict on standard error."""
    if sys.stdout.isatty():
        Console(highlight=False).print(Group(*_parts(diagnosis, verbose)))
        return
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    err.print(Text(one_line(diagnosis.summary)))
    if diagnosis.coverage:
        parts = ", ".join(note.part for note in diagnosis.coverage)
        err.print(Text(one_line(f"Not looked at: {parts}. -o json and -o markdown say why.")))
    print_table(_PIPED, [_row(one) for one in diagnosis.hypotheses])


def _row(one: Finding) -> dict[str, object]:
    return {
        "confidence": f"{one.confidence:.2f}",
        "severity": str(one.severity),
        "culprit": _name(one.culprit),
        "rule": one.rule_id,
        "follows": _name(one.follows_from),
        "what": one.title,
    }


def _parts(
    diagnosis: Diagnosis,
    verbose: bool,  # noqa: FBT001 - handed on by name only.
) -> Iterator[RenderableType]:
    words, style = _VERDICTS[diagnosis.verdict] if isinstance(diagnosis.verdict, Verdict) else ("diagnosis", "bold")
    yield Text.assemble((words, style), "  ", (one_line(_name(diagnosis.resource)), "bold"))
    yield Text(visible(diagnosis.summary))
    shown = diagnosis.hypotheses if verbose else diagnosis.hypotheses[:_MOST_SHOWN]
    for number, one in enumerate(shown, 1):
        yield from _cause(number, one, verbose)
    if len(shown) < len(diagnosis.hypotheses):
        yield Text(f"\n… and {len(diagnosis.hypotheses) - len(shown)} more; -v shows all.", "dim")
    yield from _others(diagnosis.findings, verbose)
    yield from _notes(diagnosis.coverage, verbose)
    if isinstance(diagnosis.checked, Checked):
        yield Text(f"\nLooked at {_checked(diagnosis.checked, verbose)}.", "dim")


def _cause(number: int, one: Finding, verbose: bool) -> Iterator[RenderableType]:  # noqa: FBT001 - as above.
    severity = str(one.severity)
    yield Text.assemble(
        (f"\n{number:>2}. ", "bold"),
        (one_line(_name(one.culprit)), "bold"),
        f"  {one.confidence:.0%}  ",
        (severity, _SEVERITIES.get(severity, "")),
        (f"  {one.rule_id}", "dim"),
    )
    yield _inset(Text(one_line(one.title)))
    if isinstance(one.follows_from, DiagnosedResource):
        yield _inset(Text(f"follows from {one_line(_name(one.follows_from))}", "italic"))
    for seen in one.evidence if verbose else one.evidence[:_MOST_EVIDENCE]:
        yield _inset(_evidence(seen, verbose))
    if verbose and isinstance(one.arithmetic, tuple):
        yield _inset(_arithmetic(one))
    yield from _remedies(one)


def _evidence(seen: Evidence, verbose: bool) -> Text:  # noqa: FBT001 - as above.
    first, *lines = seen.observation.splitlines() or [""]
    text = Text.assemble(
        ("· ", "dim"), (f"{seen.kind} ", "cyan"), one_line(first), (f"  {one_line(seen.query or '')}", "dim")
    )
    for line in lines if verbose else lines[-_MOST_LINES:]:
        text.append(f"\n    {one_line(line)}", "yellow")
    return text


def _arithmetic(one: Finding) -> Table:
    table = Table.grid(padding=(0, 2))
    for step in one.arithmetic if isinstance(one.arithmetic, tuple) else ():
        table.add_row(Text(f"{step.delta:+.3f}", "magenta"), Text(one_line(step.reason), "dim"))
    table.add_row(Text(f"={one.confidence:.3f}", "bold magenta"), Text("within 0.01 and 0.99", "dim"))
    return table


def _remedies(one: Finding) -> Iterator[RenderableType]:
    if not isinstance(one.actions, tuple):
        if one.remediation:
            yield _inset(Text.assemble(("→ ", "green"), one_line(one.remediation)))
        return
    for action in one.actions:
        yield _inset(Text.assemble(("→ ", "green"), one_line(action.text), (f"  risk {action.risk}", "dim")))
        if action.command:
            yield _inset(Text(f"  $ {one_line(shlex.join(action.command))}", "green"))


def _others(findings: Sequence[Finding], verbose: bool) -> Iterator[RenderableType]:  # noqa: FBT001 - as above.
    if not findings:
        return
    if not verbose:
        yield Text(f"\n{len(findings)} more findings (advice, and what is merely near); -v lists them.", "dim")
        return
    yield Text("\nAlso seen", "bold")
    for one in findings:
        yield _inset(Text.assemble((f"{one.severity} ", "dim"), one_line(f"{_name(one.subject)}: {one.title}")))


def _notes(
    notes: Sequence[CoverageNote],
    verbose: bool,  # noqa: FBT001 - as above.
) -> Iterator[RenderableType]:
    if not notes:
        return
    yield Text("\nNot looked at", "bold yellow")
    for note in notes if verbose else notes[:_MOST_NOTES]:
        yield _inset(Text(one_line(f"{note.part}: {note.reason}")))
        if isinstance(note.grant, ReadGrant):
            yield _inset(Text(f"  allowed by {one_line(rule_of(note.grant))}", "dim"))
    if not verbose and len(notes) > _MOST_NOTES:
        yield _inset(Text(f"… and {len(notes) - _MOST_NOTES} more; -v shows all.", "dim"))


def _checked(checked: Checked, verbose: bool) -> str:  # noqa: FBT001 - as above.
    total = sum(checked.objects.values())
    listed = ", ".join(f"{count} {kind}" for kind, count in checked.objects.items())
    objects = f"{total} objects" if not verbose else f"{total} objects ({listed})"
    return f"{objects} with {checked.rules} rules and {checked.logs} logs"


def _name(resource: object) -> str:
    if not isinstance(resource, DiagnosedResource):
        return ""
    return f"{resource.kind} {'/'.join(part for part in (resource.namespace, resource.name) if part)}"


def _inset(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 4))
