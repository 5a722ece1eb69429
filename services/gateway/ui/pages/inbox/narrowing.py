"""What the inbox is narrowed to, as its address says it, and the addresses of what it could be narrowed to next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

INBOX = "/incidents"
ALL = "all"
DEFAULT_SORT = "-createdAt"
# Filters that take several values, in the order they stand in an address; a label holds what commas it likes.
_MANY = ("status", "severity", "source", "owner", "service", "label")
_ONE = ("open", "unowned", "ruleId", "since", "until", "updatedSince", "resolvedSince", "q")
_CHIPS = {
    "status": "Status",
    "severity": "Severity",
    "source": "Source",
    "owner": "Owner",
    "unowned": "Owner",
    "service": "Service",
    "label": "Label",
    "ruleId": "Rule",
    "since": "Opened since",
    "until": "Opened before",
    "updatedSince": "Changed since",
    "resolvedSince": "Resolved since",
    "q": "Text",
}

Values = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address without it."""

    name: str
    text: str
    is_moment: bool
    address: str


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The filters and the order of the inbox. Without a status, only open incidents: those there is work on."""

    values: Mapping[str, tuple[str, ...]]
    sort: str = DEFAULT_SORT

    def get(self, name: str) -> tuple[str, ...]:
        """Return the values of a filter; none where it is not in force."""
        return self.values.get(name, ())

    def query(self) -> dict[str, list[str]]:
        """Return the filters as the API takes them."""
        asked = {name: list(values) for name, values in self.values.items()}
        if self.get("open") == (ALL,):
            del asked["open"]
        elif "open" not in asked and "status" not in asked:
            asked["open"] = ["true"]
        return asked

    def address(self, **changes: str | tuple[str, ...] | None) -> str:
        """Return the address of the inbox with some filters or the order set anew; None takes one away."""
        return self._changed(changes).here

    @property
    def here(self) -> str:
        """The one address of this view: the same filters always stand in the same order."""
        pairs = [(name, one) for name in (*_MANY, *_ONE) for one in self.get(name)]
        if self.sort != DEFAULT_SORT:
            pairs.append(("sort", self.sort))
        return f"{INBOX}?{urlencode(pairs)}" if pairs else INBOX

    def toggled(self, name: str, value: str) -> str:
        """Return the address with a value of a filter put in, or taken out if it is in."""
        old = self.get(name)
        new = tuple(one for one in old if one != value) if value in old else (*old, value)
        # Which statuses are shown says either the status or the short word for several.
        return self.address(**{name: new, **({"open": None} if name == "status" else {})})

    def narrowed(self, name: str, value: str) -> str:
        """Return the address with a value of a filter put in; the address of here if it is in."""
        old = self.get(name)
        return self.here if value in old else self.address(**{name: (*old, value)})

    def chips(self) -> Iterator[Chip]:
        """Yield the filters in force, but for the short word: the quick views show that."""
        for name, title in _CHIPS.items():
            for value in self.get(name):
                text = "nobody" if name == "unowned" else value
                is_moment = name in {"since", "until", "updatedSince", "resolvedSince"}
                yield Chip(title, text, is_moment, self.toggled(name, value))

    def pairs(self, *without: str) -> list[tuple[str, str]]:
        """Return the filters and the order as fields of a form."""
        pairs = [(name, one) for name in (*_MANY, *_ONE) if name not in without for one in self.get(name)]
        return [*pairs, ("sort", self.sort)] if self.sort != DEFAULT_SORT and "sort" not in without else pairs

    def _changed(self, changes: Mapping[str, str | tuple[str, ...] | None]) -> "Narrowing":
        sort, values = self.sort, dict(self.values)
        for name, change in changes.items():
            if name == "sort":
                sort = str(change or DEFAULT_SORT)
                continue
            values.pop(name, None)
            if change:
                values[name] = (change,) if isinstance(change, str) else change
        return Narrowing(values, sort)


def read_narrowing(args: "MultiDict[str, str]") -> Narrowing:
    """Return what an address asks for; what it does not know is left out, and what is wrong the API refuses."""
    values: Values = {}
    for name in _MANY:
        given = args.getlist(name)
        split = given if name == "label" else [part.strip() for text in given for part in text.split(",")]
        if found := tuple(dict.fromkeys(one for one in split if one)):
            values[name] = found
    for name in _ONE:
        if text := args.get(name, "").strip():
            values[name] = (text,)
    return Narrowing(values, args.get("sort") or DEFAULT_SORT)
