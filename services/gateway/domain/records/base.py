"""What every stored record has in common: a kind, an id, and the facets lists are filtered by."""

from datetime import datetime
from typing import ClassVar, NamedTuple

from shared.contracts.base import Contract


class Facets(NamedTuple):
    """What the store indexes of a record, so that lists never scan.

    ``parent`` is the record it belongs to (mostly an incident id), ``state`` its state word, ``tag`` one
    more word lists filter by (a queue, a source, an outcome), ``at`` the time lists are ordered by.
    """

    parent: str | None = None
    state: str | None = None
    tag: str | None = None
    at: datetime | None = None


class Record(Contract, frozen=True):
    """One small thing the store keeps under (``KIND``, ``record_id``)."""

    # Part of the format on disk: never change one once released.
    KIND: ClassVar[str]

    @property
    def record_id(self) -> str:
        """The id within the kind."""
        raise NotImplementedError  # Each record class gives its own.

    def facets(self) -> Facets:
        """What lists of this kind filter and order by; nothing for kinds that are only looked up by id."""
        return Facets()
