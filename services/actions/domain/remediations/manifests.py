"""Apply: a manifest that the proposal carries, merged into what is there or made new."""

from typing import Any

from services.actions.domain.inverse import undo_by_patch
from services.actions.domain.objects import KubeObject, Path
from services.actions.domain.remediations.patches import expect_of_any, touched
from services.actions.domain.remediations.rollouts import patch
from services.actions.domain.remediations.shape import Objections, Remediation, Sight, Undo, change_of
from services.actions.domain.requests import Media, Method, Write
from shared.contracts.action import Expectation, KubernetesVerb, RbacRule


class Apply(Remediation):
    """Server-side apply of what is there, without force; a plain creation of what is not.

    A creation, not an apply, so that who makes the object in between is met with 409 and not merged into.
    """

    verb = KubernetesVerb.APPLY
    risk = "high"
    may_make = True

    def objections(self, sight: Sight) -> Objections:
        if sight.parameters["manifest"].get("apiVersion") != sight.target.kind.api_version:
            text = f"must be {sight.target.kind.api_version}, as this server serves the kind"
            return Objections(refused=(("payload.parameters.manifest.apiVersion", text),))
        if sight.parameters["manifest"].get("kind") != sight.target.kind.name:
            text = f"must be {sight.target.kind.name}"
            return Objections(refused=(("payload.parameters.manifest.kind", text),))
        return Objections(warnings=() if sight.object.exists else ("it does not exist, and is made new",))

    def paths(self, sight: Sight) -> tuple[Path, ...]:
        named = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
        return tuple(sorted(set(touched(sight.parameters["manifest"])) - named))

    def more_fields(self, sight: Sight) -> dict[str, Any]:
        return {"exists": sight.object.exists}

    def write(self, sight: Sight) -> Write:
        payload, manifest = sight.target.payload, sight.parameters["manifest"]
        if sight.object.exists:
            return patch(sight, manifest, Media.APPLY)
        return Write(
            method=Method.POST,
            kind=sight.target.kind,
            namespace=payload.namespace,
            name=payload.name,
            body=manifest,
        )

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        if not sight.object.exists:
            return change_of(sight, KubernetesVerb.DELETE), "delete it again"
        return undo_by_patch(sight.target.payload, sight.object, after)

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect_of_any(sight, after)

    def needs(self, sight: Sight) -> tuple[RbacRule, ...]:
        # An apply asks for the right to create too, though the object is there.
        rule = RbacRule(
            api_group=sight.target.kind.group,
            resource=sight.target.kind.plural,
            verbs=("create",),
            namespace=sight.target.payload.namespace,
        )
        return (*super().needs(sight), rule) if sight.object.exists else super().needs(sight)
