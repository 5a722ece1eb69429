"""Say what was seen, and ask what many rules ask: is it proven absent, is it settling, is it leaving."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.shape import Condition, KubeObject, Ref
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.rules.base import Check, Hit, Remedy, Seen, View

K = TypeVar("K", bound=KubeObject)

# Younger than this, a state that is not yet what was asked for is on its way.
SETTLING = timedelta(minutes=2)


def on(kind: type[K], check: Callable[[View, K], Iterable[Hit]]) -> Check:
    """Return a check that looks at objects of ``kind``, and at no other."""

    def run(view: View, thing: KubeObject) -> Iterable[Hit]:
        return check(view, thing) if isinstance(thing, kind) else ()

    return run


def shown(thing: KubeObject, observation: str, path: str = "") -> Seen:
    """Evidence from a field of an object."""
    return seen(thing, path, observation)


def shown_absent(view: View, kind: type[KubeObject], namespace: str | None, name: str) -> Seen:
    """Evidence that every object of the kind was listed where this one would be, and it is not there."""
    where = f"namespace {namespace}" if namespace else "the cluster"
    count = len(view.inventory.in_namespace(kind, namespace))
    return Seen("coverage", Ref(kind.KIND, namespace, name), f"not among the {count} {kind.KIND} objects of {where}")


def is_absent(view: View, kind: type[KubeObject], namespace: str | None, name: str) -> bool:
    """Answer whether it is proven that there is no such object; what could not be read is not absent."""
    return view.inventory.presence(kind, namespace, name) is Presence.ABSENT


def newest_event(view: View, thing: KubeObject, *reasons: str) -> Event | None:
    """Return the newest Event about the object with one of ``reasons``."""
    return next((one for one in reversed(view.inventory.events_of(thing)) if one.reason in reasons), None)


def is_settling(view: View, thing: KubeObject, patience: timedelta = SETTLING) -> bool:
    """Answer whether the object is so young that it may yet become what it should."""
    made = thing.metadata.creation_timestamp
    return made is not None and view.now - made < patience


def is_leaving(view: View, thing: KubeObject) -> bool:
    """Answer whether the object, or its namespace, is being deleted: then what it lacks is no fault of its own."""
    namespace = thing.metadata.namespace
    home = view.inventory.find_ref(Ref("Namespace", None, namespace)) if namespace else None
    return bool(thing.metadata.deletion_timestamp or (home and home.metadata.deletion_timestamp))


def is_current(thing: KubeObject, condition: Condition) -> bool:
    """Answer whether a condition speaks of the object as it is now, not of an earlier generation."""
    seen, now = condition.observed_generation, thing.metadata.generation
    return seen is None or now is None or seen >= now


def look(ref: Ref, text: str = "") -> Remedy:
    """The remedy that changes nothing: describe the object."""
    where = ("-n", ref.namespace) if ref.namespace else ()
    command = ("kubectl", "describe", ref.kind.lower(), ref.name, *where)
    return Remedy(text or f"Look at what is reported of {ref}.", command, risk="low")


def some_names(names: Iterable[str], most: int = 5) -> str:
    """Return names for a sentence: the first few, and how many more there are."""
    known = sorted(set(names))
    rest = len(known) - most
    return ", ".join(known[:most]) + (f" and {rest} more" if rest > 0 else "")
