"""What a change changes, as people compare files: lines before and after, noise and secrets left out."""

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

import msgspec

from services.actions.domain.fields import strip_noise
from services.actions.domain.masking import Mask
from services.actions.domain.objects import KubeObject

MOST_BYTES = 256 << 10
# Beyond this, comparing line by line takes too long; what differs is then shown as one block.
_MOST_LINES = 4_000
_FIRST = ("apiVersion", "kind", "metadata")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "~", ""})
_DEEPEST = 64


def make_diff(before: KubeObject, after: KubeObject) -> tuple[str, bool]:
    """Return the unified diff of two states of an object, and whether it had to be cut; empty where nothing differs.

    A state that does not exist has no lines. Secret values are masked; that one differs is said.
    """
    mask = Mask()
    old, new = (_lines(mask.apply(strip_noise(one.raw))) if one.exists else [] for one in (before, after))
    return cut("\n".join(_compare(old, new)))


def write_object(raw: Mapping[str, Any]) -> str:
    """Return an object as YAML-like lines."""
    return "\n".join(_lines(raw))


def cut(text: str, most: int = MOST_BYTES) -> tuple[str, bool]:
    """Return a text in at most ``most`` bytes of UTF-8, ending with a line that says what was cut; and whether."""
    data = text.encode()
    if len(data) <= most:
        return text, False
    said = f"\n… cut here: {len(data):,} bytes in all, and at most {most:,} are shown"
    kept = data[: most - len(said.encode())]
    # Whole lines, so that no half of a character or value stands at the end.
    return kept[: max(kept.rfind(b"\n"), 0)].decode() + said, True


def _compare(old: list[str], new: list[str]) -> Iterator[str]:
    if old == new:
        return
    if len(old) + len(new) > _MOST_LINES:
        yield from _compare_roughly(old, new)
    else:
        yield from unified_diff(old, new, "before", "after", lineterm="")


def _compare_roughly(old: list[str], new: list[str]) -> Iterator[str]:
    """Compare what lies between the lines both begin with and the lines both end with."""
    least = min(len(old), len(new))
    head = next((at for at in range(least) if old[at] != new[at]), least)
    tail = next((at for at in range(least - head) if old[-1 - at] != new[-1 - at]), least - head)
    left, right = (lines[max(head - 3, 0) : len(lines) - max(tail - 3, 0)] for lines in (old, new))
    if len(left) + len(right) <= _MOST_LINES:
        yield from unified_diff(left, right, "before", "after", lineterm="")
        return
    yield from ("--- before", "+++ after")
    yield f"@@ from line {head + 1}: too much differs to be compared line by line @@"
    for sign, lines in (("-", old), ("+", new)):
        yield from (sign + line for line in lines[head : len(lines) - tail])


def _lines(raw: Mapping[str, Any]) -> list[str]:
    return list(_write(raw, 0))


def _write(value: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if depth > _DEEPEST:
        yield f"{pad}… nested more than {_DEEPEST} levels"
    elif isinstance(value, Mapping):
        for key in sorted(value, key=lambda one: (depth > 0 or one not in _FIRST, one)):
            yield from _write_member(f"{pad}{_scalar(key)}:", value[key], depth + 1)
    elif isinstance(value, list):
        for one in value:
            inner = list(_write(one, depth + 1)) if _is_nested(one) else [f"{pad}  {_inline(one)}"]
            yield f"{pad}- {inner[0].lstrip()}"
            yield from inner[1:]


def _write_member(head: str, value: Any, depth: int) -> Iterator[str]:
    if _is_nested(value):
        yield head
        yield from _write(value, depth)
    elif isinstance(value, str) and "\n" in value and all(map(_is_plain, value.split("\n"))):
        yield f"{head} {'|' if value.endswith(chr(10)) else '|-'}"
        yield from ("  " * depth + line for line in value.removesuffix("\n").split("\n"))
    else:
        yield f"{head} {_inline(value)}"


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _is_plain(line: str) -> bool:
    return line.replace("\t", " ").isprintable()


def _inline(value: Any) -> str:
    if isinstance(value, str):
        return _scalar(value)
    return msgspec.json.encode(value).decode()


def _scalar(text: str) -> str:
    # What could be read as another sort of value, or holds what nobody sees, is written in quotes and escapes.
    is_word = text.isprintable() and text[:1].isalpha() and text.lower() not in _RESERVED
    if is_word and ": " not in text and " #" not in text and not text.endswith((":", " ")):
        return text
    if text.startswith("[masked"):
        return text
    quoted = msgspec.json.encode(text).decode()
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in quoted)
