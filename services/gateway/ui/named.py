"""Read many incidents at once for what names them: number, title, status."""

from collections.abc import Iterable
from typing import Any

from services.gateway.ui.ask import read

# As many as the API takes in one question.
_MOST = 50


def name_incidents(ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the summaries of those that are kept, by id; raises ``ApiRefused``. None asks nothing."""
    asked = list(dict.fromkeys(ids))
    found: dict[str, dict[str, Any]] = {}
    for begin in range(0, len(asked), _MOST):
        answer = read("/api/incidents/summaries", {"id": asked[begin : begin + _MOST]})
        found |= {one["id"]: one for one in answer["items"]}
    return found
