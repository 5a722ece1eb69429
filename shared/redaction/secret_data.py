"""The values of a Kubernetes Secret as `kubectl -o yaml` and `-o json` show them, whatever their keys are called."""

import re
from collections.abc import Iterator

from shared.redaction.named import closing_quote
from shared.redaction.span import REDACTED, Span

_KEY_LINE = re.compile(
    r"(?P<indent>[ \t]*+)(?P<dashes>(?:- )*+)(?P<quote>[\"']?)(?P<key>[\w.$/-]++)(?P=quote)"
    r"[ \t]*+:(?P<rest>(?:[ \t{].*)?)\Z"
)
_MOST_HELD = 64 << 10
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_SHORTEST = 8
_QUOTE = r"\\{0,7}\""
_DATA = re.compile(rf"{_QUOTE}(?P<name>data|stringData){_QUOTE}\s{{0,4}}:\s{{0,4}}\{{")
_KIND = re.compile(rf"{_QUOTE}kind{_QUOTE}\s{{0,4}}:\s{{0,4}}{_QUOTE}Secret{_QUOTE}")
_MEMBER = re.compile(
    rf"\s{{0,200}}+,?\s{{0,200}}+{_QUOTE}[^\"\\]{{0,253}}+{_QUOTE}\s{{0,4}}:\s{{0,4}}(?P<open>{_QUOTE})"
)


def key_of(line: str) -> re.Match[str] | None:
    """Return the parts of a line that has a key of YAML or of JSON written over lines, or None."""
    return _KEY_LINE.match(line.rstrip("\r\n")) if ":" in line else None


class HeldData:
    """Lines from a `data:` on, until the kind of their object is known: `kind` comes after `data` in the alphabet."""

    def __init__(self, column: int, opening: str) -> None:
        self.column = column
        self.lines = [(False, opening)]
        self._size = len(opening)
        self._is_inside = True

    def take(self, line: str) -> bool | None:
        """Hold ``line``; or answer, without holding it, whether what is held is of a Secret."""
        bare = line.strip()
        indent = len(line) - len(line.lstrip())
        if (bare and indent < self.column) or line.startswith(("---", "...")):
            return self.looks_secret()
        key = key_of(line)
        if bare and indent == self.column and key:
            if key["key"] == "kind" and not key["dashes"]:
                return key["rest"].strip(" \t\r\"',") == "Secret"
            self._is_inside = False
        self._size += len(line)
        if self._size > _MOST_HELD:
            # Rather too much than a secret.
            return True
        self.lines.append((self._is_inside and indent > self.column, line))
        return None

    def looks_secret(self) -> bool:
        """Answer by the values alone: base64 all of them."""
        values = [key["rest"].strip(" \t\r\n\"',") for is_data, line in self.lines if is_data and (key := key_of(line))]
        values = [value for value in values if value]
        return any(len(value) >= _SHORTEST for value in values) and all(map(_BASE64.fullmatch, values))


def hide_value(line: str) -> tuple[str, int]:
    """Return a line of a Secret's data without its value, and whether there was one (1) or not (0)."""
    bare = line.rstrip("\r\n")
    key = key_of(bare)
    after = line[len(bare) :]
    if key is None:
        if bare.strip() == REDACTED or not bare.strip(" \t{}[],"):
            return line, 0
        return bare[: len(bare) - len(bare.lstrip())] + REDACTED + after, 1
    value = key["rest"].strip(" \t,")
    if value.strip("\"'") in ("", REDACTED, "{", "|", ">", "|-", ">-", "null", "{}"):
        return line, 0
    quote = value[0] if value[0] in "\"'" else ""
    comma = "," if bare.rstrip().endswith(",") else ""
    return f"{bare[: key.start('rest')]} {quote}{REDACTED}{quote}{comma}{after}", 1


def spans_of_data(text: str, start: int, *, is_part: bool) -> Iterator[Span]:
    """Yield the values of Secrets that are written on one line, as `last-applied-configuration` has them.

    ``is_part``: the line is too long to be seen whole, and the kind may stand in another part of it.
    """
    is_secret = is_part or _KIND.search(text) is not None
    at = start
    while data := _DATA.search(text, at):
        at = data.end()
        if not is_secret and data["name"] == "data":
            continue
        while member := _MEMBER.match(text, at):
            value, at = member.end(), closing_quote(text, member["open"], member.end())
            if value < at:
                yield Span("the data of a Secret", data.start(), at, value, at)
            at = min(len(text), at + len(member["open"]))
