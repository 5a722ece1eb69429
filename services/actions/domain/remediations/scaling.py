"""Scale: how many pods a workload has."""

from collections.abc import Mapping
from typing import Any

from services.actions.domain.kinds import AUTOSCALER, DEPLOYMENT, REPLICA_SET, REPLICATION_CONTROLLER, STATEFUL_SET
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations.shape import (
    Look,
    Objections,
    Remediation,
    Sight,
    Target,
    Undo,
    change_of,
    expect,
)
from services.actions.domain.requests import Media, Method, Write
from shared.contracts.action import Expectation, ExpectationCheck, KubernetesVerb

_AUTOSCALERS = "autoscalers"


class Scale(Remediation):
    """Writes the subresource ``scale``: the right to it allows nothing else of the workload to be changed."""

    verb = KubernetesVerb.SCALE
    kinds = frozenset({DEPLOYMENT.name, STATEFUL_SET.name, REPLICA_SET.name, REPLICATION_CONTROLLER.name})
    risk = "medium"
    fixed_paths = (("spec", "replicas"),)

    def looks(self, target: Target, seen: KubeObject) -> tuple[Look, ...]:
        return (
            Look(name=_AUTOSCALERS, kind=AUTOSCALER, namespace=target.payload.namespace, required=False),
        )  # fmt: skip

    def objections(self, sight: Sight) -> Objections:
        warnings = []
        if sight.others.get(_AUTOSCALERS) is None:
            warnings.append("whether a HorizontalPodAutoscaler sets the replicas could not be read")
        for one in _autoscalers_of(sight):
            least, most = one.number("spec", "minReplicas") or 1, one.number("spec", "maxReplicas")
            warnings.append(
                f"the HorizontalPodAutoscaler {one.name} sets the replicas, from {least} to {most}: "
                "it will soon undo this; change its bounds instead"
            )
        owner = sight.object.owner
        if owner is not None:
            warnings.append(f"{owner.kind} {owner.name} owns it and will undo this; scale that instead")
        if sight.object.number("spec", "replicas") == sight.parameters["replicas"]:
            warnings.append("it has so many replicas already: nothing will change")
        if sight.parameters["replicas"] == 0:
            warnings.append("no pod will be left")
        return Objections(warnings=tuple(warnings))

    def more_fields(self, sight: Sight) -> dict[str, Any]:
        # Whoever approved without an autoscaler did not see the warning about it.
        return {"autoscalers": sorted(one.name for one in _autoscalers_of(sight))}

    def write(self, sight: Sight) -> Write:
        payload = sight.target.payload
        return Write(
            method=Method.PATCH,
            kind=sight.target.kind,
            namespace=payload.namespace,
            name=payload.name,
            subresource="scale",
            media=Media.MERGE,
            body={"spec": {"replicas": sight.parameters["replicas"]}},
        )

    def after(self, sight: Sight, answer: KubeObject) -> KubeObject:
        # The answer is a Scale; the server leaves out a 0.
        return with_replicas(sight.object, answer)

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        before = sight.object.number("spec", "replicas")
        return change_of(sight, KubernetesVerb.SCALE, replicas=before), f"scale back to {before}"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        wanted = sight.parameters["replicas"]
        words = f"{wanted} replicas are ready"
        return expect(sight, ExpectationCheck.REPLICAS, words, value=wanted)


def with_replicas(before: KubeObject, scale: KubeObject) -> KubeObject:
    """Return the workload as it is after its Scale was written."""
    spec = before.at("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    meta = before.at("metadata")
    meta = {**meta, "resourceVersion": scale.resource_version} if isinstance(meta, Mapping) else {}
    return KubeObject(
        {**before.raw, "metadata": meta, "spec": {**spec, "replicas": scale.number("spec", "replicas")}}
    )  # fmt: skip


def _autoscalers_of(sight: Sight) -> tuple[KubeObject, ...]:
    kind, name = sight.target.kind, sight.target.payload.name
    return tuple(
        one
        for one in sight.other(_AUTOSCALERS)
        if one.at("spec", "scaleTargetRef", "kind") == kind.name and one.at("spec", "scaleTargetRef", "name") == name
    )
