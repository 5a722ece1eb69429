"""The changes around a trouble from both sources, a comparison and the traces of the moment, each told once."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from services.graph.domain.changes.change import Change, ChangeSource
from services.graph.domain.changes.compare import compare_inventories
from services.graph.domain.changes.recent import find_recent_changes
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.secret_shapes import mask_text
from services.graph.domain.topology.hops import EVERYWHERE


def collect_changes(
    inventory: Inventory, since: datetime, earlier: Inventory | None = None, kept: Inventory | None = None
) -> list[Change]:
    """Return what was changed since, or since the moment of ``earlier``, each change once, without secrets.

    ``kept`` is the present moment in the form in which ``earlier`` was kept: like is compared with like. A comparison
    knows more than a trace of the same change, and takes its place.
    """
    compared = compare_inventories(earlier, kept) if earlier is not None and kept is not None else []
    known = {(one.ref, one.field_path) for one in compared}
    changed = {(one.ref, one.at) for one in compared}
    made = {one.ref for one in compared if one.source is ChangeSource.CREATED}
    traces = (one for one in find_recent_changes(inventory, since) if one.ref.name not in EVERYWHERE)
    return [*_masked(compared), *_masked(_new(traces, known, changed, made))]


def _new(
    traces: Iterable[Change],
    known: set[tuple[Ref, str]],
    changed: set[tuple[Ref, datetime | None]],
    made: set[Ref],
) -> Iterator[Change]:
    for one in traces:
        is_vague = one.source is ChangeSource.MANAGED_FIELDS and (one.ref, one.at) in changed
        if not is_vague and (one.ref, one.field_path) not in known and one.ref not in made:
            yield one


def _masked(changes: Iterable[Change]) -> Iterator[Change]:
    for one in changes:
        yield msgspec.structs.replace(one, before=mask_text(one.before), after=mask_text(one.after))
