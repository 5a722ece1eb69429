"""How many actions wait for approval, for the bar that every page has."""

from services.gateway.ui.ask import ApiRefused, read
from services.gateway.ui.person import person

# A stale one waits for approval of what it would do now.
WAITING_STATES = ("pending", "stale")


def count_waiting() -> int:
    """Return how many wait; 0 where the person may not know, or the API does not say: a page is made all the same."""
    if not person().may("viewer", "incidents:read"):
        return 0
    try:
        total: int | None = read("/api/actions", {"state": list(WAITING_STATES), "limit": 1})["total"]
    except ApiRefused:
        return 0
    return total or 0
