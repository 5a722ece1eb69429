"""One object of a cluster, as read: typed where rules look, whole where it is compared and shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Named:
    """A step of a path into a list: the item whose ``key`` has this value."""

    value: str
    key: str = "name"


Path = tuple[str | Named, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """The controller of an object."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class KubeObject:
    """An object; without anything in it, one that does not exist. What has the wrong shape counts as absent."""

    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether there is such an object."""
        return bool(self.raw)

    @property
    def name(self) -> str:
        """Its name."""
        return self._text("metadata", "name")

    @property
    def namespace(self) -> str | None:
        """Its namespace, if it has one."""
        return self._text("metadata", "namespace") or None

    @property
    def uid(self) -> str:
        """What tells it from another of the same name."""
        return self._text("metadata", "uid")

    @property
    def resource_version(self) -> str:
        """Which state of it this is."""
        return self._text("metadata", "resourceVersion")

    @property
    def generation(self) -> int:
        """Which state of its specification this is."""
        return self.number("metadata", "generation")

    @property
    def is_going(self) -> bool:
        """Whether it was deleted and only waits for its end."""
        return bool(self._text("metadata", "deletionTimestamp"))

    @property
    def is_mirror(self) -> bool:
        """Whether a pod only shows what a node runs from a file of its own."""
        return self.at("metadata", "annotations", MIRROR) is not None

    @property
    def owner(self) -> Owner | None:
        """The controller it belongs to."""
        for one in self.items("metadata", "ownerReferences"):
            if one.get("controller") is True:
                return Owner(str(one.get("kind")), str(one.get("name")), str(one.get("uid")))
        return None

    def at(self, *path: str | Named) -> Any:
        """Return what stands at ``path``; None where nothing does."""
        return pick(self.raw, path)

    def items(self, *path: str | Named) -> tuple[Mapping[str, Any], ...]:
        """Return the objects of the list at ``path``."""
        found = self.at(*path)
        return tuple(one for one in found if isinstance(one, Mapping)) if isinstance(found, list) else ()

    def number(self, *path: str | Named) -> int:
        """Return the whole number at ``path``; 0 where there is none, as the server leaves out zeros."""
        found = self.at(*path)
        return found if isinstance(found, int) and not isinstance(found, bool) else 0

    def texts(self, *path: str | Named) -> dict[str, str]:
        """Return the members of the object at ``path`` that are texts."""
        found = self.at(*path)
        return {key: one for key, one in found.items() if isinstance(one, str)} if isinstance(found, Mapping) else {}

    def _text(self, *path: str) -> str:
        found = self.at(*path)
        return found if isinstance(found, str) else ""


def pick(value: Any, path: Path) -> Any:
    """Return what stands at ``path``; None where nothing does."""
    for step in path:
        if isinstance(step, Named):
            value = next(_named(value, step), None)
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value


def write_path(path: Path) -> str:
    """Write a path for people: ``spec.template.spec.containers[name=app].image``."""
    text = ""
    for step in path:
        if isinstance(step, Named):
            text += f"[{step.key}={step.value}]"
        elif "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _named(value: Any, step: Named) -> Iterator[Any]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, Mapping) and one.get(step.key) == step.value)
