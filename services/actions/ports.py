"""What the actions worker needs of the outside: one API server to read and write, and the passing of time."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Protocol

from services.actions.domain.kinds import Kind
from services.actions.domain.objects import KubeObject
from services.actions.domain.requests import Write
from shared.contracts.action import CommandPayload, StepsDone
from shared.contracts.command import CommandOutcome
from shared.contracts.messages import Claim, Claimed, Results, ResultsRecorded

OnProgress = Callable[[StepsDone], None]
IsCancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind: of one namespace or all, by labels and fields as the server writes selectors."""

    kind: Kind
    namespace: str | None = None
    labels: str = ""
    fields: str = ""


class KubeClient(Protocol):
    """One API server, as one account. Every method is bounded in time and size, and raises ``KubeError`` alone.

    Reads may be tried again; a write is sent at most once for each call, but for credentials that the server refused.
    """

    def find_kind(self, text: str) -> Kind | None:
        """Return the kind that ``text`` names, built in or served by this server; None where there is none."""
        ...

    def read(self, kind: Kind, namespace: str | None, name: str) -> KubeObject:
        """Return an object. Raises ``TargetNotFound`` where there is none."""
        ...

    def list(self, selection: Selection) -> tuple[KubeObject, ...]:
        """Return all objects of a selection. Raises ``Unreadable`` where there are more than may be looked at."""
        ...

    def write(self, write: Write, *, dry_run: bool) -> KubeObject:
        """Make a change, or with ``dry_run`` only learn what it would do; return the object after it.

        What is deleted or evicted returns an object that does not exist. Raises ``CutOff``, and nothing else, where
        it is not known whether the change was made.
        """
        ...


class ClusterBook(Protocol):
    """The clusters that may be changed, by name."""

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted. Raises ``NoCluster`` where they cannot be known."""
        ...

    def opened(self, name: str) -> AbstractContextManager[KubeClient]:
        """Open one for a block. Raises ``NoCluster``."""
        ...


class CommandRunner(Protocol):
    """Runs what its policy allows, and nothing else."""

    def run(
        self, command: CommandPayload, on_output: Callable[[str], None], is_cancelled: IsCancelled
    ) -> CommandOutcome:
        """Run ``command`` if the policy of now allows it. Raises nothing: the outcome says what came of it."""
        ...


class Door(Protocol):
    """The gateway's internal door, as far as this worker uses it."""

    def claim(self, claim: Claim) -> Claimed | None:
        """Begin an attempt; None if it is not ours to begin, or must not be done."""
        ...

    def report(self, results: Results) -> ResultsRecorded:
        """Report results; they are on disk when this returns."""
        ...


class Pulse(Protocol):
    """Keeps a claimed attempt alive, and knows whether it is still wanted."""

    @property
    def is_stopped(self) -> bool:
        """Answer whether the job is not wanted any more."""
        ...

    def say(self, share: float | None, note: str, done: tuple[str, ...] = ()) -> None:
        """Say how far the work is, and which steps are done: the gateway tells that if this worker dies."""
        ...

    def show(self, output: str) -> None:
        """Add to what a command has put out."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How time passes: ``clock`` in seconds, ``pause`` waits so many; ``is_ending`` says that the worker must stop."""

    clock: Callable[[], float] = monotonic
    pause: Callable[[float], None] = sleep
    is_ending: Callable[[], bool] = lambda: False
