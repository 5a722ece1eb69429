"""The services and labels a row of the inbox shows, the most telling first, and the address that each filters by."""

from dataclasses import dataclass
from typing import Any

from services.gateway.ui.pages.inbox.narrowing import Narrowing

_FIRST = ("cluster", "namespace")


@dataclass(frozen=True, slots=True)
class RowLabel:
    """One label, or one service, whose ``key`` is None; and the address of the incidents here that have it too.

    There is no address where none can say it: a filter's services are parted by commas, and a label's key ends at its
    first colon.
    """

    key: str | None
    value: str
    address: str | None
    is_chosen: bool

    @property
    def whole(self) -> str:
        """All of it in one text, for where the row shows only its beginning."""
        return f"{self.key or 'service'}={self.value}"


def labels_of(incident: dict[str, Any], narrowing: Narrowing) -> list[RowLabel]:
    """Return where it is (cluster, namespace, services), then the other labels by key, last those that say it again."""
    labels: dict[str, str] = incident["labels"]
    services: list[str] = incident["services"]

    def says_it_again(key: str) -> bool:
        # The title of an incident that signals opened is made of the alert's name.
        return key == "alertname" or (key == "service" and labels[key] in services)

    rest = sorted(labels.keys() - {*_FIRST}, key=lambda key: (says_it_again(key), key))
    return [
        *(_label(key, labels[key], narrowing) for key in _FIRST if key in labels),
        *(_filtered(None, name, "service", name, narrowing) for name in services),
        *(_label(key, labels[key], narrowing) for key in rest),
    ]


def _label(key: str, value: str, narrowing: Narrowing) -> RowLabel:
    return _filtered(key, value, "label", f"{key}:{value}", narrowing)


def _filtered(key: str | None, value: str, name: str, wanted: str, narrowing: Narrowing) -> RowLabel:
    can_be_said = ":" not in key if key else "," not in value
    address = narrowing.narrowed(name, wanted) if can_be_said else None
    return RowLabel(key, value, address, wanted in narrowing.get(name))
