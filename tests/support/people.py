"""What people do to incidents of a gateway without its edges, by the number of the incident; refusals as codes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.gateway.domain.changes import Move
from services.gateway.domain.records import Incident, IncidentStatus
from services.gateway.handlers.add_note import add_note
from services.gateway.handlers.backdate_incident import backdate_incident
from services.gateway.handlers.change_incident import change_incident
from services.gateway.handlers.merge_incidents import IncidentMerger, MergeOrder
from services.gateway.handlers.open_incident import open_incident
from services.gateway.handlers.relate_incidents import relate_incidents, unrelate_incidents
from services.gateway.handlers.split_incident import IncidentSplitter, SplitOrder
from services.gateway.ports import Transaction
from shared.errors import AppError
from tests.support.builders import ANN
from tests.support.gateway_core import Gateway, a_report

Versions = tuple[int, ...] | None


class People:
    """Everyone is ann. A method returns the code of the refusal, or None."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._ids: dict[int, str] = {}

    def open(self, **fields: Any) -> Incident:
        fields.setdefault("title", "Checkout fails")
        incident_id = self.gateway.store.transact(lambda tx: open_incident(tx, ANN, fields))
        return self.gateway.store.get(Incident, incident_id)

    def incident(self, number: int) -> Incident:
        if number not in self._ids:
            self._ids = {incident.number: incident.id for incident in self.gateway.incidents()}
        return self.gateway.store.get(Incident, self._ids[number])

    def id_of(self, number: int) -> str:
        return self.incident(number).id

    def change(self, number: int, fields: dict[str, Any], move: Move | None, versions: Versions = None) -> str | None:
        incident_id = self.id_of(number)
        return self._write(lambda tx: change_incident(tx, incident_id, ANN, fields, move, versions))

    def move(
        self, number: int, to: str, reason: str = "", *, force: bool = False, versions: Versions = None
    ) -> str | None:
        return self.change(number, {}, Move(IncidentStatus(to), reason, force), versions)

    def note(self, number: int) -> str | None:
        incident_id = self.id_of(number)
        return self._write(lambda tx: add_note(tx, incident_id, ANN, "Looking into it", None))

    def merge(self, number: int, into: int, reason: str = "same", versions: Versions = None) -> str | None:
        order = MergeOrder(self.id_of(number), self.id_of(into), reason, versions)
        return self._write(IncidentMerger(self.gateway.store, self.gateway.judge, order, ANN).merge)

    def split(self, number: int, reason: str = "not the same", versions: Versions = None) -> str | None:
        order = SplitOrder(self.id_of(number), reason, versions)
        return self._write(IncidentSplitter(self.gateway.store, self.gateway.judge, order, ANN).split)

    def relate(self, number: int, other: int, versions: Versions = None) -> str | None:
        one, two = self.id_of(number), self.id_of(other)
        return self._write(lambda tx: relate_incidents(tx, one, two, ANN, versions))

    def unrelate(self, number: int, other: int, versions: Versions = None) -> str | None:
        one, two = self.id_of(number), self.id_of(other)
        return self._write(lambda tx: unrelate_incidents(tx, one, two, ANN, versions))

    def backdate(
        self, number: int, times: dict[str, datetime], reason: str = "the log says so", versions: Versions = None
    ) -> str | None:
        incident_id = self.id_of(number)
        given = {f"{name}_at": at for name, at in times.items()}
        return self._write(lambda tx: backdate_incident(tx, incident_id, given, reason, ANN, versions))

    def _write(self, work: Callable[[Transaction], str]) -> str | None:
        try:
            self.gateway.store.transact(work)
        except AppError as refusal:
            return refusal.code
        return None


def two_incidents() -> Gateway:
    """Return a gateway with INC-1 by the signal a, and INC-2 by the signals b and c of another group."""
    gateway = Gateway()
    gateway.clock.advance(3_600)
    gateway.deliver(a_report("a", name="Down"))
    gateway.deliver(a_report("b", name="Slow"), a_report("c", name="Slow"))
    return gateway
