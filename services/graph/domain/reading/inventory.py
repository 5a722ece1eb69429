"""Every object that was read, found by name, uid, owner and label without scanning; and whether absence is proven."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from services.graph.domain.k8s.events import Event, is_about
from services.graph.domain.k8s.network import SERVICE_NAME, EndpointSlice
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, LabelSelector, Ref, selects
from services.graph.domain.reading.coverage import Coverage

K = TypeVar("K", bound=KubeObject)


class Presence(StrEnum):
    """Whether an object is there: seen, proven absent, or not known because the read failed."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Inventory:
    """The objects of a cluster at one moment. Built once, then read only."""

    def __init__(self, cluster: str, observed_at: datetime, objects: Iterable[KubeObject], coverage: Coverage) -> None:
        self.cluster = cluster
        self.observed_at = observed_at
        self.coverage = coverage
        self._by_kind: dict[str, list[KubeObject]] = defaultdict(list)
        self._refs: dict[str, list[Ref]] = defaultdict(list)
        self._by_ref: dict[Ref, KubeObject] = {}
        self._by_uid: dict[str, KubeObject] = {}
        self._owned: dict[str, list[KubeObject]] = defaultdict(list)
        self._in_namespace: dict[tuple[str, str | None], list[KubeObject]] = defaultdict(list)
        self._events: dict[Ref, list[Event]] = defaultdict(list)
        self._pods_by_label: dict[tuple[str | None, str, str], list[Pod]] = defaultdict(list)
        self._slices: dict[tuple[str | None, str], list[EndpointSlice]] = defaultdict(list)
        for thing in objects:
            self._add(thing)

    def _add(self, thing: KubeObject) -> None:
        meta, ref = thing.metadata, thing.ref
        self._by_kind[thing.KIND].append(thing)
        self._refs[thing.KIND].append(ref)
        if isinstance(thing, Event):
            self._events[thing.about_ref].append(thing)
            return
        self._by_ref[ref] = thing
        self._in_namespace[thing.KIND, meta.namespace].append(thing)
        if meta.uid:
            self._by_uid[meta.uid] = thing
        for owner in meta.owner_references or ():
            self._owned[owner.uid].append(thing)
        if isinstance(thing, Pod):
            for pair in (meta.labels or {}).items():
                self._pods_by_label[meta.namespace, *pair].append(thing)
        elif isinstance(thing, EndpointSlice):
            self._slices[meta.namespace, thing.labels.get(SERVICE_NAME, "")].append(thing)

    def __len__(self) -> int:
        """How many objects there are, Events included."""
        return sum(map(len, self._by_kind.values()))

    def all(self, kind: type[K]) -> list[K]:
        """Return every object of the kind."""
        return self._by_kind.get(kind.KIND, [])  # type: ignore[return-value]  # Filed by its class.

    def refs_of(self, kind: type[KubeObject]) -> list[Ref]:
        """Return which they are, in the order of ``all``; held here, so that nobody need make them again."""
        return self._refs.get(kind.KIND, [])

    def in_namespace(self, kind: type[K], namespace: str | None) -> list[K]:
        """Return the objects of the kind in one namespace."""
        return self._in_namespace.get((kind.KIND, namespace), [])  # type: ignore[return-value]

    def find(self, kind: type[K], namespace: str | None, name: str) -> K | None:
        """Return the object of this name if it was seen."""
        return self._by_ref.get(Ref(kind.KIND, namespace, name))  # type: ignore[return-value]

    def find_ref(self, ref: Ref) -> KubeObject | None:
        """Return the object if it was seen."""
        return self._by_ref.get(ref)

    def find_uid(self, uid: str) -> KubeObject | None:
        """Return the object of this uid if it was seen."""
        return self._by_uid.get(uid)

    def owned_by(self, thing: KubeObject) -> list[KubeObject]:
        """Return what names this object's uid among its owners."""
        return self._owned.get(thing.metadata.uid, []) if thing.metadata.uid else []

    def controller_of(self, thing: KubeObject) -> KubeObject | None:
        """Return the owner that controls the object, if it was seen."""
        owner = next((one for one in thing.metadata.owner_references or () if one.controller), None)
        return self._by_uid.get(owner.uid) if owner else None

    def presence(self, kind: type[KubeObject], namespace: str | None, name: str) -> Presence:
        """Answer whether the object exists, as far as what was read can tell."""
        if Ref(kind.KIND, namespace, name) in self._by_ref:
            return Presence.PRESENT
        return Presence.ABSENT if self.coverage.proves_absence(kind.KIND, namespace) else Presence.UNKNOWN

    def events_of(self, thing: KubeObject) -> list[Event]:
        """Return the Events about the object, the newest last; those of an earlier object of its name left out."""
        found = (one for one in self._events.get(thing.ref, ()) if is_about(one, thing))
        return sorted(found, key=lambda event: event.last_at.timestamp() if event.last_at else 0.0)

    def slices_of(self, namespace: str | None, service: str) -> list[EndpointSlice]:
        """Return the slices that carry this Service's name."""
        return self._slices.get((namespace, service), [])

    def pods_matching(self, namespace: str | None, labels: Mapping[str, str]) -> list[Pod]:
        """Return the pods of the namespace that have all of ``labels``; none for an empty selector of a Service."""
        if not labels:
            return []
        rarest = min((self._pods_by_label.get((namespace, *pair), []) for pair in labels.items()), key=len)
        return [pod for pod in rarest if labels.items() <= pod.labels.items()]

    def pods_selected(self, namespace: str | None, selector: LabelSelector | None) -> list[Pod]:
        """Return the pods of the namespace a selector selects; an empty one selects all, None none."""
        if selector is None:
            return []
        candidates: list[Pod] = self.in_namespace(Pod, namespace)
        if selector.match_labels:
            candidates = self.pods_matching(namespace, selector.match_labels)
        if not selector.match_expressions:
            return candidates
        return [pod for pod in candidates if selects(selector, pod.labels)]
