"""Show on a terminal what an investigation found: the graph by layer, and the evidence."""

import sys
from typing import Any

import click
import msgspec

from services.cli.diagnosis_view import show_diagnosis
from services.cli.render import Column, print_fields, print_table
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis

_CHANGES: tuple[Column, ...] = (
    ("matters", lambda one: f"{one['confidence']:.0%}"),
    ("made", lambda one: f"{'by ' if one['isLatest'] else ''}{one['at']}" if one.get("at") else "unknown"),
    ("change", lambda one: one["summary"]),
    ("by", lambda one: one.get("by")),
)
_ENTITIES: tuple[Column, ...] = (
    ("layer", lambda one: one["layer"]),
    ("hops", lambda one: one["hops"]),
    ("entity", lambda one: one["id"]),
    ("presence", lambda one: one["presence"]),
    ("", lambda one: "seed" if one["isSeed"] else ""),
)
_EDGES: tuple[Column, ...] = (
    ("layer", lambda one: one["layer"]),
    ("from", lambda one: one["source"]),
    ("relation", lambda one: one["relation"]),
    ("to", lambda one: one["target"]),
    ("state", lambda one: one["state"]),
    ("sure", lambda one: f"{one['confidence']:.0%}"),
    ("note", lambda one: one["note"]),
)


def show_graph(found: dict[str, Any]) -> None:
    """Print entities and edges, by layer and the nearest first, and what was cut or could not be seen."""
    print_fields(
        [
            ("cluster", found["cluster"]),
            ("observed", found["observedAt"]),
            ("status", found["status"]),
            ("summary", found["summary"]),
            ("depend on it", found["blastRadius"]["upstream"]),
            ("left out", [f"{one['count']} {one['kind']} ({one['reason']})" for one in found["cut"]]),
            ("not looked at", [f"{one['part']} ({one['reason']})" for one in found["coverage"]]),
        ]
    )
    _part("Entities", _ENTITIES, sorted(found["entities"], key=lambda one: (one["layer"], one["hops"], one["id"])))
    _part("Edges", _EDGES, sorted(found["edges"], key=lambda one: (one["layer"], one["source"], one["target"])))


def show_evidence(name: str, found: dict[str, Any], *, verbose: bool) -> None:
    """Print hypotheses as a diagnosis shows its own, and the changes near the onset."""
    members = {part: found[part] for part in ("summary", "status", "coverage", "findings", "hypotheses")}
    diagnosis = msgspec.convert(
        {**members, "id": found["investigationId"], "observedAt": found["observedAt"], "producedBy": "graph"}
        | {"resource": {"kind": "Incident", "name": name}},
        Diagnosis,
    )
    here = DiagnosedResource(cluster=found["cluster"], kind="Incident", name=name)
    show_diagnosis(msgspec.structs.replace(diagnosis, resource=here), verbose=verbose)
    _part("Changes near the onset", _CHANGES, found["changes"])


def _part(title: str, columns: tuple[Column, ...], items: list[dict[str, Any]]) -> None:
    if not items:
        return
    if sys.stdout.isatty():
        click.secho(f"\n{title}", bold=True)
    print_table(columns, items)
