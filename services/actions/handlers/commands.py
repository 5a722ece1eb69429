"""Run commands by the policy that is in force when each begins."""

import hashlib
from collections.abc import Callable

import structlog

from services.actions.domain.commands.file import PolicyInvalid
from services.actions.domain.commands.policy import CommandPolicy
from services.actions.domain.commands.running import Child
from services.actions.handlers.run_command import run_command
from services.actions.ports import IsCancelled
from shared.contracts.action import CommandPayload
from shared.contracts.command import CommandEnd, CommandOutcome

log = structlog.get_logger(__name__)
_UNUSABLE = "policy_unusable"


class PolicedCommands:
    """Reads the policy anew for each command, so that a stricter one holds at once and a broken one allows nothing."""

    def __init__(self, read: Callable[[], CommandPolicy], child: Child) -> None:
        self._read, self._child = read, child

    def run(
        self, command: CommandPayload, on_output: Callable[[str], None], is_cancelled: IsCancelled
    ) -> CommandOutcome:
        """Run ``command`` if the policy of now allows it. Raises what ``on_output`` and ``is_cancelled`` raise."""
        try:
            policy = self._read()
        except PolicyInvalid:
            log.exception("the policy of commands cannot be used")
            nothing = hashlib.sha256(b"").hexdigest()
            return CommandOutcome(
                ended_by=CommandEnd.REFUSED, digest=nothing, code=_UNUSABLE, reason="The policy cannot be read."
            )
        return run_command(policy, command, self._child, on_output, is_cancelled)
