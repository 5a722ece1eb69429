"""Read findings for a page: each with an anchor that stays, its sum, its panels, and what may be proposed of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from services.gateway.ui.findings.arithmetic import Row, add_up, show_confidence
from services.gateway.ui.findings.panels import Panel, panel_of
from services.gateway.ui.findings.remedies import only_reads, proposal_fields

Json = Mapping[str, Any]
_UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Thing:
    """An object a finding names: ``graph`` is where it stands in the graph; empty where there is none."""

    name: str
    anchor: str
    graph: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a rule says might help: a command to copy, and the address of the form that proposes it, if it is one."""

    text: str
    command: str
    risk: str
    only_reads: bool
    propose: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A finding as a page shows it."""

    anchor: str
    rank: int
    finding: Json
    sum: tuple[Row, ...]
    total: str
    panels: tuple[Panel, ...]
    things: tuple[Thing, ...]
    explains: tuple[Thing, ...]
    follows_from: Thing | None
    remedies: tuple[Remedy, ...]


@dataclass(slots=True)
class Reader:
    """Reads the findings of one page.

    ``address`` is the incident's, None where they belong to none: then no graph shows them and nothing can be proposed.
    ``cluster`` is where they were found.
    """

    address: str | None
    cluster: str
    _anchors: set[str] = field(default_factory=set)
    _named: set[str] = field(default_factory=set)

    def read(self, findings: Iterable[Json], sort: str) -> list[Reading]:
        """Return them in their order; ``sort`` begins their anchors: hypothesis or finding."""
        return [self._read_one(one, sort, rank) for rank, one in enumerate(findings, 1)]

    def _read_one(self, finding: Json, sort: str, rank: int) -> Reading:
        culprit, subject = finding.get("culprit"), finding.get("subject")
        confidence = float(finding["confidence"])
        return Reading(
            anchor=self._anchor(f"{sort}-{slug(str(finding['ruleId']))}"),
            rank=rank,
            finding=finding,
            sum=add_up(finding.get("arithmetic") or (), confidence),
            total=show_confidence(confidence),
            panels=tuple(panel_of(one) for one in finding.get("evidence") or ()),
            things=tuple(self._things(culprit, subject)),
            explains=tuple(self._things(*(finding.get("explains") or ()))),
            follows_from=next(iter(self._things(finding.get("followsFrom"))), None),
            remedies=tuple(self._remedies(finding)),
        )

    def _anchor(self, wanted: str) -> str:
        """Return the anchor, with a number where the page has it already."""
        anchor, number = wanted, 1
        while anchor in self._anchors:
            number += 1
            anchor = f"{wanted}-{number}"
        self._anchors.add(anchor)
        return anchor

    def _things(self, *resources: Json | None) -> Iterable[Thing]:
        for name in dict.fromkeys(entity_id(one) for one in resources if one):
            anchor = f"about-{slug(name)}"
            is_first = anchor not in self._named
            self._named.add(anchor)
            kind, _, rest = name.partition("/")
            graph = f"{self.address}/graph?{urlencode({'entity': name})}" if self.address else ""
            yield Thing(f"{kind} {rest}", anchor if is_first else "", graph)

    def _remedies(self, finding: Json) -> Iterable[Remedy]:
        for one in finding.get("actions") or ():
            command = [str(word) for word in one.get("command") or ()]
            propose, reads = None, only_reads(command)
            if self.address and not reads:
                fields = proposal_fields(one, cluster=self.cluster, because=str(finding["title"]))
                propose = f"{self.address}/actions/new?{urlencode(fields)}"
            line = " ".join(map(_quoted, command))
            yield Remedy(str(one.get("text") or ""), line, str(one.get("risk") or ""), reads, propose)


def entity_id(resource: Json) -> str:
    """Return an object as the graph names it: Kind/namespace/name, or Kind/name."""
    parts = (resource["kind"], resource.get("namespace"), resource["name"])
    return "/".join(part for part in parts if part)


def slug(text: str) -> str:
    """Return text as part of an anchor."""
    return _UNSAFE.sub("-", text.lower()).strip("-") or "unnamed"


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else "'" + word.replace("'", "'\"'\"'") + "'"
