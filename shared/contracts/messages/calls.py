"""What workers ask and say at the internal door: a claim, beats, a hello."""

import msgspec

from shared.contracts.action import ApprovedChange, CommandPayload, Expectation, KubernetesPayload
from shared.contracts.base import Contract


class Claim(Contract, frozen=True, kw_only=True):
    """A worker asks to begin (job, attempt). Answered with ``Claimed``, or refused with 409.

    ``task`` is the task it was handed; a job of another is not begun. Empty: it does not matter.
    """

    job_id: str
    attempt: int
    worker: str
    task: str = ""


class PreviewOrder(Contract, frozen=True, kw_only=True, tag="preview", tag_field="type"):
    """Say what this change would do."""

    payload: KubernetesPayload


class ExecuteOrder(Contract, frozen=True, kw_only=True, tag="execute", tag_field="type"):
    """Do what was approved, and nothing else; exactly one of ``change`` and ``command`` is set."""

    action_id: str
    change: ApprovedChange | None = None
    command: CommandPayload | None = None


class VerifyOrder(Contract, frozen=True, kw_only=True, tag="verify", tag_field="type"):
    """Look whether this is so."""

    expectation: Expectation


ActionOrder = PreviewOrder | ExecuteOrder | VerifyOrder


class Claimed(Contract, frozen=True, kw_only=True):
    """The job is the worker's for ``lease_seconds``; every beat renews it.

    ``order`` is what the actions worker is to do; other jobs have none.
    """

    token: str
    lease_seconds: float
    order: ActionOrder | None = None


class Beat(Contract, frozen=True, kw_only=True):
    """The worker is alive; ``progress`` is 0..1, or None where the worker cannot tell.

    ``output`` is the end of what a command put out so far, secrets taken out of it; ``done`` are the steps that were
    done outside, the newest last: what is known of them should the worker die.
    """

    token: str
    progress: float | None = None
    note: str = ""
    output: str = ""
    done: tuple[str, ...] = ()


class BeatAnswer(Contract, frozen=True, kw_only=True):
    """Go on, or stop: because someone cancelled the job (``is_cancelled``), or it is not this attempt's any more."""

    cancel: bool
    is_cancelled: bool = False


class Hello(Contract, frozen=True, kw_only=True):
    """What a worker says of itself when it starts, every few seconds after, and when it was told to stop.

    ``clusters`` are the names it can read (the actions worker: change) them by; a worker that reads none has none.
    ``runs_commands``: it has a policy for commands. ``is_leaving``: it takes no more work.
    """

    service: str
    worker: str
    version: str
    queues: tuple[str, ...]
    clusters: tuple[str, ...] = ()
    runs_commands: bool = False
    is_leaving: bool = False


decode_claim = msgspec.json.Decoder(Claim).decode
decode_beat = msgspec.json.Decoder(Beat).decode
decode_hello = msgspec.json.Decoder(Hello).decode
