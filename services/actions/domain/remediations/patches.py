"""Patch and delete: any change of any object, as its proposer wrote it down."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.actions.domain.fields import strip_noise
from services.actions.domain.inverse import undo_by_patch
from services.actions.domain.kinds import SECRET, SERVICE, is_built_in
from services.actions.domain.masking import Mask
from services.actions.domain.objects import KubeObject, Path
from services.actions.domain.remediations.pods import delete
from services.actions.domain.remediations.rollouts import ROLLED, expect_rollout, is_paused, patch
from services.actions.domain.remediations.shape import Objections, Remediation, Sight, Undo, change_of, expect
from services.actions.domain.requests import Media, Write
from shared.contracts.action import Expectation, ExpectationCheck, KubernetesVerb

_NUMBERED = re.compile(r"-|[0-9]+")
_MEDIA = {"strategic": Media.STRATEGIC, "merge": Media.MERGE, "json": Media.JSON_PATCH}
_KINDS_WITH_CONTENT = frozenset({"Namespace", "CustomResourceDefinition"})


class Patch(Remediation):
    """Sends the patch as it is. Its fields are those that it names, lists as a whole."""

    verb = KubernetesVerb.PATCH
    risk = "high"

    def objections(self, sight: Sight) -> Objections:
        if _media_of(sight) is Media.STRATEGIC and not is_built_in(sight.target.kind):
            text = "strategic patches are for kinds of Kubernetes itself; this one takes merge or json"
            return Objections(refused=(("payload.parameters.patchType", text),))
        return Objections()

    def paths(self, sight: Sight) -> tuple[Path, ...]:
        body = sight.parameters["patch"]
        found = _paths_of_operations(body) if isinstance(body, list) else touched(body)
        return tuple(sorted(set(found)))

    def write(self, sight: Sight) -> Write:
        return patch(sight, sight.parameters["patch"], _media_of(sight))

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return undo_by_patch(sight.target.payload, sight.object, after)

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect_of_any(sight, after)


class Delete(Remediation):
    """Deletes an object, and by default in the background what it owns."""

    verb = KubernetesVerb.DELETE
    risk = "critical"

    def objections(self, sight: Sight) -> Objections:
        seen, warnings = sight.object, []
        if seen.owner is not None:
            warnings.append(f"{seen.owner.kind} {seen.owner.name} owns it, and may make it again")
        if sight.target.kind.name in _KINDS_WITH_CONTENT:
            warnings.append(f"everything in this {sight.target.kind.name} is deleted with it")
        if finalizers := seen.at("metadata", "finalizers"):
            warnings.append(f"it ends only once its {len(finalizers)} finalizers are done")
        if sight.parameters.get("propagation") == "orphan":
            warnings.append("what it owns stays, and nobody looks after it any more")
        return Objections(warnings=tuple(warnings))

    def paths(self, sight: Sight) -> tuple[Path, ...]:
        # All that is lost, but no labels: those say nothing of what it does.
        content = sight.object.raw.keys() - {"apiVersion", "kind", "metadata", "status", "data", "stringData"}
        meta: tuple[Path, ...] = (("metadata", "ownerReferences"), ("metadata", "finalizers"))
        data: tuple[Path, ...] = () if sight.target.kind == SECRET else (("data",),)
        return (*((key,) for key in sorted(content)), *meta, *data)

    def more_fields(self, sight: Sight) -> dict[str, Any]:
        # No digest is made of secret values: it is kept for ever, and a short value could be found by trying.
        return {"keys": sorted(sight.object.texts("data"))} if sight.target.kind == SECRET else {}

    def write(self, sight: Sight) -> Write:
        how = str(sight.parameters.get("propagation", "background")).capitalize()
        return delete(sight, propagationPolicy=how)

    def after(self, sight: Sight, answer: KubeObject) -> KubeObject:
        return KubeObject()

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return undo_deletion(sight)

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect(sight, ExpectationCheck.GONE, "the object is gone")


def touched(body: Mapping[str, Any], at: Path = ()) -> Iterator[Path]:
    """Yield the paths that a merge patch or a manifest writes; lists, and what directives are about, as a whole."""
    for key, value in body.items():
        path = (*at, key)
        if isinstance(value, Mapping) and value and not any(name.startswith("$") for name in value):
            yield from touched(value, path)
        elif key.startswith("$"):
            yield at
        else:
            yield path


def expect_of_any(sight: Sight, after: KubeObject) -> Expectation | None:
    """Return what should become true of any object after it was written, if there is a general answer."""
    if sight.target.kind.name in ROLLED and not is_paused(after):
        return expect_rollout(sight, after)
    if sight.target.kind == SERVICE and after.at("spec", "selector"):
        return expect(sight, ExpectationCheck.ENDPOINTS, "it has an endpoint that is ready")
    return None


def undo_deletion(sight: Sight) -> Undo:
    """Return the manifest that makes an object again, where it holds no secret."""
    clean = strip_noise(sight.object.raw)
    payload = sight.target.payload
    manifest = {"apiVersion": sight.target.kind.api_version, "kind": sight.target.kind.name, **clean}
    mask = Mask()
    if sight.target.kind == SECRET or mask.apply(manifest) != manifest:
        return None, "make it again from where it is kept: it holds secrets, which are not kept here"
    meta = {key: one for key, one in manifest["metadata"].items() if key not in {"ownerReferences", "finalizers"}}
    manifest["metadata"] = {**meta, "name": payload.name}
    return change_of(sight, KubernetesVerb.APPLY, manifest=manifest), "make it again as it was; data it kept is lost"


def _media_of(sight: Sight) -> Media:
    body, sort = sight.parameters["patch"], sight.parameters.get("patchType")
    if sort is None:
        sort = "json" if isinstance(body, list) else "strategic" if is_built_in(sight.target.kind) else "merge"
    return _MEDIA[sort]


def _paths_of_operations(operations: list[Any]) -> Iterator[Path]:
    for one in operations:
        for pointer in filter(None, (one["path"], one.get("from"))):
            steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
            # A number means another item once one before it is gone, so the list counts as a whole.
            end = next((at for at, step in enumerate(steps) if _NUMBERED.fullmatch(step)), len(steps))
            yield tuple(steps[:end])
