"""Previews, executes and verifies with the worker's own handlers, as its jobs do."""

from dataclasses import dataclass
from time import monotonic, sleep

from services.actions.handlers.execute import execute
from services.actions.handlers.preview import preview
from services.actions.handlers.verify import verify
from services.actions.ports import KubeClient
from shared.contracts.action import (
    ApprovedChange,
    ExecutionOutcome,
    Expectation,
    ExpectationCheck,
    KubernetesPayload,
    KubernetesVerb,
    PreviewOutcome,
    Verdict,
    VerdictState,
)
from tests.cluster_actions.stage import NAME, Stage

_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Doing:
    """One cluster, as the worker changes it."""

    client: KubeClient
    context: str
    seconds: float

    def change(self, stage: Stage, verb: KubernetesVerb, **parameters: object) -> KubernetesPayload:
        """Return a change of the Deployment of the stage."""
        return KubernetesPayload(
            verb=verb,
            context=self.context,
            namespace=stage.namespace,
            kind="Deployment",
            name=NAME,
            parameters=parameters,
        )

    def preview(self, payload: KubernetesPayload) -> PreviewOutcome:
        """Return what a change would do."""
        return preview(payload, self.client)

    def approve(self, payload: KubernetesPayload) -> ApprovedChange:
        """Return a change as people approve it: with the digest of what its preview was of."""
        shown = self.preview(payload)
        assert shown.no_preview is None, shown.no_preview
        assert shown.diff
        assert shown.target_digest
        return ApprovedChange(payload=payload, target_digest=shown.target_digest)

    def execute(self, approved: ApprovedChange) -> ExecutionOutcome:
        """Make an approved change."""
        return execute(approved, self.client, lambda _: None, lambda: False)

    def rollout_of(self, stage: Stage) -> Expectation:
        """Return that the Deployment of the stage is rolled out as it is now."""
        return Expectation(
            check=ExpectationCheck.ROLLOUT,
            context=self.context,
            namespace=stage.namespace,
            kind="Deployment",
            name=NAME,
        )

    def settle(self, expectation: Expectation | None) -> Verdict:
        """Look until the verdict is final or time is up; return the last one."""
        assert expectation is not None
        ends_at = monotonic() + self.seconds
        while (verdict := verify(expectation, self.client)).state is VerdictState.NOT_YET and monotonic() < ends_at:
            sleep(_PAUSE_SECONDS)
        return verdict
