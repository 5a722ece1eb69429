"""A workload that makes a store do everything it can do, and the model of what it must remember."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.gateway.adapters.json_store import JsonStore
from services.gateway.domain.records import ChainHead, Group, Incident
from services.gateway.ports import Transaction
from tests.support.records import NOW, a_draft, an_incident

Step = Callable[[Transaction], None]
Remembered = tuple[tuple[Any, ...], ...]


@dataclass(slots=True)
class Model:
    """What a store must hold: incidents with number and title, groups, and the messages of timelines."""

    incidents: dict[str, tuple[int, str]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    timelines: dict[str, list[str]] = field(default_factory=dict)
    last_number: int = 0

    def copy(self) -> "Model":
        """Return a model that changes apart from this one."""
        return Model(
            dict(self.incidents),
            dict(self.groups),
            {key: list(messages) for key, messages in self.timelines.items()},
            self.last_number,
        )

    def apply(self, change: tuple[str, int]) -> None:
        """Do to the model what ``make_step(change)`` does to a store."""
        verb, n = change
        incident_id = f"inc_{n}"
        match verb:
            case "open":
                self.last_number += 1
                self.incidents[incident_id] = (self.last_number, f"title {n}")
                self.groups[f"group {n}"] = incident_id
                self.timelines[incident_id] = ["opened"]
            case "note":
                self.timelines[incident_id] += ["note one", "note two"]
            case "rename":
                number, title = self.incidents[incident_id]
                self.incidents[incident_id] = (number, title + "!")
            case "remove":
                del self.incidents[incident_id], self.timelines[incident_id]
                self.groups.pop(f"group {n}")


CHANGES: list[tuple[str, int]] = [
    *[("open", n) for n in range(4)],
    *[("note", n) for n in range(3)],
    ("rename", 0),
    ("remove", 1),
    ("compact", 0),
    ("open", 4),
    ("note", 0),
    ("rename", 2),
    ("remove", 0),
    ("open", 5),
    ("compact", 0),
    ("note", 5),
    ("rename", 5),
]


def make_step(change: tuple[str, int]) -> Step:
    """Return the transaction that makes ``change``."""
    verb, n = change
    incident_id = f"inc_{n}"

    def step(tx: Transaction) -> None:
        match verb:
            case "open":
                tx.put(an_incident(incident_id, title=f"title {n}"))
                tx.put(Group(dedup_key=f"group {n}", incident_id=incident_id, opened_at=NOW))
                tx.append(incident_id, a_draft(message="opened"))
            case "note":
                tx.append(incident_id, a_draft(message="note one"))
                tx.append(incident_id, a_draft(message="note two"))
            case "rename":
                incident = tx.get(Incident, incident_id)
                tx.put(an_incident(incident_id, number=incident.number, title=incident.title + "!"))
            case "remove":
                tx.remove_incident(incident_id)
                tx.remove(Group, f"group {n}")

    return step


def read_model(store: JsonStore) -> Model:
    """Return what ``store`` holds; raises AssertionError where a chain does not hold together."""
    model = Model()
    for n in range(8):
        incident = store.find(Incident, f"inc_{n}")
        group = store.find(Group, f"group {n}")
        if incident is not None:
            model.incidents[incident.id] = (incident.number, incident.title)
        if group is not None:
            model.groups[group.dedup_key] = group.incident_id
        entries = store.list_timeline(f"inc_{n}")
        if entries:
            model.timelines[f"inc_{n}"] = [chained.entry.message for chained in entries]
            head = store.get(ChainHead, f"inc_{n}")
            hashes = ["0" * 64, *(chained.hash for chained in entries)]
            assert [chained.entry.previous_hash for chained in entries] == hashes[:-1]
            assert (head.sequence, head.hash) == (len(entries), hashes[-1])
    return model
