"""What people added to an incident beside its timeline: counted, limited and removed by this one small record."""

from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record


class Holdings(Record, frozen=True, kw_only=True):
    """The ids of an incident's tasks and diagnoses, in the order they were added.

    Adding writes it and removing the incident reads it, so that neither a limit nor a removal is ever passed by
    something added at the same time.
    """

    KIND: ClassVar[str] = "holdings"

    incident_id: str
    task_ids: tuple[str, ...] = ()
    diagnosis_ids: tuple[str, ...] = ()

    @property
    def record_id(self) -> str:
        """The incident id: an incident has one of them."""
        return self.incident_id

    def facets(self) -> Facets:
        """Found with its incident."""
        return Facets(parent=self.incident_id)
