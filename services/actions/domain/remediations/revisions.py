"""Rollback: the pod template of an earlier revision, which is kept in ReplicaSets or ControllerRevisions."""

import re
from collections.abc import Mapping
from typing import Any

from services.actions.domain.kinds import CONTROLLER_REVISION, DEPLOYMENT, REPLICA_SET
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations.rollouts import ROLLED, expect_rollout, patch, rollout_objections
from services.actions.domain.remediations.shape import (
    Look,
    Objections,
    Remediation,
    Sight,
    Target,
    Undo,
    change_of,
    digest_of_template,
)
from services.actions.domain.requests import Media, Write
from shared.contracts.action import Expectation, KubernetesVerb

_REVISIONS = "revisions"
_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_NUMBER = re.compile("[0-9]{1,16}")


class Rollback(Remediation):
    """Replaces the whole pod template, as `kubectl rollout undo --to-revision` does.

    The revision is resolved to its template both times, and the template's digest is among the fields: a revision
    that means another template by the time of execution makes the target stale.
    """

    verb = KubernetesVerb.ROLLBACK
    kinds = ROLLED
    risk = "high"
    fixed_paths = (("spec", "template"), ("spec", "paused"), ("spec", "updateStrategy", "type"))

    def looks(self, target: Target, seen: KubeObject) -> tuple[Look, ...]:
        kind = REPLICA_SET if target.kind == DEPLOYMENT else CONTROLLER_REVISION
        labels = seen.texts("spec", "selector", "matchLabels")
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        return (Look(name=_REVISIONS, kind=kind, namespace=target.payload.namespace, labels=selector),)

    def objections(self, sight: Sight) -> Objections:
        place, template = "payload.parameters.revision", _template_of(sight)
        found = rollout_objections(sight)
        if template is None:
            kept = ", ".join(str(one) for one in sorted(_revisions_of(sight))) or "none"
            return found + Objections(refused=((place, f"is no revision of it; there are: {kept}"),))
        wanted = sight.parameters.get("templateDigest")
        if wanted is not None and wanted != digest_of_template(template):
            return found + Objections(refused=((place, "means another template than the one proposed"),))
        if template == sight.object.at("spec", "template"):
            return found + Objections(warnings=("it has the template of this revision already: nothing will change",))
        return found

    def more_fields(self, sight: Sight) -> dict[str, Any]:
        template = _template_of(sight)
        return {
            "revision": sight.parameters["revision"],
            "templateDigest": digest_of_template(template) if template is not None else None,
        }

    def write(self, sight: Sight) -> Write:
        body = [{"op": "replace", "path": "/spec/template", "value": _template_of(sight)}]
        return patch(sight, body, Media.JSON_PATCH)

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        current = sight.object.at("spec", "template")
        revisions = _revisions_of(sight)
        for revision in sorted(revisions, reverse=True):
            if revisions[revision] == current:
                back = change_of(sight, KubernetesVerb.ROLLBACK, revision=revision)
                return back, f"roll back to revision {revision}, which is the one of now"
        return None, "the template of now is no revision that is kept; the diff shows what it was"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect_rollout(sight, after)


def _template_of(sight: Sight) -> Mapping[str, Any] | None:
    return _revisions_of(sight).get(sight.parameters["revision"])


def _revisions_of(sight: Sight) -> dict[int, Mapping[str, Any]]:
    """Return the templates that are kept, by revision."""
    found = {}
    for one in sight.other(_REVISIONS):
        owner = one.owner
        # Labels of two workloads may overlap; the owner tells whose it is.
        if owner is None or owner.uid != sight.object.uid:
            continue
        revision, template = _read_revision(one) if sight.target.kind != DEPLOYMENT else _read_replica_set(one)
        if revision and template:
            found[revision] = template
    return found


def _read_replica_set(kept: KubeObject) -> tuple[int, Mapping[str, Any] | None]:
    number = kept.at("metadata", "annotations", _REVISION)
    is_number = isinstance(number, str) and _NUMBER.fullmatch(number) is not None
    return int(number) if is_number else 0, _without_hash(kept.at("spec", "template"))


def _read_revision(kept: KubeObject) -> tuple[int, Mapping[str, Any] | None]:
    template = kept.at("data", "spec", "template")
    if not isinstance(template, Mapping):
        return 0, None
    # It is kept as a patch, which says so of itself.
    return kept.number("revision"), {key: value for key, value in template.items() if key != "$patch"}


def _without_hash(template: object) -> Mapping[str, Any] | None:
    """Return the template of a ReplicaSet without the label that its Deployment gave it."""
    if not isinstance(template, Mapping):
        return None
    meta = template.get("metadata")
    if not isinstance(meta, Mapping):
        return template
    labels = meta.get("labels")
    labels = {key: one for key, one in labels.items() if key != _HASH} if isinstance(labels, Mapping) else {}
    return {**template, "metadata": {**meta, "labels": labels}}
