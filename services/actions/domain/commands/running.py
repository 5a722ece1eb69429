"""What running a command asks of the outside, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.actions.domain.commands.output import KeptOutput
from services.actions.domain.commands.policy import Allowed
from shared.contracts.command import CommandEnd


@dataclass(frozen=True, slots=True)
class ChildEnd:
    """How a child ended. ``reason`` says in words why it could not start, or what was lost."""

    ended_by: CommandEnd
    exit_code: int | None
    signal: int | None
    output: KeptOutput
    duration_ms: int
    reason: str = ""


class Child(Protocol):
    """Runs one program at a time in a process of its own."""

    def run(self, allowed: Allowed, on_output: Callable[[str], None], is_cancelled: Callable[[], bool]) -> ChildEnd:
        """Run exactly ``allowed.argv``, without a shell, with nothing of the caller's environment but what it grants.

        ``on_output`` gets what it puts out, redacted, piece by piece; ``is_cancelled`` is asked several times a
        second. When this returns, or raises what a callback raised, no process that the program started is left.
        """
        ...
