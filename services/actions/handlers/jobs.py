"""Do one job of the actions queue: claim it, do what the gateway orders, and report truly what came of it."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from services.actions.domain.commands.file_checks import LONGEST_SECONDS
from services.actions.handlers.execute import execute
from services.actions.handlers.preview import preview
from services.actions.handlers.verify import verify
from services.actions.ports import ClusterBook, CommandRunner, Door, Pace, Pulse
from shared.contracts.action import ApprovedChange, CommandPayload, ExecutionOutcome, ExecutionState, StepsDone
from shared.contracts.command import CommandEnd, CommandOutcome
from shared.contracts.messages import (
    ActionDone,
    ActionJob,
    ActionPreviewed,
    ActionVerified,
    Claim,
    Claimed,
    ExecuteOrder,
    JobFailed,
    JobResult,
    PreviewOrder,
    Results,
    VerifyOrder,
)
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION, VERIFY_ACTION
from shared.errors import AppError
from shared.remediation_parameters import MOST_DRAIN_SECONDS

log = structlog.get_logger(__name__)
_ERROR_LENGTH = 2_000
# The longest an order may take by what it says itself: a drain, or a command.
MOST_SECONDS = max(MOST_DRAIN_SECONDS, LONGEST_SECONDS)
Beating = Callable[[Claimed], AbstractContextManager[Pulse]]
# Which order goes with which task: a worker that is handed another does nothing.
_ORDERS = {PREVIEW_ACTION: PreviewOrder, EXECUTE_ACTION: ExecuteOrder, VERIFY_ACTION: VerifyOrder}


class ActionJobs:
    """Does jobs with the clusters and the command runner it is given; without a runner no command is run."""

    def __init__(
        self, clusters: ClusterBook, commands: CommandRunner | None, *, worker: str, pace: Pace | None = None
    ) -> None:
        self._clusters, self._commands, self._worker, self._pace = clusters, commands, worker, pace

    def do(self, task: str, message: ActionJob, door: Door, beating: Beating) -> None:
        """Claim the job, do what the claim's answer orders, and report. What is refused or not wanted is left alone.

        Raises ``AppError`` if the door cannot be reached: the lease then ends the attempt, and an execution as
        unknown.
        """
        claimed = door.claim(Claim(job_id=message.job_id, attempt=message.attempt, worker=self._worker, task=task))
        if claimed is None:
            return
        with beating(claimed) as pulse:
            result = self._follow(task, message, claimed, pulse)
        door.report(Results(results=(result,)))

    def _follow(self, task: str, message: ActionJob, claimed: Claimed, pulse: Pulse) -> JobResult:
        order = claimed.order
        if not isinstance(order, _ORDERS[task]):
            return _failed(message, "the gateway gave no order that goes with this task; nothing was done")
        if isinstance(order, ExecuteOrder):
            return self._execute(message, order, pulse)
        try:
            return self._look(message, order)
        except AppError as error:
            return _failed(message, f"{error.code}: {error.detail}")
        except Exception as error:
            # The last line: a defect of ours must cost its own job only. Nothing was changed.
            log.exception("a job could not be done", job_id=message.job_id)
            return _failed(message, f"the worker failed: {type(error).__name__}")

    def _look(self, message: ActionJob, order: PreviewOrder | VerifyOrder) -> JobResult:
        job_id, attempt = message.job_id, message.attempt
        if isinstance(order, PreviewOrder):
            with self._clusters.opened(order.payload.context) as cluster:
                return ActionPreviewed(job_id=job_id, attempt=attempt, outcome=preview(order.payload, cluster))
        with self._clusters.opened(order.expectation.context) as cluster:
            return ActionVerified(job_id=job_id, attempt=attempt, verdict=verify(order.expectation, cluster))

    def _execute(self, message: ActionJob, order: ExecuteOrder, pulse: Pulse) -> JobResult:
        job_id, attempt = message.job_id, message.attempt
        if order.change is not None:
            return ActionDone(job_id=job_id, attempt=attempt, change=self._change(order.change, job_id, pulse))
        if order.command is None:
            return _failed(message, "the order holds neither a change nor a command; nothing was done")
        return ActionDone(job_id=job_id, attempt=attempt, command=self._run(order.command, job_id, pulse))

    def _run(self, command: CommandPayload, job_id: str, pulse: Pulse) -> CommandOutcome:
        """Run a command. Of a defect of ours it is not known how far the command came; nothing of it runs on."""
        nothing = hashlib.sha256(b"").hexdigest()
        if self._commands is None:
            return CommandOutcome(
                ended_by=CommandEnd.REFUSED, digest=nothing, code="no_commands", reason="This worker runs none."
            )
        try:
            return self._commands.run(command, pulse.show, lambda: pulse.is_stopped)
        except Exception as error:
            log.exception("a command broke off", job_id=job_id)
            reason = f"The worker failed: {type(error).__name__}."
            return CommandOutcome(ended_by=CommandEnd.LOST, digest=nothing, code="worker_failed", reason=reason)

    def _change(self, approved: ApprovedChange, job_id: str, pulse: Pulse) -> ExecutionOutcome:
        """Make a change. A defect of ours leaves an end that is not known, unless nothing can have been sent yet."""
        step = _Steps(pulse)
        try:
            with self._clusters.opened(approved.payload.context) as cluster:
                return execute(approved, cluster, step, lambda: pulse.is_stopped, self._pace)
        except AppError as error:
            words = f"{error.detail}; nothing was done"
            return ExecutionOutcome(state=ExecutionState.FAILED, words=words, code=error.code)
        except Exception as error:
            log.exception("an execution broke off", job_id=job_id)
            return step.broken_off(error)


class _Steps:
    """Remembers the step that was begun last, and tells the gateway."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._last: StepsDone | None = None

    def __call__(self, steps: StepsDone) -> None:
        self._last = steps
        self._pulse.say(len(steps.done) / steps.total if steps.total else None, steps.doing, steps.done)

    def broken_off(self, error: Exception) -> ExecutionOutcome:
        words = f"the worker failed: {type(error).__name__}"
        if self._last is None:
            return ExecutionOutcome(
                state=ExecutionState.FAILED, words=f"{words}; nothing was done", code="worker_failed"
            )
        return ExecutionOutcome(
            state=ExecutionState.UNKNOWN,
            words=f"{words} at: {self._last.doing}; whether that was done is not known",
            code="worker_failed",
            done=self._last.done,
        )


def _failed(message: ActionJob, error: str) -> JobFailed:
    return JobFailed(job_id=message.job_id, attempt=message.attempt, error=error[:_ERROR_LENGTH], retryable=False)
