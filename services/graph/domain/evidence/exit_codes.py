"""What the exit codes of containers mean."""

from dataclasses import dataclass

# signal(7), the numbers of x86 and ARM.
SIGNALS = {
    1: ("SIGHUP", "the terminal closed, or it was told to reload"),
    2: ("SIGINT", "it was interrupted"),
    3: ("SIGQUIT", "it was told to quit and dump"),
    4: ("SIGILL", "it ran an instruction this processor does not have: an image of another architecture"),
    5: ("SIGTRAP", "it hit a breakpoint"),
    6: ("SIGABRT", "it gave up on itself: an assertion or a failed allocation"),
    7: ("SIGBUS", "it used memory that is not there: often a full /dev/shm or a truncated file"),
    8: ("SIGFPE", "it divided by zero"),
    9: ("SIGKILL", "it was killed: for memory, or because it did not stop in time"),
    10: ("SIGUSR1", "a signal of the application's own"),
    11: ("SIGSEGV", "it used memory that is not its own: a defect in native code"),
    12: ("SIGUSR2", "a signal of the application's own"),
    13: ("SIGPIPE", "it wrote to a connection the other side had closed"),
    14: ("SIGALRM", "a timer of its own ended it"),
    15: ("SIGTERM", "it was told to stop"),
    24: ("SIGXCPU", "it used more CPU time than its limit"),
    25: ("SIGXFSZ", "it wrote a larger file than its limit"),
    31: ("SIGSYS", "a system call was refused: a seccomp profile"),
}
_KNOWN = {
    0: "it ended well; a container that is to run on must not end",
    1: "an error of the application, which its log should name",
    2: "wrong arguments or a misuse of the shell",
    125: "the container runtime could not start it",
    126: "the command was found but may not be executed",
    127: "the command or a library it needs was not found",
    128: "the container could not be started, or it ended with a code that is none",
    255: "an error of the application without a code of its own, or the node lost it",
}
# sysexits.h, which mail systems, Go and Python programs use.
_SYSEXITS = {
    64: "wrong usage",
    65: "wrong input data",
    66: "an input that cannot be opened",
    67: "an unknown user",
    68: "an unknown host",
    69: "a service it needs is not available",
    70: "an internal error",
    71: "an error of the operating system",
    72: "a system file that is missing",
    73: "an output that cannot be created",
    74: "an error of input or output",
    75: "a failure that may pass",
    76: "an error of a protocol",
    77: "a permission that is missing",
    78: "a wrong configuration",
}
_SIGNAL_BASE, _MOST_CODE = 128, 255


@dataclass(frozen=True, slots=True)
class ExitCode:
    """A code with what it says; ``signal`` is what ended the process, where one did."""

    code: int
    meaning: str
    signal: str = ""

    def __str__(self) -> str:
        """Return it for people: ``exit code 137 (SIGKILL): it was killed…``."""
        return f"exit code {self.code}{f' ({self.signal})' if self.signal else ''}: {self.meaning}"


def explain_exit(code: int, reason: str = "") -> ExitCode:
    """Explain an exit code. ``reason`` is the status's own word, which tells kills for memory from others."""
    if reason == "OOMKilled":
        return ExitCode(code, "the kernel killed it because it needed more memory than its limit", "SIGKILL")
    if code in _KNOWN:
        return ExitCode(code, _KNOWN[code])
    if code in _SYSEXITS:
        return ExitCode(code, f"{_SYSEXITS[code]}, by the convention of sysexits")
    if _SIGNAL_BASE < code < _MOST_CODE:
        name, meaning = SIGNALS.get(code - _SIGNAL_BASE, ("", ""))
        if name:
            return ExitCode(code, meaning, name)
        return ExitCode(code, f"it was ended by signal {code - _SIGNAL_BASE}", f"signal {code - _SIGNAL_BASE}")
    return ExitCode(code, "a code of the application's own")
