"""How every Kubernetes object is read: known fields only, null where the server says null, nothing else kept."""

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import msgspec


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """A part of an object. Any field may be absent or null: real servers send both."""


class Ref(NamedTuple):
    """Which object: its kind, its namespace (None for what belongs to the whole cluster), its name."""

    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        """Return it as people write it: ``Pod boutique/checkout-1`` or ``Node worker-1``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class OwnerReference(Shape, frozen=True, kw_only=True, gc=False):
    """Who owns an object; joined by ``uid``, never by name."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class FieldsManager(Shape, frozen=True, kw_only=True, gc=False):
    """Who changed fields of an object last, and when; which fields is not kept."""

    manager: str = ""
    operation: str = ""
    time: datetime | None = None
    subresource: str | None = None


class ObjectMeta(Shape, frozen=True, kw_only=True, gc=False):
    """What every object has."""

    name: str = ""
    namespace: str | None = None
    uid: str = ""
    resource_version: str = ""
    generation: int | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None
    finalizers: list[str] | None = None


class ManagedMeta(ObjectMeta, frozen=True, kw_only=True, gc=False):
    """The same with who changed it when; kept for few kinds, because it is two fifths of what a server sends."""

    managed_fields: list[FieldsManager] | None = None


class KubeObject(Shape, frozen=True, kw_only=True, gc=False):
    """An object; each kind is a subclass. Lists do not repeat ``kind`` and ``apiVersion``, so the class says it."""

    KIND: ClassVar[str] = ""
    GROUP: ClassVar[str] = ""

    metadata: ObjectMeta = ObjectMeta()

    @property
    def ref(self) -> Ref:
        """Which object this is."""
        return Ref(self.KIND, self.metadata.namespace, self.metadata.name)

    @property
    def labels(self) -> dict[str, str]:
        """Its labels; empty where it has none."""
        return self.metadata.labels or {}

    @property
    def annotations(self) -> dict[str, str]:
        """Its annotations; empty where it has none."""
        return self.metadata.annotations or {}


class Condition(Shape, frozen=True, kw_only=True, gc=False):
    """A condition of an object's status; ``status`` is True, False or Unknown, as text."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None
    observed_generation: int | None = None
    last_transition_time: datetime | None = None


class LabelRequirement(Shape, frozen=True, kw_only=True, gc=False):
    """One expression of a selector: In, NotIn, Exists or DoesNotExist."""

    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class LabelSelector(Shape, frozen=True, kw_only=True, gc=False):
    """A selector by labels. An empty one selects everything; a selector that is absent, nothing."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[LabelRequirement] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it selects everything."""
        return not self.match_labels and not self.match_expressions


# A number of cores or bytes, as people write it: 250m, 64Mi, 2.
Quantity = str | int | float
IntOrString = int | str


def find_condition(conditions: list[Condition] | None, kind: str) -> Condition | None:
    """Return the condition of this type, wherever in the list it stands."""
    return next((condition for condition in conditions or () if condition.type == kind), None)


def selects(selector: LabelSelector | None, labels: dict[str, str]) -> bool:
    """Answer whether ``selector`` selects what has ``labels`` (apimachinery, LabelSelectorAsSelector)."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.match_labels or {}).items()):
        return False
    return all(_meets(requirement, labels) for requirement in selector.match_expressions or ())


def _meets(requirement: LabelRequirement, labels: dict[str, str]) -> bool:
    value, values = labels.get(requirement.key), requirement.values or ()
    match requirement.operator:
        case "In":
            return value is not None and value in values
        case "NotIn":
            # What lacks the key is not in the values: that is selected.
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            # An operator of the future: claiming a match would claim more than is known.
            return False


def without_noise(annotations: dict[str, str] | None) -> dict[str, str] | None:
    """Return annotations without copies of the whole object, which are large and repeat what is read anyway."""
    if annotations is None or _LAST_APPLIED not in annotations:
        return annotations
    return {key: value for key, value in annotations.items() if key != _LAST_APPLIED} or None


_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
Raw = dict[str, Any]
