"""Objects the API server refuses to make for a controller: who was refused, and with what words, as of now."""

from datetime import datetime
from typing import NamedTuple

from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
from services.graph.domain.k8s.workloads import DaemonSet, Job, ReplicaSet, StatefulSet
from services.graph.domain.reading.inventory import Inventory, Presence
from services.graph.domain.reading.kinds import get_kind
from services.graph.domain.rules.base import Seen, View
from services.graph.domain.rules.once import once
from services.graph.domain.walking.ownership import top_owner


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


def refusals(view: View) -> tuple[Refusal, ...]:
    """Return what is refused still: a controller that has all its pods by now is left out, whatever Events say."""
    return _refusals(view.inventory)


@once
def _refusals(inventory: Inventory) -> tuple[Refusal, ...]:
    told: dict[tuple[Ref, str], Refusal] = {}
    for thing in inventory.all(ReplicaSet):
        condition = find_condition(thing.status.conditions, "ReplicaFailure")
        if condition and condition.status == "True" and condition.message and _is_short(thing):
            text, at = condition.message, condition.last_transition_time
            told[thing.ref, text] = Refusal(thing.ref, top_owner(inventory, thing), text, at, "object")
    for event in inventory.all(Event):
        about, text = event.about_ref, event.message
        if event.reason != "FailedCreate" or (about, text) in told:
            continue
        found = inventory.find_ref(about)
        if _is_short(found) if found else _may_exist(inventory, about):
            top = top_owner(inventory, found) if found else about
            told[about, text] = Refusal(about, top, text, event.last_at, "event")
    return tuple(told.values())


def _may_exist(inventory: Inventory, ref: Ref) -> bool:
    try:
        kind = get_kind(ref.kind).kept
    except KeyError:
        return True
    return inventory.presence(kind, ref.namespace, ref.name) is not Presence.ABSENT


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
