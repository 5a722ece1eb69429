"""Write what an investigation found into a report: suspected causes, changes near the onset, what could not be seen."""

from services.gateway.domain.report.markdown import inline, moment
from shared.contracts.investigation import Investigation, ObservedChange

_MOST_CHANGES, _MOST_GAPS, _MOST_NAMES = 10, 20, 20


def write_investigation(found: Investigation) -> list[str]:
    """Return the lines on an investigation but for its hypotheses, the same for the same investigation."""
    seeds = [inline(one.entity or one.hint) for one in found.seeds[:_MOST_NAMES]]
    upstream = [inline(one) for one in found.blast_radius.upstream[:_MOST_NAMES]]
    by = inline(f"graph {found.producer_version}".strip(), 200)
    where = f"**Investigated {inline(found.cluster, 253)}**, observed {moment(found.observed_at)} by {by}"
    lines = [
        f"- {where}: {inline(found.summary, 1_000)}",
        f"  - Started from: {', '.join(seeds) or 'nothing'}",
        f"  - Depend on it: {', '.join(upstream) or 'nothing that is known'}",
    ]
    lines += [f"  - Change: {_change(one)}" for one in found.changes[:_MOST_CHANGES]]
    lines += [
        f"  - Not looked at: {inline(one.part, 200)} ({inline(one.reason)})" for one in found.coverage[:_MOST_GAPS]
    ]
    if len(found.coverage) > _MOST_GAPS:
        lines.append(f"  - and {len(found.coverage) - _MOST_GAPS} parts more that were not looked at")
    return lines


def _change(one: ObservedChange) -> str:
    when = f", {'at the latest ' if one.is_latest else ''}{moment(one.at)}" if one.at is not None else ""
    by = f" by {inline(one.by, 200)}" if one.by else ""
    return f"{inline(one.summary, 500)}{by}{when} ({one.confidence:.0%} sure that it matters)"
