"""What a normaliser is given: one request, as far as reading it needs."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple


class Reading(NamedTuple):
    """The body of a request, when it was received, and what the request said beside it (see ``DeliveryToNormalise``).

    ``paths`` is where a body of unknown shape keeps its fields, in place of where the worker looks.
    """

    body: str | bytes
    received_at: datetime
    context: Mapping[str, str] = {}
    paths: Mapping[str, tuple[str, ...]] | None = None
