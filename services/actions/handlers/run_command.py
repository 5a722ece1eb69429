"""Run one approved command, if the policy of now allows it, and say what came of it."""

import hashlib
from collections.abc import Callable

import structlog

from services.actions.domain.commands.judge import judge
from services.actions.domain.commands.policy import CommandPolicy, Refused
from services.actions.domain.commands.running import Child, ChildEnd
from shared.contracts.action import CommandPayload
from shared.contracts.command import CommandEnd, CommandOutcome

log = structlog.get_logger(__name__)
_NO_OUTPUT = hashlib.sha256(b"").hexdigest()


def run_command(
    policy: CommandPolicy,
    payload: CommandPayload,
    child: Child,
    on_progress: Callable[[str], None],
    is_cancelled: Callable[[], bool],
) -> CommandOutcome:
    """Judge the command once more and run it; what the policy does not allow is ``refused``, whoever approved it.

    ``on_progress`` gets the output as it comes, redacted. Raises what the callbacks raise; nothing runs on then.
    Nothing of the command or its output is logged.
    """
    verdict = judge(policy, payload.argv, payload.target)
    if isinstance(verdict, Refused):
        return _refuse(verdict)
    if is_cancelled():
        return CommandOutcome(ended_by=CommandEnd.CANCELLED, digest=_NO_OUTPUT, reason="cancelled before it began")
    ended = child.run(verdict, on_progress, is_cancelled)
    log.info(
        "command ended", program=verdict.argv[0], ended_by=ended.ended_by, exit_code=ended.exit_code,
        duration_ms=ended.duration_ms, output_bytes=ended.output.length, redacted=ended.output.redacted,
    )  # fmt: skip
    return _tell(ended)


def _refuse(verdict: Refused) -> CommandOutcome:
    log.warning("command refused", code=verdict.code)
    return CommandOutcome(
        ended_by=CommandEnd.REFUSED,
        digest=_NO_OUTPUT,
        code=verdict.code,
        reason=verdict.reason,
        hint=verdict.hint,
    )


def _tell(ended: ChildEnd) -> CommandOutcome:
    return CommandOutcome(
        ended_by=ended.ended_by,
        exit_code=ended.exit_code,
        signal=ended.signal,
        output=ended.output.text,
        truncated=ended.output.is_truncated,
        length=ended.output.length,
        digest=ended.output.digest,
        redacted=ended.output.redacted,
        duration_ms=ended.duration_ms,
        code=ended.ended_by if ended.reason else "",
        reason=ended.reason,
    )
