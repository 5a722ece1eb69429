"""What came of a command."""

from enum import StrEnum

from shared.contracts.base import Contract


class CommandEnd(StrEnum):
    """How a command ended."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    # The policy refuses it, or it could not be started: nothing was run.
    REFUSED = "refused"


class CommandOutcome(Contract, frozen=True, kw_only=True):
    """What came of a command; ``output`` has secrets taken out, and its middle left out where it was too long."""

    ended_by: CommandEnd
    words: str = ""
    code: str = ""
    exit_code: int | None = None
    signal: int | None = None
    output: str = ""
    truncated: bool = False
    length: int = 0
    digest: str = ""
    redacted: int = 0
    duration_ms: int = 0
