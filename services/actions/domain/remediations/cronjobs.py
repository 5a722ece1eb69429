"""Suspend and unsuspend: whether a CronJob starts Jobs."""

from services.actions.domain.kinds import CRON_JOB
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations.rollouts import patch
from services.actions.domain.remediations.shape import Objections, Remediation, Sight, Undo, change_of, expect
from services.actions.domain.requests import Write
from shared.contracts.action import Expectation, ExpectationCheck, KubernetesVerb


class Suspend(Remediation):
    """Starts no more Jobs; those that run go on."""

    verb = KubernetesVerb.SUSPEND
    kinds = frozenset({CRON_JOB.name})
    risk = "low"
    fixed_paths = (("spec", "suspend"),)

    def objections(self, sight: Sight) -> Objections:
        if sight.object.at("spec", "suspend") is True:
            return Objections(warnings=("it is suspended already: nothing will change",))
        return Objections()

    def write(self, sight: Sight) -> Write:
        return patch(sight, {"spec": {"suspend": True}})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return change_of(sight, KubernetesVerb.UNSUSPEND), "unsuspend it"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect(sight, ExpectationCheck.FIELD, "it starts no Jobs", field="spec.suspend", value=True)


class Unsuspend(Remediation):
    """Starts Jobs by the schedule again."""

    verb = KubernetesVerb.UNSUSPEND
    kinds = frozenset({CRON_JOB.name})
    risk = "medium"
    # What it will run, and when, is what an approval is about.
    fixed_paths = (
        ("spec", "suspend"),
        ("spec", "schedule"),
        ("spec", "timeZone"),
        ("spec", "concurrencyPolicy"),
        ("spec", "startingDeadlineSeconds"),
        ("spec", "jobTemplate"),
    )

    def objections(self, sight: Sight) -> Objections:
        if sight.object.at("spec", "suspend") is not True:
            return Objections(warnings=("it is not suspended: nothing will change",))
        if sight.object.at("spec", "startingDeadlineSeconds") is None:
            # https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension
            return Objections(warnings=("it has no startingDeadlineSeconds: a run that was missed starts at once",))
        return Objections()

    def write(self, sight: Sight) -> Write:
        return patch(sight, {"spec": {"suspend": False}})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return change_of(sight, KubernetesVerb.SUSPEND), "suspend it again; Jobs that have started go on"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect(sight, ExpectationCheck.FIELD, "it starts Jobs", field="spec.suspend", value=False)
