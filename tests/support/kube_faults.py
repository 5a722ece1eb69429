"""What can go wrong on the stand-in API server, and how each looks on the wire."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """One way in which a request fails."""

    FORBIDDEN = "forbidden"
    MISSING = "missing"
    # Sends ``bytes`` of the answer, and then nothing until the server stops.
    SLOW = "slow"
    # Ends the connection after ``bytes`` of the answer; with RESET as a crash does.
    TRUNCATED = "truncated"
    RESET = "reset"
    BROKEN_JSON = "broken_json"
    HTML = "html"
    TEXT_503 = "text_503"
    TOO_MANY = "too_many"
    # The place of a continue is forgotten.
    GONE = "gone"
    # Every field that may be null is null.
    NULLS = "nulls"


@dataclass
class Fault:
    """A fault of one list, its objects and its namespaces.

    ``times``: only so often, then all is well. ``after_pages``: only for pages behind the first so many.
    """

    kind: FaultKind
    times: int | None = None
    after_pages: int = 0
    bytes: int = 40
    retry_after: str = "1"

    def strikes(self, start: int) -> bool:
        """Answer whether it meets a request whose page begins at object ``start``; count it."""
        if self.times == 0 or (self.after_pages and not start) or (self.kind is FaultKind.GONE and not start):
            return False
        if self.times is not None:
            self.times -= 1
        return True
