"""What reading one delivery gave."""

from typing import NamedTuple

from shared.contracts.signal import NormalisedSignal


class Normalised(NamedTuple):
    """The signals in the order of the body, what the reader should know, and how many the sender left out."""

    signals: tuple[NormalisedSignal, ...]
    warnings: tuple[str, ...] = ()
    truncated: int = 0
