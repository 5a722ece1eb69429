"""Which incidents have which services and labels: a pair of numbers for each, in memory."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from services.gateway.adapters.json_store.grams import Mask

Word = tuple[str | None, str]
"""A label's key and value; a service has no key."""

Counts = npt.NDArray[np.int64]
_Codes = npt.NDArray[np.int32]
_GROWTH = 4_096
_LEAST_DEAD = 4_096


class WordColumn:
    """Pairs of an incident's number and a word's code, those of one incident side by side. Not thread-safe.

    An incident whose words change gets new pairs at the end; the old ones are given the number 0, which no incident
    has, and go once half of all are such. Words nobody has any more go with them.
    """

    def __init__(self) -> None:
        self._code_of: dict[Word, int] = {}
        self.words: list[Word] = []
        self._key_code_of: dict[str | None, int] = {None: 0}
        self.keys: list[str | None] = [None]
        self._key_of = np.zeros(_GROWTH, np.int32)
        self._numbers = np.zeros(_GROWTH, np.int32)
        self._codes = np.zeros(_GROWTH, np.int32)
        self._used = self._dead = 0
        self._first = np.zeros(_GROWTH, np.int32)
        self._count = np.zeros(_GROWTH, np.int32)

    def put(self, number: int, words: Iterable[Word]) -> None:
        """Let an incident have these words, each once, and no others."""
        codes = [self._code(word) for word in words]
        if number >= len(self._first):
            self._first, self._count = _grown(self._first, number + 1), _grown(self._count, number + 1)
        first, count = int(self._first[number]), int(self._count[number])
        if self._codes[first : first + count].tolist() == codes:
            return
        self._numbers[first : first + count] = 0
        self._dead += count
        end = self._used + len(codes)
        if end > len(self._codes):
            self._numbers, self._codes = _grown(self._numbers, end), _grown(self._codes, end)
        self._numbers[self._used : end] = number
        self._codes[self._used : end] = codes
        self._first[number], self._count[number] = self._used, len(codes)
        self._used = end
        if self._dead > max(_LEAST_DEAD, self._used // 2):
            self._compact()

    def having(self, words: Iterable[Word], size: int) -> Mask:
        """Return for the numbers below ``size`` whether they have any of ``words``."""
        mask = np.zeros(size, np.bool_)
        codes = self._codes[: self._used]
        for word in words:
            code = self._code_of.get(word)
            if code is not None:
                mask[self._numbers[: self._used][codes == code]] = True
        mask[:1] = False
        return mask

    def pairs(self, mask: Mask) -> tuple[_Codes, _Codes]:
        """Return the numbers and codes of all pairs of the incidents in ``mask``."""
        chosen = np.flatnonzero(mask[self._numbers[: self._used]])
        return self._numbers[chosen], self._codes[chosen]

    def counts(self, mask: Mask) -> Counts:
        """Return for every code how many incidents in ``mask`` have its word."""
        return np.bincount(self.pairs(mask)[1], minlength=len(self.words))

    def key_codes(self) -> _Codes:
        """Return for every code the place of its word's key in ``keys``; 0 for services."""
        return self._key_of[: len(self.words)]

    def key_code(self, key: str) -> int:
        """Return the place of ``key`` in ``keys``; -1 if no word has it."""
        return self._key_code_of.get(key, -1)

    def _code(self, word: Word) -> int:
        code = self._code_of.get(word)
        if code is None:
            code = self._code_of[word] = len(self.words)
            self.words.append(word)
            if code >= len(self._key_of):
                self._key_of = _grown(self._key_of, code + 1)
            key = self._key_code_of.setdefault(word[0], len(self.keys))
            if key == len(self.keys):
                self.keys.append(word[0])
            self._key_of[code] = key
        return code

    def _compact(self) -> None:
        alive = np.flatnonzero(self._numbers[: self._used])
        numbers, codes = self._numbers[alive], self._codes[alive]
        kept, places = np.unique(codes, return_inverse=True)
        words = [self.words[code] for code in kept]
        starts = np.flatnonzero(np.diff(numbers, prepend=0))
        counts = np.diff(starts, append=len(numbers))
        self._code_of, self.words, self._key_code_of, self.keys = {}, [], {None: 0}, [None]
        for word in words:
            self._code(word)
        self._used, self._dead = len(numbers), 0
        self._numbers, self._codes = _grown(numbers, self._used), _grown(places.astype(np.int32), self._used)
        self._first = _grown(self._first, int(numbers.max(initial=0)) + 1)
        self._count = _grown(self._count, len(self._first))
        self._first[numbers[starts]], self._count[numbers[starts]] = starts, counts


def _grown(array: _Codes, size: int) -> _Codes:
    grown = np.zeros(max(size + _GROWTH, size + size // 2), np.int32)
    grown[: len(array)] = array
    return grown
