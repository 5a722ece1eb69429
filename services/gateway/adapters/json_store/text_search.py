"""Which incidents hold a word: trigrams in SQLite, shorter words and words asked for lately in memory."""

import sqlite3
from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from services.gateway.adapters.json_store.grams import Grams, Mask

_SHORTEST_TRIGRAM = 3
_RECENT_WORDS = 256
# A multiple of eight, as ``Grams.load`` wants.
_LOAD_STEP = 2_048

_Bits = npt.NDArray[np.uint8]


class TextSearch:
    """Answers for every incident at once. Not thread-safe: the inbox's lock is held at every call.

    Pages, counts and polls ask for the same word again and again: the newest words keep their answer, which
    every change of an incident's text brings up to date.
    """

    def __init__(self) -> None:
        self._grams = Grams()
        self._recent: OrderedDict[str, _Bits] = OrderedDict()

    def load(self, connection: sqlite3.Connection) -> None:
        """Read all texts."""
        last = connection.execute("SELECT coalesce(max(number), 0) FROM inbox").fetchone()[0]
        for first in range(0, last + 1, _LOAD_STEP):
            texts = [b""] * _LOAD_STEP
            sql = "SELECT number, text FROM inbox WHERE number >= ? AND number < ?"
            for number, text in connection.execute(sql, (first, first + _LOAD_STEP)):
                texts[number - first] = text.encode()
            self._grams.load(first, texts)

    def put(self, number: int, text: str) -> None:
        """The text of an incident is another now; empty for one that is gone."""
        self._grams.put(number, text.encode())
        place, bit = number // 8, 1 << number % 8
        for word, known in self._recent.items():
            bits = known if place < len(known) else _resized(known, place * 2 + 1)
            bits[place] = bits[place] | bit if word in text else bits[place] & (0xFF - bit)
            self._recent[word] = bits

    def find(self, connection: sqlite3.Connection, word: str, size: int) -> Mask:
        """Return for the numbers below ``size`` whether their text holds ``word``; not to be written to."""
        short = self._grams.find(word.encode(), size)
        if short is not None:
            return short
        bits = self._recent.get(word)
        if bits is None:
            mask = np.zeros(size, np.bool_)
            mask[_search(connection, word)] = True
            bits = self._recent[word] = np.packbits(mask, bitorder="little")
            if len(self._recent) > _RECENT_WORDS:
                self._recent.popitem(last=False)
        self._recent.move_to_end(word)
        enough = bits if len(bits) * 8 >= size else _resized(bits, size // 8 + 1)
        return np.unpackbits(enough, count=size, bitorder="little").view(np.bool_)


def _resized(bits: _Bits, size: int) -> _Bits:
    larger = np.zeros(size, np.uint8)
    larger[: len(bits)] = bits
    return larger


def _search(connection: sqlite3.Connection, word: str) -> npt.NDArray[np.int64]:
    if len(word) >= _SHORTEST_TRIGRAM:
        quoted = '"' + word.replace('"', '""') + '"'
        # One text of all row ids is made in C; a row each would cost more than the search.
        sql = "SELECT group_concat(rowid) FROM inbox_text WHERE inbox_text MATCH ?"
        numbers = connection.execute(sql, (quoted,)).fetchone()[0]
    else:
        # One or two characters beyond ASCII: rare enough to look at every text.
        sql = "SELECT group_concat(number) FROM inbox WHERE instr(text, ?)"
        numbers = connection.execute(sql, (word,)).fetchone()[0]
    if not numbers:
        return np.zeros(0, np.int64)
    return np.asarray(np.fromstring(str(numbers), np.int64, sep=","))
