"""Whether a worker was told to stop, as the processes of its pool see it, which get no signal of their own."""

import mmap


class Ending:
    """A word from the main process to those it forks later, by memory they share. Made before the first is forked."""

    def __init__(self) -> None:
        # A byte, and no lock: it is only ever set, and a signal's handler may wait for nothing.
        self._word = mmap.mmap(-1, 1)

    def begin(self) -> None:
        """Say that the worker was told to stop: it takes nothing new, and finishes what it has in hand."""
        self._word[0] = 1

    @property
    def has_begun(self) -> bool:
        """Answer whether it was told to."""
        return self._word[0] == 1
