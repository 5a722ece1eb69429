"""What the intake worker needs of the outside."""

from typing import Protocol

from shared.contracts.messages import Claim, Claimed, Results, ResultsRecorded


class Blobs(Protocol):
    """Bodies that were too big for a message."""

    def get_blob(self, digest: str) -> bytes:
        """Return the bytes; raise an ``AppError`` if they cannot be had."""
        ...


class Door(Blobs, Protocol):
    """The gateway's internal door, as far as intake uses it."""

    def claim(self, claim: Claim) -> Claimed | None:
        """Begin an attempt; None if it is not ours to begin."""
        ...

    def report(self, results: Results) -> ResultsRecorded:
        """Report results; they are on disk when this returns."""
        ...
