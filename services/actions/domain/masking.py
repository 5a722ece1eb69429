"""Which values nobody may read in a preview: the data of Secrets, and what its name says is a secret."""

import re
from collections.abc import Mapping
from typing import Any

MASKED = "[masked]"
MASKED_OTHER = "[masked, another value]"
_SECRET_NAME = re.compile(
    r"(?:passw(?:or)?d|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?"
    r"|authorization|connection[_-]?string|dsn)(?:[_-]?\d{1,3})?\Z",
    re.IGNORECASE,
)
# A flag or variable in arguments: `--password=x`, `--password x`, `DB_PASSWORD=x`; and a password in an address.
_SORTS = r"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
_IN_TEXT = re.compile(
    rf"(?P<name>[\w-]{{0,64}}{_SORTS}[\w-]{{0,8}}(?:=|:\s?)|--[\w-]{{0,64}}{_SORTS}\s)"
    # A reference to where the value is kept is none.
    r"(?P<value>(?!\$[({A-Za-z])[^\s&\"']{1,4096})"
    r"|(?P<scheme>://[^\s:/@]{0,256}:)(?P<word>[^\s/@]{1,512})(?=@)",
    re.IGNORECASE,
)
_FLAG = re.compile(r"--?[\w-]{0,64}(?:passw(?:or)?d|passphrase|secret|token|api-?key)\Z", re.IGNORECASE)
_Place = tuple[str, ...]


class Mask:
    """Masks values; another value at a place that was masked before is told to be another, and no more than that."""

    def __init__(self) -> None:
        self._seen: dict[_Place, object] = {}
        # How many values were masked.
        self.count = 0

    def apply(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object without its secret values."""
        is_secret = raw.get("kind") == "Secret"
        return {
            key: self._all(value, (key,)) if is_secret and key in {"data", "stringData"} else self._walk(value, (key,))
            for key, value in raw.items()
        }

    def value(self, value: Any, place: str) -> Any:
        """Return one value that stands at ``place`` without what is secret in it."""
        name = place.rpartition(".")[2]
        return self._hide(value, (place,)) if _is_secret(name, value) else self._walk(value, (place,))

    def _walk(self, value: Any, place: _Place) -> Any:
        if isinstance(value, Mapping):
            return self._walk_object(value, place)
        if isinstance(value, list):
            return self._walk_list(value, place)
        return self._walk_text(value, place) if isinstance(value, str) else value

    def _walk_object(self, value: Mapping[str, Any], place: _Place) -> dict[str, Any]:
        # An environment variable says in one member what the other holds.
        is_secret_variable = isinstance(value.get("name"), str) and _SECRET_NAME.search(value["name"]) is not None
        return {
            key: self._hide(one, (*place, key))
            if _is_secret(key, one) or (key == "value" and is_secret_variable and isinstance(one, str))
            else self._walk(one, (*place, key))
            for key, one in value.items()
        }

    def _walk_list(self, value: list[Any], place: _Place) -> list[Any]:
        found = []
        before: object = None
        for at, one in enumerate(value):
            # By name where there is one: an item that only moved is the same.
            named = one.get("name") if isinstance(one, Mapping) else None
            step = named if isinstance(named, str) else str(at)
            follows_flag = isinstance(before, str) and isinstance(one, str) and _FLAG.search(before) is not None
            found.append(self._hide(one, (*place, step)) if follows_flag else self._walk(one, (*place, step)))
            before = one
        return found

    def _walk_text(self, text: str, place: _Place) -> str:
        def hide(found: re.Match[str]) -> str:
            head = found["name"] or found["scheme"]
            return head + self._hide(found["value"] or found["word"], (*place, head))

        return _IN_TEXT.sub(hide, text)

    def _all(self, value: Any, place: _Place) -> Any:
        if not isinstance(value, Mapping):
            return self._hide(value, place)
        return {key: self._hide(one, (*place, key)) for key, one in value.items()}

    def _hide(self, value: object, place: _Place) -> str:
        self.count += 1
        return MASKED if self._seen.setdefault(place, value) == value else MASKED_OTHER


def _is_secret(name: str, value: object) -> bool:
    # What is not text (`automountServiceAccountToken: true`) or refers to a secret is none itself.
    return isinstance(value, str) and bool(value) and _SECRET_NAME.search(name) is not None
