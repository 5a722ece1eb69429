"""Set-image and set-resources: what the containers of a workload run, and how much they may use."""

from collections.abc import Mapping
from typing import Any

from services.actions.domain.kinds import CRON_JOB
from services.actions.domain.objects import KubeObject, Named, Path
from services.actions.domain.remediations.rollouts import ROLLED, expect_rollout, patch, rollout_objections
from services.actions.domain.remediations.shape import Objections, Remediation, Sight, Undo, change_of
from services.actions.domain.requests import Write
from shared.contracts.action import Expectation, KubernetesVerb

_LISTS = ("containers", "initContainers")


class _OfContainers(Remediation):
    kinds = ROLLED | {CRON_JOB.name}

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        # What a CronJob runs shows with its next Job, whenever that is.
        return None if sight.target.kind == CRON_JOB else expect_rollout(sight, after)

    def _objections(self, sight: Sight, wanted: Mapping[str, str]) -> Objections:
        """Refuse containers that are not there; ``wanted`` has the place that names each."""
        missing = [(place, name) for name, place in wanted.items() if _list_of(sight, name) is None]
        there = ", ".join(_containers_of(sight))
        refused = tuple((place, f"names no container of it; there are: {there}") for place, _ in missing)
        return Objections(refused) + _paused_objections(sight)

    def _patch(self, sight: Sight, changed: Mapping[str, Mapping[str, Any]]) -> Write:
        spec: dict[str, list[Any]] = {}
        for name, fields in changed.items():
            spec.setdefault(_list_of(sight, name) or _LISTS[0], []).append({"name": name, **fields})
        body: Any = spec
        for step in reversed(_pod_spec_of(sight)):
            body = {step: body}
        return patch(sight, body)


class SetImage(_OfContainers):
    """Writes the images of containers, and of nothing beside them."""

    verb = KubernetesVerb.SET_IMAGE
    risk = "high"

    def objections(self, sight: Sight) -> Objections:
        images: Mapping[str, str] = sight.parameters["images"]
        found = self._objections(sight, dict.fromkeys(images, "payload.parameters.images"))
        if all(
            sight.object.at(*path) == image for path, image in zip(self.paths(sight), images.values(), strict=False)
        ):
            found += Objections(warnings=("it has these images already: nothing will change",))
        loose = [name for name, image in images.items() if "@" not in image and _tag(image) in {"", "latest"}]
        if loose:
            found += Objections(warnings=(f"the image of {', '.join(sorted(loose))} has no fixed tag or digest",))
        return found

    def paths(self, sight: Sight) -> tuple[Path, ...]:
        return (*(_path_of(sight, name, "image") for name in sight.parameters["images"]), ("spec", "paused"))

    def write(self, sight: Sight) -> Write:
        return self._patch(sight, {name: {"image": image} for name, image in sight.parameters["images"].items()})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        before = {name: sight.object.at(*_path_of(sight, name, "image")) for name in sight.parameters["images"]}
        return change_of(sight, KubernetesVerb.SET_IMAGE, images=before), "set the images of before"


class SetResources(_OfContainers):
    """Writes requests and limits of one container; those that are not named stay as they are."""

    verb = KubernetesVerb.SET_RESOURCES
    risk = "medium"

    def objections(self, sight: Sight) -> Objections:
        return self._objections(sight, {sight.parameters["container"]: "payload.parameters.container"})

    def paths(self, sight: Sight) -> tuple[Path, ...]:
        return (_path_of(sight, sight.parameters["container"], "resources"), ("spec", "paused"))

    def write(self, sight: Sight) -> Write:
        resources = {name: sight.parameters[name] for name in ("requests", "limits") if sight.parameters.get(name)}
        return self._patch(sight, {sight.parameters["container"]: {"resources": resources}})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        name = sight.parameters["container"]
        before = sight.object.texts
        back = {
            part: {key: before(*_path_of(sight, name, "resources"), part).get(key) for key in sight.parameters[part]}
            for part in ("requests", "limits")
            if sight.parameters.get(part)
        }
        return change_of(sight, KubernetesVerb.SET_RESOURCES, container=name, **back), "set the resources of before"


def _pod_spec_of(sight: Sight) -> tuple[str, ...]:
    is_cron_job = sight.target.kind == CRON_JOB
    return ("spec", "jobTemplate", "spec", "template", "spec") if is_cron_job else ("spec", "template", "spec")


def _containers_of(sight: Sight) -> tuple[str, ...]:
    pod_spec = _pod_spec_of(sight)
    return tuple(str(one.get("name")) for part in _LISTS for one in sight.object.items(*pod_spec, part))


def _list_of(sight: Sight, name: str) -> str | None:
    pod_spec = _pod_spec_of(sight)
    return next((part for part in _LISTS if sight.object.at(*pod_spec, part, Named(name)) is not None), None)


def _path_of(sight: Sight, name: str, field: str) -> Path:
    return (*_pod_spec_of(sight), _list_of(sight, name) or _LISTS[0], Named(name), field)


def _paused_objections(sight: Sight) -> Objections:
    if sight.object.at("spec", "paused") is True:
        return Objections(warnings=("it is paused: this will roll out once it is resumed",))
    return Objections(warnings=rollout_objections(sight).warnings)


def _tag(image: str) -> str:
    """Return the tag of an image; a port of its registry is none."""
    return image.rpartition("/")[2].partition(":")[2]
