"""What the exit code of every ``faultline`` command means; ``docs/cli.md`` repeats the table."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Frozen once released: scripts branch on these."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_AUTHORISED = 4
    NOT_FOUND = 5
    DAMAGED = 6
