"""What a diagnosis does not know besides lists that failed: APIs that could not be asked for, and a walk cut short."""

from collections.abc import Iterator

from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.walking.walk import Walk
from services.graph.ports import ClusterSource, Discovery
from shared.contracts.diagnosis import CoverageNote


def other_gaps(source: ClusterSource, walk: Walk | None = None) -> tuple[CoverageNote, ...]:
    """Return the notes; asks the source only for what it has kept."""
    return (*_of_discovery(_discovered(source)), *(_of_walk(walk) if walk else ()))


def _discovered(source: ClusterSource) -> Discovery:
    try:
        return source.discover()
    except Exception as error:  # noqa: BLE001 - a source promises not to raise; one that does costs one note.
        return Discovery(problem=f"the reader failed: {type(error).__name__}")


def _of_discovery(discovery: Discovery) -> Iterator[CoverageNote]:
    state = str(CoverageState.UNAVAILABLE)
    if discovery.problem:
        yield CoverageNote(part="discovery", reason=discovery.problem, verb="discover", state=state)
    for group, reason in sorted(discovery.failed.items()):
        yield CoverageNote(part=f"discovery of {group or 'core'}", reason=reason, verb="discover", state=state)


def _of_walk(walk: Walk) -> Iterator[CoverageNote]:
    if walk.is_cut:
        reason = f"more objects are near than are looked at; the nearest {len(walk.steps):,} were"
        yield CoverageNote(part="neighbourhood", reason=reason, state=str(CoverageState.TRUNCATED))
