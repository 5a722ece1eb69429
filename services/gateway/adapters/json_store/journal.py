"""The journal: numbered segments of commits, appended and synced in groups; the truth of the JSON store."""

import contextlib
import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from services.gateway.adapters.json_store.files import Files, WritableFile
from services.gateway.adapters.json_store.lines import (
    FORMAT,
    Line,
    LineDamaged,
    SegmentHeader,
    acknowledged_after,
    read_base_end,
    read_header,
    read_lines,
    write_base_end,
    write_header,
)
from services.gateway.adapters.json_store.segments import (
    BASE_SUFFIX,
    SUFFIX,
    UNFINISHED,
    Segment,
    find_leftovers,
    survey,
)
from services.gateway.errors import StoreDamaged, StoreFull, StoreUnavailable

log = structlog.get_logger(__name__)

SEGMENT_BYTES = 16 << 20
_HEADER_BYTES = 4096
# Larger than the largest line of a base, which holds one record.
_PIECE_BYTES = 64 << 20
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SegmentGone(StoreDamaged):
    """The segment was replaced by a base since the index was asked; asking again finds the record there."""


class Journal:
    """Appends groups of lines durably and reads lines back. One thread appends; any may read.

    Opening never writes: a torn tail stays where it is until the header of the next segment says where the
    segment before it validly ended. So a refused or half-written commit can never come back.
    """

    def __init__(self, files: Files, folder: Path, store_id: str, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._files = files
        self._folder = folder
        self._store_id = store_id
        self._segment_bytes = segment_bytes
        self._file: WritableFile | None = None
        self._end = 0
        self.base, self.segments = survey(files, folder)
        self._paths = {segment.location: segment.path for segment in self._all()}
        self._previous_end = 0
        # Guards the list of segments: compaction shortens it while the committer makes it longer.
        self._lock = threading.Lock()
        self.last_seq = 0
        self.problem: str | None = None

    # --- reading ---------------------------------------------------------------------------------

    def replay(self, after: tuple[int, int] | None = None) -> Iterator[tuple[Segment, Line]]:
        """Yield every commit of the log segments, in order; with ``after`` only those past that place.

        ``after`` is (segment number, end offset of the last commit known). Raises ``StoreDamaged`` naming
        the file. Must be read to its end before the first append: it finds where the journal ends.
        """
        self.last_seq = seq = self._base_seq()
        segments = [s for s in self.segments if after is None or s.number >= after[0]]
        for segment in segments:
            is_last = segment is self.segments[-1]
            content = self._files.read(segment.path)
            header, start = self._header(segment, content)
            if header.first_seq != seq + 1 and not (after is not None and segment is segments[0]):
                raise StoreDamaged(f"{segment.path} begins with commit {header.first_seq}; {seq + 1} is missing")
            end = None if is_last else self._previous_end_said_by(self._next(segment))
            seq = header.first_seq - 1
            self._previous_end = start
            for line in self._lines(segment, content, start, end, may_be_torn=is_last):
                if line.seq != seq + 1:
                    raise StoreDamaged(f"{segment.path}: commit {line.seq} follows {seq}")
                self.last_seq = seq = line.seq
                self._previous_end = line.end
                if after is None or (segment.number, line.end) > after:
                    yield segment, line
            self.last_seq = seq

    def _next(self, segment: Segment) -> Segment:
        return self.segments[self.segments.index(segment) + 1]

    def replay_base(self) -> Iterator[tuple[Segment, Line]]:
        """Yield every line of the base, if there is one; each holds one record and the commit that wrote it."""
        if self.base is None:
            return
        _, start = self._header(self.base, self._files.read_at(self.base.path, 0, _HEADER_BYTES))
        size = self._files.size(self.base.path)
        try:
            tail = self._files.read_at(self.base.path, max(0, size - _HEADER_BYTES), _HEADER_BYTES)
            count, size = read_base_end(tail, size)
        except LineDamaged as error:
            raise StoreDamaged(f"{self.base.path}: {error}") from error
        while start < size:
            # A base may be far larger than memory should hold: read it piece by piece, at line ends.
            piece = self._files.read_at(self.base.path, start, min(_PIECE_BYTES, size - start))
            end = piece.rfind(b"\n") + 1
            if end == 0:
                raise StoreDamaged(f"{self.base.path}, byte {start}: a line does not end")
            for line in self._lines(self.base, piece, 0, end, may_be_torn=False, shift=start):
                yield self.base, line
                count -= 1
            start += end
        if count:
            raise StoreDamaged(f"{self.base.path}: {abs(count)} lines {'are missing' if count > 0 else 'too many'}")

    def read_body(self, location: int, offset: int, length: int, name: bytes) -> bytes:
        """Return the JSON at a place the index names, after checking that it is the record it should be."""
        path = self._paths.get(location)
        if path is None:
            raise SegmentGone(f"the index names segment {location}, which is not there")
        lead = len(name) + 2
        try:
            raw = self._files.read_at(path, offset - lead, lead + length)
        except FileNotFoundError as error:
            raise SegmentGone(f"{path} is gone") from error
        except OSError as error:
            raise StoreUnavailable(f"{path.name} cannot be read: {error.strerror or error}") from error
        if raw[:lead] != b"\t" + name + b"\t" or len(raw) != lead + length:
            raise StoreDamaged(f"{path}: {name.decode()} is not at byte {offset}")
        return raw[lead:]

    def _all(self) -> list[Segment]:
        return [*([self.base] if self.base else []), *self.segments]

    def _base_seq(self) -> int:
        """The last commit the base covers: one before the first commit its header says comes after it."""
        if self.base is None:
            return 0
        return self._header(self.base, self._files.read_at(self.base.path, 0, _HEADER_BYTES))[0].first_seq - 1

    def _header(self, segment: Segment, content: bytes) -> tuple[SegmentHeader, int]:
        try:
            header, start = read_header(content)
        except LineDamaged as error:
            raise StoreDamaged(f"{segment.path}: {error}") from error
        if header.format > FORMAT:
            raise StoreDamaged(f"{segment.path} is of format {header.format}; this version reads up to {FORMAT}")
        if header.segment != segment.number:
            raise StoreDamaged(f"{segment.path} says it is segment {header.segment}")
        if header.store != self._store_id:
            raise StoreDamaged(f"{segment.path} belongs to another store")
        return header, start

    def _previous_end_said_by(self, segment: Segment) -> int:
        return self._header(segment, self._files.read_at(segment.path, 0, _HEADER_BYTES))[0].previous_end

    def _lines(
        self,
        segment: Segment,
        content: bytes,
        start: int,
        end: int | None,
        *,
        may_be_torn: bool,
        shift: int = 0,
    ) -> Iterator[Line]:
        good = start
        try:
            for line in read_lines(content, start, end, shift):
                good = line.end
                yield line
        except LineDamaged as error:
            if not may_be_torn or acknowledged_after(content, good):
                raise StoreDamaged(f"{segment.path}, byte {good}: {error}") from error
            # Nobody was told that these bytes were written: power was lost before they were.
            log.warning("torn tail left out", file=str(segment.path), bytes=len(content) - good)

    # --- appending -------------------------------------------------------------------------------

    def append(self, make: Callable[[int], bytes], first_seq: int, last_seq: int) -> tuple[int, int]:
        """Write one group of lines durably; return the segment's location and where the group begins.

        ``make`` is given that place and returns the lines. Raises ``StoreFull`` or ``StoreUnavailable``:
        then nothing of the group will ever be read back.
        """
        try:
            file = self._file
            if file is None or self._end >= self._segment_bytes:
                file = self._open_segment(first_seq)
            segment = self.segments[-1]
            start = self._end
            data = make(start)
            self._write(file, data)
        except OSError as error:
            self.problem = f"the journal cannot be written: {error.strerror or error}"
            if error.errno in NO_SPACE:
                raise StoreFull("nothing was written; free some space and try again") from error
            raise StoreUnavailable(self.problem) from error
        self._end += len(data)
        self._previous_end = self._end
        self.last_seq = last_seq
        self.problem = None
        return segment.location, start

    def _write(self, file: WritableFile, data: bytes) -> None:
        try:
            file.write(data)
        except OSError:
            # None of it was synced: once cut off, it was never there. A full disk gets no new segment a try.
            if not self._cut(file):
                self._abandon(file)
            raise
        try:
            file.sync()
        except OSError:
            # After a failed sync the kernel may have dropped the bytes and marked them clean: syncing again
            # would lie. The next append opens a new segment, whose header says where this one ends.
            self._cut(file)
            self._abandon(file)
            raise

    def _cut(self, file: WritableFile) -> bool:
        """Cut a refused group off; return whether it is gone for good."""
        try:
            file.truncate(self._end)
            file.sync()
        except OSError:
            log.warning("the refused commit could not be cut off; the next segment leaves it out")
            return False
        return True

    def _abandon(self, file: WritableFile) -> None:
        self._file = None
        with contextlib.suppress(OSError):
            file.close()

    def _open_segment(self, first_seq: int) -> WritableFile:
        if self._file is not None:
            self._file.close()
            self._file = None
        number = (self.segments[-1].number if self.segments else self.base.number if self.base else 0) + 1
        segment = Segment(number, is_base=False, path=self._folder / f"{number:08d}{SUFFIX}")
        header = write_header(SegmentHeader(FORMAT, self._store_id, number, first_seq, self._previous_end))
        file = self._files.create(segment.path)
        try:
            file.write(header)
            file.sync()
            self._files.sync_dir(self._folder)
        except OSError:
            file.close()
            self._files.unlink(segment.path)
            raise
        self._file, self._end = file, len(header)
        self._previous_end = self._end
        with self._lock:
            self.segments.append(segment)
            self._paths[segment.location] = segment.path
        return file

    @property
    def end(self) -> int:
        """Where the newest segment ends; what is before it is durable."""
        return self._end

    def close(self) -> None:
        """Close the open segment."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # --- compaction ------------------------------------------------------------------------------

    def sealed(self) -> list[Segment]:
        """Return the segments nothing will be appended to any more."""
        return self.segments[:-1] if self._file is not None else list(self.segments)

    def first_seq_after(self, number: int) -> int:
        """Return the sequence of the first commit that is not in segments up to ``number``."""
        # In this order: a commit under way adds its segment before it counts as the last.
        last = self.last_seq
        later = next((segment for segment in self.segments if segment.number > number), None)
        if later is None:
            return last + 1
        return self._header(later, self._files.read_at(later.path, 0, _HEADER_BYTES))[0].first_seq

    def size(self, segment: Segment) -> int:
        """Return the bytes of a segment on disk."""
        return self._files.size(segment.path)

    def write_base(self, number: int, first_seq: int, lines: Iterator[bytes]) -> Segment:
        """Write the base that will stand for everything up to segment ``number``; not published yet."""
        unfinished = self._folder / f"{number:08d}{BASE_SUFFIX}{UNFINISHED}"
        file = self._files.create(unfinished)
        count = 0
        try:
            file.write(write_header(SegmentHeader(FORMAT, self._store_id, number, first_seq, 0)))
            for some in lines:
                file.write(some)
                count += some.count(b"\n")
            file.write(write_base_end(count))
            file.sync()
        except OSError:
            # Half a base on a full disk would keep it full.
            with contextlib.suppress(OSError):
                self._files.unlink(unfinished)
            raise
        finally:
            file.close()
        return Segment(number, is_base=True, path=self._folder / f"{number:08d}{BASE_SUFFIX}")

    def publish_base(self, base: Segment) -> list[Segment]:
        """Put ``base`` in the place of what it stands for, in one step; return what may be deleted now.

        A crash before the rename leaves the old segments in force, one after it the base: both are whole.
        """
        self._files.rename(base.path.with_name(base.path.name + UNFINISHED), base.path)
        self._files.sync_dir(self._folder)
        with self._lock:
            replaced = [segment for segment in self._all() if segment.number <= base.number]
            self.segments = [segment for segment in self.segments if segment.number > base.number]
            self.base = base
            self._paths[base.location] = base.path
        return replaced

    def leftovers(self) -> list[Path]:
        """Return the files of the folder that are not in force."""
        return find_leftovers(self._files, self._folder, self._all())

    def delete(self, segments: list[Segment]) -> None:
        """Delete segments that a base has replaced and nothing reads any more."""
        for segment in segments:
            self._paths.pop(segment.location, None)
            self._files.unlink(segment.path)
        self._files.sync_dir(self._folder)
