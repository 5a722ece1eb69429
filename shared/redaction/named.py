"""What is a secret because of the name it is given: in YAML, JSON, environments, flags, queries, connection strings."""

import re
from collections.abc import Iterator

from shared.redaction.references import is_reference
from shared.redaction.span import REDACTED, Span

# How the names of secrets end; what stands before does not matter, so that no match has to look for their beginning.
NAME_ENDING = (
    r"(?:pass(?:word|wd|phrase|code)|(?<=[_.-])pass|pwd|secret|token|credentials?"
    r"|(?:api|access|secret|private|account|client|signing|encryption|storage|master|session|license|hmac|webhook)"
    r"[_.-]?key(?:[_.-]?data)?|connection[_-]?string|dockerconfigjson|(?<![a-z])auth(?=\\{0,7}[\"']))\d{0,3}"
)
_QUOTE = r"\\{0,7}[\"']"
_HEAD = re.compile(
    rf"(?i){NAME_ENDING}(?P<quote>{_QUOTE})?[ \t]{{0,8}}"
    # `name: DB_PASSWORD, value: …` names it in the value before.
    rf"(?:(?P<sep>:=|=>|[:=])|(?P<pair>,\s{{0,8}}(?:{_QUOTE})?value(?:{_QUOTE})?[ \t]{{0,4}}[:=]))[ \t]{{0,8}}"
)
_OPENING = re.compile(_QUOTE)
# Up to what ends a word. A comma and the like end it only where they end a member: passwords may hold them.
_WORD = re.compile(
    r"(?:[^\s\"'&;,]|[&;,](?!\s|[\"']?[\w.-]{1,40}+[ ]?[=:])|[\"'](?![\s,;:)}\]]|$))++",
)
_ENDS_AS_SECRET = re.compile(rf"(?i){NAME_ENDING}\Z")
_MEMBER = re.compile(r";\w{0,40}+\Z")
_TO_SEMICOLON = re.compile(r"[^;\"'\r\n]++")
_FLAG = re.compile(
    rf"(?i)(?<![\w-])--(?:[a-z0-9]{{1,20}}+-){{0,4}}{NAME_ENDING}[ \t]{{1,4}}(?P<v>(?!-)[^\s]{{1,4096}}+)"
)
_TAG = re.compile(rf"(?i){NAME_ENDING}>(?P<v>[^<]{{1,4096}}+)</")
_ANCHOR = re.compile(r"[\s>|\"'-]*+(?:export |set |env )?[\"']?[\w./-]*+")
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?")
_SHORTEST_IN_PROSE = 6
_LONGEST_WORD = 80
_INNER_LINE = re.compile(r"\\n[ -]{0,80}+[\w./-]{0,80}+\Z")
_INNER_END = re.compile(r"\\{1,7}[n\"]|\"")
_LOGFMT = re.compile(r"\s[\w.-]{1,40}+=")


def names_a_secret(name: str) -> bool:
    """Answer whether what is called so is a secret, such as DB_PASSWORD."""
    return _ENDS_AS_SECRET.search(name[-_LONGEST_WORD:]) is not None


def spans_by_name(text: str, start: int = 0) -> Iterator[Span]:
    """Yield the values in ``text`` from ``start`` on whose name says that they are secrets; ``text`` is one line."""
    at = start
    # What continues a long line is not at the beginning of one.
    anchor = _ANCHOR.match(text) if start == 0 else None
    while head := _HEAD.search(text, at):
        if text.startswith(REDACTED, head.end()):
            at = head.end()
            continue
        is_anchored = anchor is not None and anchor.end() >= head.start()
        span, at = _read_value(text, head, is_anchored=is_anchored or _is_anchored_inside(text, head))
        if span:
            yield span
    if "--" in text:
        yield from _plain(_FLAG, text, start)
    if "</" in text:
        yield from _plain(_TAG, text, start)


def _plain(pattern: re.Pattern[str], text: str, start: int) -> Iterator[Span]:
    for found in pattern.finditer(text, start):
        if not is_reference(found["v"].strip("\"'")):
            yield Span("a password", found.start(), found.end(), *found.span("v"))


def _read_value(text: str, head: re.Match[str], *, is_anchored: bool) -> tuple[Span | None, int]:
    """Return the value after a name, if it is one, and from where to look on."""
    at = head.end()
    if opening := _OPENING.match(text, at):
        value, end = opening.end(), closing_quote(text, opening[0], opening.end())
        if value == end or is_reference(text[value:end]):
            return None, at
        return _named(head, value, end), end
    if is_anchored and (rest := _rest_of_line(text, head)):
        return rest, rest.end
    # In `;Password=…;` of a connection string only the next semicolon, or what the string stands in, ends it.
    is_member = _MEMBER.search(text, max(0, head.start() - _LONGEST_WORD), head.start())
    word = (_TO_SEMICOLON if is_member else _WORD).match(text, at)
    if word is None or is_reference(word[0]) or _begins_inner(head, word[0]):
        return None, at
    if _is_harmless(head, word[0], is_anchored=is_anchored):
        # No part of it is a secret either, and looking at each again would take a hostile text for ever.
        return None, word.end()
    return _named(head, *word.span()), word.end()


def closing_quote(text: str, opening: str, at: int) -> int:
    """Return where a value ends that began at ``at`` after ``opening``: at the same quote, escaped as often.

    Without one it ends with the text, to be safe. A quote inside of the value has more backslashes before it: at
    depth k of escaping, each of the value's is k + 1 of them.
    """
    quote, depth, begun = opening[-1], len(opening) - 1, at
    first = at
    while (at := text.find(quote, at)) >= 0:
        run = at - first - len(text[first:at].rstrip("\\"))
        if quote == "'" and depth == 0 and text[at + 1 : at + 2] == "'":
            at = first = at + 2
        elif run < depth or (run - depth) // (depth + 1) % 2 == 0:
            return max(at - min(run, depth), begun)
        else:
            at = first = at + 1
    return len(text.rstrip("\n"))


def _is_anchored_inside(text: str, head: re.Match[str]) -> bool:
    """Answer whether a name stands alone at the beginning of a line inside of a string of JSON."""
    return _INNER_LINE.search(text, max(0, head.start() - 2 * _LONGEST_WORD), head.start()) is not None


def _rest_of_line(text: str, head: re.Match[str]) -> Span | None:
    """Return all that follows a name that stands alone at the beginning of a line: a password may hold spaces."""
    ended = _INNER_END.search(text, head.end()) if "\\n" in text else None
    rest = text[head.end() : ended.start() if ended else len(text)].rstrip()
    if not rest or head["pair"] or head["quote"] or rest.startswith(REDACTED) or is_reference(rest):
        return None
    if _begins_inner(head, rest) or _is_harmless(head, rest, is_anchored=True) or _LOGFMT.search(rest):
        return None
    return _named(head, head.end(), head.end() + len(rest))


def _begins_inner(head: re.Match[str], value: str) -> bool:
    """Answer whether an object, a list or a block begins here, rather than a value."""
    if head["sep"] != ":":
        return False
    return (value[:1] in ("{", "[") and value.rstrip(",")[-1:] in ("{", "[", "}", "]")) or _BLOCK.fullmatch(
        value
    ) is not None


def _is_harmless(head: re.Match[str], value: str, *, is_anchored: bool) -> bool:
    if value[0] == "=":
        return True
    if head[0].lower().startswith("pwd") and value[0] == "/":
        # The working directory of an environment.
        return True
    if head["sep"] != ":" or head["quote"]:
        return False
    if is_anchored:
        # So kubectl describes a variable whose value is in a Secret.
        return head.string.startswith("<set to the key ", head.end())
    is_path = "/" in head.string[max(0, head.start() - _LONGEST_WORD) : head.start()].rpartition(" ")[2]
    if is_path and not head[0][-1].isspace():
        return True
    # In the midst of a line `token: expired` is prose, `image: token:1.2` a version.
    return len(value) < _SHORTEST_IN_PROSE or not any(char.isdigit() for char in value)


def _named(head: re.Match[str], start: int, end: int) -> Span:
    return Span("a password", head.start(), end, start, end)
