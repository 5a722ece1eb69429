"""Which incidents hold a given one or two characters: what a trigram index cannot answer, as bits in memory."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

_ASCII = 128
_PAIRS = _ASCII * _ASCII
_ROWS, _WIDTH = 256, 512
_LONGEST = 2


class Grams:
    """A row of bits for every character and every pair of them that occurs; a bit for every incident's number.

    ASCII without white space: a handful of thousand rows at most, 12.5 kB each for 100,000 incidents.
    Not thread-safe.
    """

    def __init__(self) -> None:
        self._row_of: npt.NDArray[np.int32] = np.full(_PAIRS + _ASCII, -1, np.int32)
        self._rows = 0
        self._bits = np.zeros((_ROWS, _WIDTH), np.uint8)

    def load(self, first: int, texts: list[bytes]) -> None:
        """Set the bits of incidents ``first``, ``first`` + 1, … at once; ``first`` is a multiple of eight."""
        joined = np.frombuffer(b"\n".join(texts), np.uint8)
        # The line feed between two texts is white space: no pair reaches over it.
        text_of = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])[: len(joined)]
        codes, at = _codes(joined)
        self._reserve(np.unique(codes), first + len(texts))
        found = np.zeros((self._rows, -(-len(texts) // 8) * 8), np.bool_)
        found[self._row_of[codes], text_of[at]] = True
        packed = np.packbits(found, axis=1, bitorder="little")
        self._bits[: self._rows, first // 8 : first // 8 + packed.shape[1]] = packed

    def put(self, number: int, text: bytes) -> None:
        """Replace the bits of one incident."""
        codes = np.unique(_codes(np.frombuffer(text, np.uint8))[0])
        self._reserve(codes, number + 1)
        column = self._bits[: self._rows, number // 8]
        bit = np.uint8(1 << (number % 8))
        column &= ~bit
        column[self._row_of[codes]] |= bit

    def find(self, word: bytes, size: int) -> Mask | None:
        """Return which of the first ``size`` numbers hold ``word``; None if this index cannot answer."""
        if not 0 < len(word) <= _LONGEST or max(word) >= _ASCII:
            return None
        row = self._row_of[word[0] * _ASCII + word[1] if len(word) == _LONGEST else _PAIRS + word[0]]
        mask = np.zeros(size, np.bool_)
        if row >= 0:
            known = np.unpackbits(self._bits[row], bitorder="little")[:size]
            mask[: len(known)] = known
        return mask

    def _reserve(self, codes: npt.NDArray[np.int64], size: int) -> None:
        new = codes[self._row_of[codes] < 0]
        self._row_of[new] = np.arange(self._rows, self._rows + len(new))
        self._rows += len(new)
        rows, width = self._bits.shape
        if self._rows > rows or size > width * 8:
            # Untouched zeros cost no memory, so rows may grow by doubling; every column is touched.
            rows = max(self._rows, rows * 2) if self._rows > rows else rows
            width = size // 8 + width // 8 + 1 if size > width * 8 else width
            bits = np.zeros((rows, width), np.uint8)
            bits[: self._bits.shape[0], : self._bits.shape[1]] = self._bits
            self._bits = bits


def _codes(text: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the code of every character and pair in ``text``, and where each begins."""
    wide = text.astype(np.int64)
    usable = (wide > ord(" ")) & (wide < _ASCII)
    single = np.flatnonzero(usable)
    pair = np.flatnonzero(usable[:-1] & usable[1:])
    codes = np.concatenate((wide[single] + _PAIRS, wide[pair] * _ASCII + wide[pair + 1]))
    return codes, np.concatenate((single, pair))
