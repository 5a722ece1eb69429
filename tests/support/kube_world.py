"""The objects and logs a stand-in API server serves, by the paths of their lists; also as a folder of a dump."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from services.graph.domain.reading.kinds import KINDS, Kind, get_kind

Item = dict[str, Any]


class Place(NamedTuple):
    """Which list: its API and its plural."""

    group: str
    version: str
    plural: str

    @property
    def path(self) -> str:
        """Where it is served, for the whole cluster."""
        return f"{self.root}/{self.plural}"

    @property
    def root(self) -> str:
        """Where its API is served."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


@dataclass
class KubeWorld:
    """What exists. A list that is not here is an API that is not served.

    ``logs`` are by namespace, pod, container and whether of the previous instance; each is a status and a text.
    """

    lists: dict[Place, list[Item]] = field(default_factory=dict)
    logs: dict[tuple[str, str, str, bool], tuple[int, str]] = field(default_factory=dict)
    kinds: dict[Place, str] = field(default_factory=dict)
    version: int = 28_909

    def add(self, kind: str, name: str, namespace: str | None = None, **fields: Any) -> Item:
        """Add an object from its fields in camelCase; ``metadata`` is merged with name and namespace. Return it."""
        place = place_of(get_kind(kind))
        self.version += 1
        meta = {"name": name, "uid": f"uid-{self.version}", "resourceVersion": str(self.version)}
        if namespace:
            meta["namespace"] = namespace
        item = {"metadata": {**meta, **fields.pop("metadata", {})}, **fields}
        self.lists.setdefault(place, []).append(item)
        return item

    def drop(self, kind: str) -> None:
        """Serve the API of this kind no more."""
        gone = get_kind(kind)
        for place in [one for one in self.lists if (one.group, one.plural) == (gone.group, gone.plural)]:
            del self.lists[place]

    def copy(self) -> "KubeWorld":
        """Return a world of its own with the same objects."""
        return deepcopy(self)

    def kind_of(self, place: Place) -> str:
        """Return the name of the kind a list holds."""
        known = _BY_PLURAL.get((place.group, place.plural))
        return known.name if known else self.kinds.get(place, place.plural.removesuffix("s").capitalize())

    def is_namespaced(self, place: Place) -> bool:
        """Answer whether the objects of a list stand in namespaces."""
        known = _BY_PLURAL.get((place.group, place.plural))
        if known:
            return known.is_namespaced
        return any("namespace" in item["metadata"] for item in self.lists[place])

    def find(self, place: Place, namespace: str | None, name: str) -> Item | None:
        """Return an object."""
        for item in self.lists[place]:
            meta = item["metadata"]
            if meta["name"] == name and meta.get("namespace") == namespace:
                return item
        return None

    def groups(self) -> dict[str, dict[str, list[Place]]]:
        """Return the lists by group and version, as discovery tells of them."""
        found: dict[str, dict[str, list[Place]]] = {}
        for place in self.lists:
            found.setdefault(place.group, {}).setdefault(place.version, []).append(place)
        return found


def a_world() -> KubeWorld:
    """Return a world with every API the graph reads, and nothing in it."""
    return KubeWorld({place_of(place): [] for place in every_place()})


def every_place() -> Iterator[Kind]:
    """Yield every kind that is read, and the second places of those that have one."""
    for kind in KINDS:
        yield kind
        if kind.instead:
            yield kind.instead


def place_of(kind: Kind) -> Place:
    """Return the list of a kind, in the version that is preferred."""
    return Place(kind.group, kind.versions[0], kind.plural)


def read_world(folder: Path) -> KubeWorld:
    """Read a folder: ``lists/<path of an API>/<plural>.json``, ``logs/<ns>/<pod>/<container>[.previous].<status>``."""
    world = KubeWorld()
    for file in sorted((folder / "lists").rglob("*.json")):
        parts = file.relative_to(folder / "lists").with_suffix("").parts
        place = Place("", parts[1], parts[2]) if parts[0] == "api" else Place(*parts[1:])
        body = msgspec.json.decode(file.read_bytes())
        world.lists[place] = body["items"] or []
        world.kinds[place] = body["kind"].removesuffix("List")
    for file in sorted((folder / "logs").rglob("*.[0-9][0-9][0-9]")):
        namespace, pod, name = file.relative_to(folder / "logs").parts
        container, _, status = name.rpartition(".")
        key = (namespace, pod, container.removesuffix(".previous"), container.endswith(".previous"))
        world.logs[key] = (int(status), _message_in(file.read_text()) if status != "200" else file.read_text())
    return world


def _message_in(text: str) -> str:
    try:
        return str(msgspec.json.decode(text)["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return text


_BY_PLURAL = {(kind.group, kind.plural): kind for kind in every_place()}
