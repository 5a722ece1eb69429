"""The shape of a remediation: what it reads, when it is possible, its request, what undoes and what proves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import msgspec

from services.actions.domain.fields import digest_of, extract, target_digest
from services.actions.domain.kinds import Kind
from services.actions.domain.objects import KubeObject, Path
from services.actions.domain.requests import Write
from shared.contracts.action import Expectation, ExpectationCheck, KubernetesPayload, KubernetesVerb, RbacRule

Risk = Literal["low", "medium", "high", "critical"]
Undo = tuple[KubernetesPayload | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A change that can be meant, with the kind of the object it is of."""

    payload: KubernetesPayload
    kind: Kind

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters, which were checked."""
        return self.payload.parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A list to be read beside the object. Where it is not ``required``, not being able to read it is only said."""

    name: str
    kind: Kind
    namespace: str | None
    labels: str = ""
    fields: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was read for a change: the object and, by the name of their look, the others; None where not readable."""

    target: Target
    object: KubeObject
    others: Mapping[str, tuple[KubeObject, ...] | None] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the change."""
        return self.target.parameters

    def other(self, name: str) -> tuple[KubeObject, ...]:
        """Return what a look brought; nothing where it could not be read."""
        return self.others.get(name) or ()


@dataclass(frozen=True, slots=True)
class Objections:
    """What stands against a change: ``refused`` by place makes it impossible, ``warnings`` are for whoever approves."""

    refused: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()

    def __add__(self, more: "Objections") -> "Objections":
        return Objections(self.refused + more.refused, self.warnings + more.warnings)


class Remediation:
    """One verb. Its rules are pure: they see a ``Sight`` and nothing else.

    What is written here holds for most verbs; ``write`` has to be given.
    """

    verb: ClassVar[KubernetesVerb]
    # Names of kinds; empty means any.
    kinds: ClassVar[frozenset[str]] = frozenset()
    # How much can go wrong, for a proposer who does not say.
    risk: ClassVar[Risk] = "high"
    # Where to, as paths of the object, of the fields it reads or writes whatever its parameters are.
    fixed_paths: ClassVar[tuple[Path, ...]] = ()
    # Whether the object may be absent, and is made then.
    may_make: ClassVar[bool] = False

    def looks(self, target: Target, seen: KubeObject) -> tuple[Look, ...]:
        """Return what has to be read beside the object."""
        return ()

    def objections(self, sight: Sight) -> Objections:
        """Return what stands against the change, of the object as it was read."""
        return Objections()

    def paths(self, sight: Sight) -> tuple[Path, ...]:
        """Return the fields of the object that the change reads or writes."""
        return self.fixed_paths

    def more_fields(self, sight: Sight) -> dict[str, Any]:
        """Return what it reads of other objects, by a name for people."""
        return {}

    def write(self, sight: Sight) -> Write:
        """Return the request that makes the change, or its first step. Only for a sight without refusals."""
        raise NotImplementedError

    def step(self, sight: Sight) -> str:
        """Return what ``write`` does, for people."""
        return step_words(self.verb, sight)

    def after(self, sight: Sight, answer: KubeObject) -> KubeObject:
        """Return the object after the change, from what the server answered."""
        return answer

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        """Return the change that would undo this one, if there is one, and words for people."""
        return None, "nothing undoes it"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        """Return what should become true once it was done."""
        return None

    def needs(self, sight: Sight) -> tuple[RbacRule, ...]:
        """Return the rights it takes: to read the object and what is beside it, and to write."""
        target = sight.target
        reading = RbacRule(
            api_group=target.kind.group,
            resource=target.kind.plural,
            verbs=("get",),
            namespace=target.payload.namespace,
        )
        lists = tuple(
            RbacRule(api_group=look.kind.group, resource=look.kind.plural, verbs=("list",), namespace=look.namespace)
            for look in self.looks(target, sight.object)
        )
        return (reading, *lists, self.write(sight).rule)


def fields_of(remediation: Remediation, sight: Sight) -> dict[str, Any]:
    """Return all that a change reads or writes, by name."""
    return {**extract(sight.object, remediation.paths(sight)), **remediation.more_fields(sight)}


def digest_target(remediation: Remediation, sight: Sight) -> str:
    """Return the digest of the target as it was read."""
    return target_digest(sight.target.payload, sight.object.uid, fields_of(remediation, sight))


def general_objections(sight: Sight) -> Objections:
    """Return what stands against any change."""
    if sight.object.is_going:
        return Objections(refused=(("payload.name", "is being deleted already"),))
    return Objections()


def step_words(verb: KubernetesVerb, sight: Sight) -> str:
    """Return what is done to the object of a sight: ``scale Deployment shop/checkout``."""
    payload = sight.target.payload
    name = f"{payload.namespace}/{payload.name}" if payload.namespace else payload.name
    return f"{verb} {sight.target.kind.name} {name}"


def change_of(sight: Sight, verb: KubernetesVerb, **parameters: Any) -> KubernetesPayload:
    """Return another change of the same object."""
    return msgspec.structs.replace(sight.target.payload, verb=verb, parameters=parameters)


def expect(sight: Sight, check: ExpectationCheck, words: str, **more: Any) -> Expectation:
    """Return an expectation about the object of a sight."""
    payload = sight.target.payload
    given: dict[str, Any] = {"uid": sight.object.uid or None} | more
    return Expectation(
        check=check,
        context=payload.context,
        namespace=payload.namespace,
        kind=payload.kind,
        name=payload.name,
        words=words,
        **given,
    )


def digest_of_template(template: object) -> str:
    """Return what stands for a pod template, whichever object it was read from."""
    return digest_of(template)
