"""How a commit is written down: one line, with a checksum, that a person can read and grep.

``<crc32> <group> <seq> <time>⇥<kind>:<id>⇥<json>⇥<kind>:<id>⇥<json>…⏎``: ``group`` is where in the segment the
write this line belongs to began, so a damaged line that a later write follows is known to be damage and not a
torn tail. JSON never holds a raw tab or line feed; ids are escaped. ``-`` instead of JSON deletes the record.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from services.gateway.adapters.transaction import Key

FORMAT = 1
DELETED = b"-"
_CRC_LENGTH = 8
_UNSAFE = str.maketrans({"%": "%25", "\t": "%09", "\n": "%0A", "\r": "%0D"})
_SAFE = (("%0D", "\r"), ("%0A", "\n"), ("%09", "\t"), ("%25", "%"))


class LineDamaged(Exception):
    """These bytes are not a whole line as it was written."""


class SegmentHeader(msgspec.Struct, frozen=True, rename="camel"):
    """The first line of a segment. ``previous_end`` is where the segment before it validly ends."""

    format: int
    store: str
    segment: int
    first_seq: int
    previous_end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One record in a line: where its JSON stands in the segment; ``body`` is None for a deletion."""

    key: Key
    body: bytes | None
    offset: int


@dataclass(frozen=True, slots=True)
class Line:
    """One commit as read back: ``start`` and ``end`` are its place in the segment."""

    seq: int
    at: datetime
    group: int
    entries: list[Entry]
    start: int
    end: int


def write_key(key: Key) -> bytes:
    """Return ``kind:id`` with the characters that would break a line escaped."""
    record_id = key[1]
    if not record_id.isprintable() or "%" in record_id:
        record_id = record_id.translate(_UNSAFE)
    return f"{key[0]}:{record_id}".encode()


def _read_key(raw: bytes) -> Key:
    kind, _, record_id = raw.decode().partition(":")
    if "%" in record_id:
        for escaped, plain in _SAFE:
            record_id = record_id.replace(escaped, plain)
    return kind, record_id


def write_line(
    seq: int, at: datetime, changes: Iterable[tuple[Key, bytes | None]], group: int
) -> tuple[bytes, list[int]]:
    """Return the line and, for each change, the offset of its JSON within the line (of its ``-`` if deleted)."""
    parts = [f"{group} {seq} {at.isoformat()}".encode()]
    # After the checksum and a space.
    position = _CRC_LENGTH + 1 + len(parts[0])
    offsets = []
    for key, body in changes:
        name = write_key(key)
        content = DELETED if body is None else body
        position += 1 + len(name) + 1
        offsets.append(position)
        position += len(content)
        parts += (name, content)
    rest = b"\t".join(parts)
    return b"%08x %b\n" % (zlib.crc32(rest), rest), offsets


class _BaseEnd(msgspec.Struct, frozen=True):
    lines: int


def write_base_end(lines: int) -> bytes:
    """Return the last line of a base, which says how many lines stand between it and the first."""
    rest = msgspec.json.encode(_BaseEnd(lines))
    return b"%08x %b\n" % (zlib.crc32(rest), rest)


def read_base_end(tail: bytes, size: int) -> tuple[int, int]:
    """Return what the last line of a base of ``size`` bytes says, and where that line begins."""
    start = tail.rfind(b"\n", 0, -1) + 1
    try:
        if not tail.endswith(b"\n"):
            raise LineDamaged("it does not end with a whole line")
        end = msgspec.json.decode(_checked(tail[start:-1]), type=_BaseEnd)
    except msgspec.MsgspecError as error:
        raise LineDamaged("its last lines are missing") from error
    return end.lines, size - len(tail) + start


def write_header(header: SegmentHeader) -> bytes:
    """Return the first line of a segment."""
    rest = msgspec.json.encode(header)
    return b"%08x %b\n" % (zlib.crc32(rest), rest)


def read_header(content: bytes) -> tuple[SegmentHeader, int]:
    """Return the header and where the commits begin; raise ``LineDamaged``."""
    end = content.find(b"\n")
    try:
        header = msgspec.json.decode(_checked(content[:end]) if end >= 0 else b"", type=SegmentHeader)
    except msgspec.MsgspecError as error:
        raise LineDamaged("the first line of the segment is not whole") from error
    return header, end + 1


def read_lines(content: bytes, start: int, end: int | None = None, shift: int = 0) -> Iterator[Line]:
    """Yield the commits from ``start``; raise ``LineDamaged`` at the first that is not as it was written.

    ``shift`` is where ``content`` begins in its segment, when it is only a piece of it.
    """
    limit = len(content) if end is None else end
    while start < limit:
        stop = content.find(b"\n", start, limit)
        if stop < 0:
            raise LineDamaged("the line does not end")
        yield read_line(content[start:stop], start + shift)
        start = stop + 1


def read_line(raw: bytes, start: int) -> Line:
    """Return the commit in ``raw`` (without its line feed), which stands at ``start``."""
    rest = _checked(raw)
    fields = rest.split(b"\t")
    try:
        group, seq, at = fields[0].split(b" ")
        position = start + _CRC_LENGTH + 1 + len(fields[0])
        entries = []
        for name, content in zip(fields[1::2], fields[2::2], strict=True):
            position += 1 + len(name) + 1
            entries.append(Entry(_read_key(name), None if content == DELETED else content, position))
            position += len(content)
        return Line(int(seq), datetime.fromisoformat(at.decode()), int(group), entries, start, start + len(raw) + 1)
    except ValueError as error:
        raise LineDamaged("the line is not in the format of this version") from error


def _checked(raw: bytes) -> bytes:
    rest = raw[_CRC_LENGTH + 1 :]
    if raw[: _CRC_LENGTH + 1] != b"%08x " % zlib.crc32(rest):
        raise LineDamaged("the checksum does not match")
    return rest


def acknowledged_after(content: bytes, damage: int) -> bool:
    """Answer whether a whole line after ``damage`` belongs to a later write.

    If so, the damaged bytes had been made durable before that write began: they are damage, not a torn tail.
    """
    start = content.find(b"\n", damage) + 1
    while 0 < start < len(content):
        stop = content.find(b"\n", start)
        if stop < 0:
            return False
        try:
            if read_line(content[start:stop], start).group > damage:
                return True
        except LineDamaged:
            pass
        start = stop + 1
    return False
