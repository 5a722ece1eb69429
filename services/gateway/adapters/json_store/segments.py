"""Which segments of the journal are in force, going by the names in its folder."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from services.gateway.adapters.json_store.files import Files
from services.gateway.adapters.json_store.lines import LineDamaged, acknowledged_after, read_header
from services.gateway.errors import StoreDamaged

SUFFIX, BASE_SUFFIX, UNFINISHED = ".log", ".base.log", ".tmp"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment on disk. A base holds the newest state of every record up to its number, in no order."""

    number: int
    is_base: bool
    path: Path

    @property
    def location(self) -> int:
        """The number the index knows it by: negative for a base, so that the two never meet."""
        return -self.number if self.is_base else self.number


def survey(files: Files, folder: Path) -> tuple[Segment | None, list[Segment]]:
    """Find what is in force: the newest base and the segments after it; leave out what a crash left over."""
    bases, logs = [], []
    for name in files.list(folder):
        number = name.split(".")[0]
        if not number.isdigit():
            continue
        if name.endswith(BASE_SUFFIX):
            bases.append(Segment(int(number), is_base=True, path=folder / name))
        elif name.endswith(SUFFIX):
            logs.append(Segment(int(number), is_base=False, path=folder / name))
    base = max(bases, key=lambda segment: segment.number, default=None)
    after = base.number if base else 0
    segments = sorted((s for s in logs if s.number > after), key=lambda segment: segment.number)
    for earlier, later in pairwise(segments):
        if later.number != earlier.number + 1:
            raise StoreDamaged(f"segment {earlier.number + 1} is missing between {earlier.path} and {later.path}")
    if segments and _never_began(files, segments[-1]):
        segments.pop()
    return base, segments


def _never_began(files: Files, segment: Segment) -> bool:
    """Answer whether power was lost while this last segment's header was written: it holds no commit then."""
    content = files.read(segment.path)
    try:
        read_header(content)
    except LineDamaged:
        return not acknowledged_after(content, 0)
    return False


def find_leftovers(files: Files, folder: Path, in_force: list[Segment]) -> list[Path]:
    """Return what a crash left behind: unfinished bases and segments that are not in force."""
    kept = {segment.path.name for segment in in_force}
    names = [name for name in files.list(folder) if name.endswith((SUFFIX, UNFINISHED))]
    return [folder / name for name in names if name not in kept]
