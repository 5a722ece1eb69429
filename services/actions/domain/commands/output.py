"""Keep of an output what a person can read and prove: redacted, its first and last part, its length and digest."""

import codecs
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from shared.redaction import Redactor

# What moves a cursor or turns the direction of text shows another thing than is there: it is made visible.
_VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: 0x2421,
    **dict.fromkeys(
        [*range(0x80, 0xA0), 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0xFEFF], 0xFFFD
    ),
}


@dataclass(frozen=True, slots=True)
class KeptOutput:
    """What is kept of an output; ``length`` and ``digest`` are of all of it, as redacted."""

    text: str
    is_truncated: bool
    length: int
    digest: str
    redacted: int


class Output:
    """Takes an output in pieces of bytes. Holds no more than ``most_bytes`` of it, and what the redactor looks at.

    ``secrets`` are values that are taken out wherever they stand.
    """

    def __init__(self, most_bytes: int, secrets: Iterable[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._redactor = Redactor(secrets)
        self._half = most_bytes // 2
        self._first, self._last = bytearray(), bytearray()
        self._length = 0
        self._hash = hashlib.sha256()

    def take(self, piece: bytes) -> str:
        """Take the next bytes; return the text that is ready to be shown, which may be none."""
        return self._keep(self._redactor.feed(self._decoder.decode(piece).translate(_VISIBLE)))

    def finish(self) -> str:
        """Return what was held back. Nothing may be taken after it."""
        rest = self._redactor.feed(self._decoder.decode(b"", final=True).translate(_VISIBLE))
        return self._keep(rest + self._redactor.finish())

    def kept(self) -> KeptOutput:
        """Return what is kept, once finished."""
        left_out = self._length - len(self._first) - len(self._last)
        # A cut through a character leaves no half of it.
        first, last = (bytes(part).decode(errors="ignore") for part in (self._first, self._last))
        text = f"{first}\n[… {left_out} bytes left out …]\n{last}" if left_out else (self._first + self._last).decode()
        return KeptOutput(
            text=text,
            is_truncated=left_out > 0,
            length=self._length,
            digest=self._hash.hexdigest(),
            redacted=self._redactor.count,
        )

    def _keep(self, text: str) -> str:
        content = text.encode()
        self._length += len(content)
        self._hash.update(content)
        room = max(0, self._half - len(self._first))
        self._first += content[:room]
        self._last += content[room:]
        if len(self._last) > self._half:
            del self._last[: len(self._last) - self._half]
        return text
