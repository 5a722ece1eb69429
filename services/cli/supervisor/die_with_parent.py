"""Become the given command, which the kernel kills as soon as its parent is gone.

Run as ``python -m services.cli.supervisor.die_with_parent PARENT_PID COMMAND…``. A wrapper and not a
``preexec_fn``, which is unsafe beside threads. The mark survives ``exec`` but is not handed on to children.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_CANNOT_RUN = 127


def main(arguments: list[str]) -> None:
    """Replace this process; exit 127 if the command cannot be run, as a shell does."""
    parent, command = int(arguments[0]), arguments[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    # The parent may have died before the mark was set: then nobody would ever send the signal.
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is the point.
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(_CANNOT_RUN)


if __name__ == "__main__":
    main(sys.argv[1:])
