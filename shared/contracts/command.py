"""What came of a command that was to run."""

from enum import StrEnum
from typing import Literal

import msgspec

from shared.contracts.base import Contract


class CommandEnd(StrEnum):
    """How a command ended. Only ``exited`` says what it did by itself."""

    # The policy does not allow it; nothing ran.
    REFUSED = "refused"
    # It is allowed, and could not be started; nothing ran.
    NOT_STARTED = "not_started"
    EXITED = "exited"
    # A signal that the worker did not send.
    SIGNALLED = "signalled"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    # It put out more than is read of any.
    FLOODED = "flooded"
    # Who watched it was lost: how far it got is not known, and nothing of it is known to run on.
    LOST = "lost"


class CommandOutcome(Contract, frozen=True, kw_only=True):
    """What came of a command.

    ``exit_code`` and ``signal`` are of the program itself; both are None where it never ended by itself or never ran.
    ``output`` is what it put out on both streams in its order, redacted; of a long one the first and the last part
    (``truncated``). ``length`` (bytes of UTF-8) and ``digest`` (SHA-256, hex) are of all of it, as redacted. Never of
    what it put out indeed: a digest would let everyone check guesses of a secret. ``redacted`` counts what was taken
    out. ``code``, ``reason`` and ``hint`` say why it did not run; no value of the command is repeated in them.
    """

    ended_by: CommandEnd
    exit_code: int | None = None
    signal: int | None = None
    output: str = ""
    truncated: bool = False
    length: int = 0
    digest: str
    redacted: int = 0
    duration_ms: int = 0
    code: str = ""
    reason: str = ""
    hint: str = ""
    schema_version: Literal[1] = 1

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself, and well."""
        return self.ended_by is CommandEnd.EXITED and self.exit_code == 0


encode_command_outcome = msgspec.json.Encoder().encode
decode_command_outcome = msgspec.json.Decoder(CommandOutcome).decode
