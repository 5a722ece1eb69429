"""Compare what two investigations of an incident saw: what came, what went, what is in another state."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from shared.contracts.base import Contract
from shared.contracts.investigation import Cut, GraphEdge, GraphEntity, Investigation

T = TypeVar("T", GraphEntity, GraphEdge)


class StateChange(Contract, frozen=True, kw_only=True):
    """An entity or edge that both saw, in another state."""

    id: str
    before: str
    after: str


class GraphDiff(Contract, frozen=True, kw_only=True):
    """What differs. ``may_be_unseen`` says which parts one of the two could not see whole: there, gone is not gone."""

    from_id: str
    to_id: str
    from_observed_at: datetime
    to_observed_at: datetime
    entities_added: tuple[GraphEntity, ...] = ()
    entities_removed: tuple[GraphEntity, ...] = ()
    entities_changed: tuple[StateChange, ...] = ()
    edges_added: tuple[GraphEdge, ...] = ()
    edges_removed: tuple[GraphEdge, ...] = ()
    edges_changed: tuple[StateChange, ...] = ()
    may_be_unseen: tuple[str, ...] = ()


def compare_graphs(before: Investigation, after: Investigation, *, from_id: str, to_id: str) -> GraphDiff:
    """Return what ``after`` shows otherwise than ``before``; edges and entities are the same by their ids."""
    came, went, moved = _compare(before.entities, after.entities, _entity_state)
    edges_came, edges_went, edges_moved = _compare(before.edges, after.edges, lambda edge: edge.state)
    return GraphDiff(
        from_id=from_id,
        to_id=to_id,
        from_observed_at=before.observed_at,
        to_observed_at=after.observed_at,
        entities_added=came,
        entities_removed=went,
        entities_changed=moved,
        edges_added=edges_came,
        edges_removed=edges_went,
        edges_changed=edges_moved,
        may_be_unseen=tuple(dict.fromkeys((*_unseen(before), *_unseen(after)))),
    )


def _entity_state(entity: GraphEntity) -> str:
    # One that was made anew under its name is another object.
    return f"{entity.presence} {entity.uid}".strip()


def _compare(
    before: Iterable[T], after: Iterable[T], state: Callable[[T], str]
) -> tuple[tuple[T, ...], tuple[T, ...], tuple[StateChange, ...]]:
    old, new = {one.id: one for one in before}, {one.id: one for one in after}
    changed = (
        StateChange(id=id_, before=state(one), after=state(new[id_]))
        for id_, one in old.items()
        if id_ in new and state(one) != state(new[id_])
    )
    return (
        tuple(one for id_, one in new.items() if id_ not in old),
        tuple(one for id_, one in old.items() if id_ not in new),
        tuple(changed),
    )


def _unseen(found: Investigation) -> Iterable[str]:
    yield from (f"{note.part}: {note.reason}" for note in found.coverage)
    yield from (_cut(one) for one in found.cut)


def _cut(one: Cut) -> str:
    return f"{one.kind}: {one.count} left out, {one.reason}"
