"""Restart, pause and resume: how a workload rolls out, without changing what it runs."""

from typing import Any

from services.actions.domain.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations.shape import Objections, Remediation, Sight, Undo, change_of, expect
from services.actions.domain.requests import Media, Method, Write
from shared.contracts.action import Expectation, ExpectationCheck, KubernetesVerb

# The annotation of `kubectl rollout restart`, so that both mean the same.
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
ROLLED = frozenset({DEPLOYMENT.name, STATEFUL_SET.name, DAEMON_SET.name})


class Restart(Remediation):
    """Writes the time of the restart, which was fixed when it was proposed, into the pod template."""

    verb = KubernetesVerb.RESTART
    kinds = ROLLED
    risk = "medium"
    fixed_paths = (
        ("spec", "template", "metadata", "annotations", RESTARTED_AT),
        ("spec", "paused"),
        ("spec", "updateStrategy", "type"),
        ("spec", "strategy", "type"),
    )

    def objections(self, sight: Sight) -> Objections:
        found = rollout_objections(sight)
        if sight.object.at(*self.fixed_paths[0]) == sight.parameters["restartedAt"]:
            return found + Objections(warnings=("it was restarted with this very time already: nothing will change",))
        return found

    def write(self, sight: Sight) -> Write:
        notes = {RESTARTED_AT: sight.parameters["restartedAt"]}
        return patch(sight, {"spec": {"template": {"metadata": {"annotations": notes}}}})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return None, "a restart is not undone; what runs is the same as before"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect_rollout(sight, after)


class Pause(Remediation):
    """Holds the rollout of a Deployment where it is."""

    verb = KubernetesVerb.PAUSE
    kinds = frozenset({DEPLOYMENT.name})
    risk = "low"
    fixed_paths = (("spec", "paused"),)

    def objections(self, sight: Sight) -> Objections:
        if is_paused(sight.object):
            return Objections(warnings=("it is paused already: nothing will change",))
        return Objections()

    def write(self, sight: Sight) -> Write:
        return patch(sight, {"spec": {"paused": True}})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return change_of(sight, KubernetesVerb.RESUME), "resume it"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect(sight, ExpectationCheck.FIELD, "its rollout is paused", field="spec.paused", value=True)


class Resume(Remediation):
    """Lets a paused Deployment roll out again."""

    verb = KubernetesVerb.RESUME
    kinds = frozenset({DEPLOYMENT.name})
    risk = "medium"
    # What was changed while it was paused rolls out now, so all of it is what an approval is about.
    fixed_paths = (("spec", "paused"), ("spec", "template"))

    def objections(self, sight: Sight) -> Objections:
        if not is_paused(sight.object):
            return Objections(warnings=("it is not paused: nothing will change",))
        return Objections(warnings=("what was changed of its pods while it was paused will roll out now",))

    def write(self, sight: Sight) -> Write:
        return patch(sight, {"spec": {"paused": None}})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return change_of(sight, KubernetesVerb.PAUSE), "pause it again; what has rolled out by then stays"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect_rollout(sight, after)


def is_paused(seen: KubeObject) -> bool:
    """Answer whether a Deployment's rollout is paused."""
    return seen.at("spec", "paused") is True


def rollout_objections(sight: Sight) -> Objections:
    """Return what stands against a change that is to roll out."""
    if is_paused(sight.object):
        text = f"is paused, so that a {sight.target.payload.verb} would not roll out: resume it first"
        return Objections(refused=(("payload.name", text),))
    if sight.object.at("spec", "updateStrategy", "type") == "OnDelete":
        return Objections(warnings=("its update strategy is OnDelete: pods change only when they are deleted",))
    return Objections()


def patch(sight: Sight, body: Any, media: Media = Media.STRATEGIC) -> Write:
    """Return a patch of the object of a sight."""
    payload = sight.target.payload
    return Write(
        method=Method.PATCH,
        kind=sight.target.kind,
        namespace=payload.namespace,
        name=payload.name,
        media=media,
        body=body,
    )


def expect_rollout(sight: Sight, after: KubeObject) -> Expectation:
    """Return that what was written rolls out to the end."""
    return expect(sight, ExpectationCheck.ROLLOUT, "its rollout is complete", generation=after.generation)
