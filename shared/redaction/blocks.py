"""Secrets that take more than a line: private keys, blocks of YAML, a variable's name and value, a Secret's data."""

import re
from collections.abc import Callable, Iterable

from shared.redaction.named import names_a_secret, spans_by_name
from shared.redaction.references import is_reference
from shared.redaction.secret_data import HeldData, hide_value, key_of, spans_of_data
from shared.redaction.shapes import begins_private_key, ends_private_key, spans_by_look
from shared.redaction.span import REDACTED, Span, hide

_LONGEST_KEY = 300
# No secret worth the name is shorter, with the name it is given.
_SHORTEST = 6
_KEY_BODY = re.compile(
    r"(?:Proc-Type|DEK-Info|Comment|Version|Charset|Hash|X-[\w-]{1,40}): .*"
    r"|(?:\S{1,120}+\s++){0,3}[A-Za-z0-9+/=]*+[\"',\\]*"
    r"|.{0,200}[\s|\"'>][A-Za-z0-9+/=]{40,}+[\"',\\]*"
)
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?")


class Lines:
    """Masks line after line, remembering what began on earlier ones. ``more`` finds further secrets in a line."""

    def __init__(self, more: Callable[[str, int], Iterable[Span]]) -> None:
        self._more = more
        self.count = 0
        # Lines of a private key that were left out so far; None: no key has begun.
        self._key_lines: int | None = None
        # What is deeper than this column belongs to a secret; `loose`: unless it has a key of its own.
        self._block: int | None = None
        self._is_loose = self._is_told = False
        # `kubectl describe configmap`: a name, a rule under it, the value up to an empty line.
        self._is_to_blank = False
        # The column where the `value` of a variable with a secret's name is to come next.
        self._pair: int | None = None
        self._kind: tuple[int, str] | None = None
        self._held: HeldData | None = None
        self._secret: int | None = None

    def spans(self, text: str, start: int, *, is_part: bool) -> list[Span]:
        """Return all secrets of one line, or of the part of one from ``start`` on."""
        if len(text) - start < _SHORTEST:
            return []
        found = [*spans_by_look(text, start), *spans_by_name(text, start), *self._more(text, start)]
        if "ata" in text and "{" in text:
            found += spans_of_data(text, start, is_part=is_part)
        return found

    def mask_part(self, text: str, start: int, end: int, spans: Iterable[Span]) -> str:
        """Return a part of a line that is too long to be seen whole, masked."""
        before = ""
        if self._held:
            before = self._release(is_secret=True)
        if self._secret is not None or self._block is not None or self._is_to_blank or self._key_lines is not None:
            # Inside of a secret: where the line would begin to be something else cannot be told from a part.
            self.count += 1
            return before + REDACTED
        text, count = hide(text, spans, start, end)
        self.count += count
        return before + text

    def mask(self, line: str) -> str:
        """Take a whole line; return what is ready to be put out, which may be nothing, or several lines."""
        if self._key_lines is not None:
            return self._in_private_key(line)
        if self._held is None:
            return self._line(line)
        answer = self._held.take(line)
        if answer is None:
            return ""
        return self._release(is_secret=answer) + self._line(line)

    def finish(self) -> str:
        """Return what was held back."""
        return self._release(is_secret=self._held.looks_secret()) if self._held else ""

    def _release(self, *, is_secret: bool) -> str:
        held, self._held = self._held, None
        if held is None:
            return ""
        masked = [self._value(line) if is_data and is_secret else self._plain(line) for is_data, line in held.lines]
        self._secret = held.column if is_secret and held.lines[-1][0] else None
        return "".join(masked)

    def _in_private_key(self, line: str) -> str:
        ended = ends_private_key(line)
        self._key_lines = (self._key_lines or 0) + 1
        if ended is not None:
            self._key_lines = None
            return self._hidden(line[ended:])
        if self._key_lines <= _LONGEST_KEY and _KEY_BODY.fullmatch(line.strip()):
            return ""
        self._key_lines = None
        return "\n" + self._line(line)

    def _line(self, line: str) -> str:
        if line == "\n" and self._block is None and not self._is_to_blank:
            self._pair = None
            return line
        key = key_of(line)
        indent = len(line) - len(line.lstrip())
        if self._secret is not None:
            if indent > self._secret or not line.strip():
                return self._value(line)
            self._secret = None
        self._forget_kind(line, indent)
        if key is None:
            return self._plain(line)
        column = key.end("dashes")
        if key["key"] == "kind":
            self._kind = column, key["rest"].strip(" \t\"',")
        if key["key"] in ("data", "stringData") and key["rest"].strip() in ("", "{"):
            return self._begin_data(line, column, key["key"])
        return self._plain(line, key)

    def _begin_data(self, line: str, column: int, name: str) -> str:
        kind = self._kind[1] if self._kind and self._kind[0] == column else None
        if kind == "Secret" or name == "stringData":
            self._secret = column
        elif kind is None:
            self._held = HeldData(column, line)
            return ""
        return self._plain(line)

    def _forget_kind(self, line: str, indent: int) -> None:
        if self._kind and line.strip() and (indent < self._kind[0] or line.startswith(("---", "..."))):
            self._kind = None

    def _value(self, line: str) -> str:
        line, count = hide_value(line)
        self.count += count
        return line

    def _plain(self, line: str, key: re.Match[str] | None = None) -> str:
        indent = len(line) - len(line.lstrip())
        key = key or key_of(line)
        was_named, self._pair = self._pair, None
        if (hidden := self._in_block(line, indent, key)) is not None:
            return hidden
        if key is None:
            return self._hidden(line)
        column, rest = key.end("dashes"), key["rest"].strip()
        if was_named == column and key["key"] == "value":
            self._begin_block(column, rest, key)
            return self._value(line)
        if key["key"] in ("name", "key") and names_a_secret(rest.strip("\"',")):
            self._pair = column
        elif names_a_secret(key["key"]):
            self._begin_block(column, rest, key)
        return self._hidden(line)

    def _begin_block(self, column: int, rest: str, key: re.Match[str]) -> None:
        is_block = _BLOCK.fullmatch(rest) is not None
        if (key["quote"] and not is_block) or rest[:1] in ("{", "[", "&") or (is_reference(rest) and rest):
            return
        self._block, self._is_loose, self._is_told = column, not is_block, not is_block and bool(rest)

    def _in_block(self, line: str, indent: int, key: re.Match[str] | None) -> str | None:
        """Return what is put out of a line that continues a secret, or None if it does not."""
        bare = line.strip()
        if self._is_to_blank:
            self._is_to_blank = bool(bare)
            return self._tell_once(line) if bare else line
        if self._block is None:
            return None
        if (bare and indent <= self._block) or (self._is_loose and (key is not None or bare.startswith("- "))):
            is_rule = bare == "----" and self._is_loose and not self._is_told
            self._block = None
            if is_rule:
                self._is_to_blank, self._is_told = True, False
                return line
            return None
        return self._tell_once(line) if bare else line

    def _tell_once(self, line: str) -> str:
        if self._is_told:
            return ""
        self._is_told = True
        if line.strip() == REDACTED:
            return line
        self.count += 1
        bare = line.rstrip("\r\n")
        return bare[: len(bare) - len(bare.lstrip())] + REDACTED + line[len(bare) :]

    def _hidden(self, line: str) -> str:
        ends = line.endswith("\n")
        text, count = hide(line, self.spans(line, 0, is_part=False))
        self.count += count
        if begins_private_key(line):
            self._key_lines = 0
            return text.removesuffix("\n") if ends else text
        return text
