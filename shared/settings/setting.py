"""What a setting is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.settings.kinds import as_integer

PORT = as_integer(0, 65535)


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. ``default`` is text, as a person would write it; None means there is none."""

    name: str
    parse: Callable[[str], Any]
    default: str | None
    doc: str
    secret: bool = False
