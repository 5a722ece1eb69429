"""Ready lines of the inbox in memory, those used last; the others are fetched, all of a page in one step."""

import sqlite3
from collections import OrderedDict

import msgspec

_MOST_BYTES = 16 << 20
# What a line takes beside its text.
_LINE_COST = 200
# A longer page is somebody's way through all of them, and would drive out what people look at.
_LONGEST_PAGE = 200
# One row, for at each row Python's sqlite3 lets other threads in; JSON has no raw line feed.
_FETCH = """
SELECT group_concat(number || ' ' || CAST(summary AS TEXT), char(10)) FROM inbox
WHERE number IN (SELECT value FROM json_each(?))
"""


class SummaryCache:
    """Lines by number. Not thread-safe: the inbox's lock is held at every call."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._lines: OrderedDict[int, bytes] = OrderedDict()
        self._bytes = 0
        self._most_bytes = most_bytes

    def put(self, number: int, line: bytes) -> None:
        """Let the line of an incident be another."""
        self.forget(number)
        self._lines[number] = line
        self._bytes += len(line) + _LINE_COST
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._lines.popitem(last=False)[1]) + _LINE_COST

    def forget(self, number: int) -> None:
        """There is no such incident any more."""
        line = self._lines.pop(number, None)
        if line is not None:
            self._bytes -= len(line) + _LINE_COST

    def find_all(self, connection: sqlite3.Connection, numbers: list[int]) -> list[bytes]:
        """Return the lines of incidents that the tables hold, in the order asked for."""
        found = {}
        for number in numbers:
            line = self._lines.get(number)
            if line is not None:
                self._lines.move_to_end(number)
                found[number] = line
        missing = [number for number in numbers if number not in found]
        if missing:
            fetched = _fetch(connection, missing)
            found |= fetched
            if len(numbers) <= _LONGEST_PAGE:
                for number, line in fetched.items():
                    self.put(number, line)
        return [found[number] for number in numbers]


def _fetch(connection: sqlite3.Connection, numbers: list[int]) -> dict[int, bytes]:
    rows = connection.execute(_FETCH, (msgspec.json.encode(numbers).decode(),)).fetchone()[0].split("\n")
    parts = (row.partition(" ") for row in rows)
    return {int(number): line.encode() for number, _, line in parts}
