"""What reading one delivery gave."""

from typing import NamedTuple

from shared.contracts.signal import ChangeEvent, NormalisedSignal


class Normalised(NamedTuple):
    """The signals in the order of the body, what the reader should know, and how many the sender left out.

    ``changes`` are the change events of the body; a body without a signal and without one is not understood.
    """

    signals: tuple[NormalisedSignal, ...]
    warnings: tuple[str, ...] = ()
    truncated: int = 0
    changes: tuple[ChangeEvent, ...] = ()
