"""Decide what to do about a child process that ended: start it again, and when, or give up. Pure."""

import signal
from dataclasses import dataclass, replace

# How our services say, in the words of sysexits.h, that starting them again cannot help.
DAMAGED = 65
HOPELESS = {
    DAMAGED: "its data is damaged",
    75: "another process owns the data folder",
    78: "its settings are not usable",
}


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How patient the supervisor is. Delays double from ``first_seconds`` to ``most_seconds``, less jitter.

    Only runs shorter than ``short_seconds`` double the delay; one of at least ``healthy_seconds`` resets it. So
    a crash loop slows down, while a process that is killed once in a while is back at once.
    """

    first_seconds: float = 0.2
    most_seconds: float = 30.0
    jitter: float = 0.2
    short_seconds: float = 5.0
    healthy_seconds: float = 60.0
    attempts_to_start: int = 3


@dataclass(frozen=True, slots=True)
class History:
    """What is remembered of a child: ``doublings`` of its delay, and exits of its own doing before it was ever up."""

    doublings: int = 0
    failed_starts: int = 0
    was_up: bool = False
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Exit:
    """How a run ended. ``code`` is negative for a signal, as ``subprocess`` has it."""

    code: int
    ran_seconds: float
    was_ready: bool


@dataclass(frozen=True, slots=True)
class Restart:
    """Start it again after ``delay_seconds``."""

    delay_seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It cannot start; ``reason`` says so in a few words."""

    reason: str


def decide(
    ended: Exit, history: History, policy: RestartPolicy, *, essential: bool, chance: float
) -> tuple[Restart | GiveUp, History]:
    """Return what to do about ``ended``, and the history from here on. ``chance`` in 0..1 makes the jitter.

    We give up only on an essential child that never was up: at once when it says that there is no hope, else
    after ``attempts_to_start`` exits of its own doing. A kill is not its own doing.
    """
    was_up = history.was_up or ended.was_ready
    own_doing = ended.code >= 0
    history = replace(history, was_up=was_up, failed_starts=0 if was_up else history.failed_starts + int(own_doing))
    if essential and not was_up:
        if ended.code in HOPELESS:
            return GiveUp(HOPELESS[ended.code]), history
        if history.failed_starts >= policy.attempts_to_start:
            return GiveUp(f"it ended {history.failed_starts} times without ever being up"), history
    history = _age(history, ended.ran_seconds, policy)
    delay = min(policy.most_seconds, policy.first_seconds * 2.0**history.doublings)
    history = replace(history, doublings=_next_doublings(history, policy), restarts=history.restarts + 1)
    return Restart(delay * (1 - policy.jitter * chance)), history


def _age(history: History, ran_seconds: float, policy: RestartPolicy) -> History:
    if ran_seconds >= policy.healthy_seconds:
        return replace(history, doublings=0)
    if ran_seconds >= policy.short_seconds:
        return replace(history, doublings=max(0, history.doublings - 1))
    return history


def _next_doublings(history: History, policy: RestartPolicy) -> int:
    # Bounded, so that the power cannot overflow however long a crash loop lasts.
    at_most = policy.first_seconds * 2.0**history.doublings >= policy.most_seconds
    return history.doublings if at_most else history.doublings + 1


def describe_exit(code: int) -> str:
    """Word an exit code: ``exit code 1`` or ``killed by SIGKILL``."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
