"""Run commands by the policy that is in force when each begins."""

import hashlib
from collections.abc import Callable

from services.actions.domain.commands.policy import CommandPolicy
from services.actions.domain.commands.running import Child
from services.actions.handlers.run_command import run_command
from services.actions.ports import IsCancelled
from shared.contracts.action import CommandPayload
from shared.contracts.command import CommandEnd, CommandOutcome
from shared.errors import AppError


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
        except AppError as error:
            nothing = hashlib.sha256(b"").hexdigest()
            return CommandOutcome(
                ended_by=CommandEnd.REFUSED, digest=nothing, code=error.code, reason="The policy cannot be read."
            )
        return run_command(policy, command, self._child, on_output, is_cancelled)
