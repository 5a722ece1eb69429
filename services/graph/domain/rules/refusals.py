"""Objects the API server refuses to make for a controller: who was refused, and with what words, as of now."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from services.graph.domain.inventory import Presence
from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
from services.graph.domain.k8s.workloads import DaemonSet, Job, ReplicaSet, StatefulSet
from services.graph.domain.kinds import get_kind
from services.graph.domain.rules.backing import top_of
from services.graph.domain.rules.base import Seen, View


class Refusal(NamedTuple):
    """``of`` is the controller that was refused, ``top`` what a person knows it by."""

    of: Ref
    top: Ref
    message: str
    at: datetime | None
    source: str

    @property
    def seen(self) -> Seen:
        """It as evidence."""
        path = "status.conditions[type=ReplicaFailure]" if self.source == "object" else ""
        return Seen(self.source, self.of, self.message, path, self.at)


def refusals(view: View) -> Iterator[Refusal]:
    """Yield what is refused still: a controller that has all its pods by now is left out, whatever Events say."""
    told: set[tuple[Ref, str]] = set()
    for thing in view.inventory.all(ReplicaSet):
        condition = find_condition(thing.status.conditions, "ReplicaFailure")
        if condition and condition.status == "True" and condition.message and _is_short(thing):
            told.add((thing.ref, condition.message))
            at = condition.last_transition_time
            yield Refusal(thing.ref, top_of(view, thing), condition.message, at, "object")
    for event in view.inventory.all(Event):
        about = event.about_ref
        if event.reason != "FailedCreate" or (about, event.message) in told:
            continue
        told.add((about, event.message))
        found = view.inventory.find_ref(about)
        if (found is None and not _may_exist(view, about)) or (found is not None and not _is_short(found)):
            continue
        yield Refusal(about, top_of(view, found) if found else about, event.message, event.last_at, "event")


def _may_exist(view: View, ref: Ref) -> bool:
    try:
        kind = get_kind(ref.kind).kept
    except KeyError:
        return True
    return view.inventory.presence(kind, ref.namespace, ref.name) is not Presence.ABSENT


def _is_short(thing: KubeObject) -> bool:
    """Answer whether a controller has fewer pods than it should; what is no such controller is taken to."""
    match thing:
        case ReplicaSet() | StatefulSet():
            wanted = 1 if thing.spec.replicas is None else thing.spec.replicas
            return (thing.status.replicas or 0) < wanted
        case DaemonSet():
            return (thing.status.current_number_scheduled or 0) < (thing.status.desired_number_scheduled or 0)
        case Job():
            return thing.status.completion_time is None and not thing.status.active
        case _:
            return True
