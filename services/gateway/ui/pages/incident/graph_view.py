"""What the graph tab shows, made of what the API tells: entities with their states, layers, what changed. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

Json = Mapping[str, Any]

# From where requests come in down to what only watches, as people read a system.
LAYERS = ("edge", "app", "dependency", "platform", "infra", "network", "security", "rbac", "observability")
# The worst first: an entity shows the first that is so.
STATES = {
    "culprit": "a hypothesis says that this is what to mend",
    "absent": "proven not to be there",
    "affected": "trouble shows here",
    "unknown": "could not be seen",
    "present": "seen, and nothing found wrong",
}
# What is milder is advice: it says nothing of this trouble.
_TROUBLE = frozenset({"critical", "high", "medium"})
GONE = "went"
_NAMED = 5
_UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Node:
    """An entity as the picture and the list show it."""

    id: str
    kind: str
    name: str
    namespace: str
    layer: str
    state: str
    presence: str
    hops: int
    # `upstream`, `downstream`, `both`, or empty where it is outside of the blast radius.
    blast: str
    # `came`, `went`, or the state it had before, where two investigations are compared; else empty.
    change: str
    findings: int
    is_seed: bool


@dataclass(frozen=True, slots=True)
class Link:
    """An edge as the picture and the list show it; ``change`` as with entities."""

    id: str
    source: str
    target: str
    relation: str
    state: str
    confidence: float
    rationale: str
    note: str
    origin: str
    change: str


@dataclass(frozen=True, slots=True)
class GraphView:
    """Everything the tab shows of one investigation, compared with another where ``diff`` is given."""

    graph: Json
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    diff: Json | None = None
    by_id: Mapping[str, Node] = field(default_factory=dict)
    # Of each entity, by its id.
    links_of: Mapping[str, list[Link]] = field(default_factory=dict)

    @property
    def layers(self) -> list[tuple[str, list[Node]]]:
        """The layers there are, from top to bottom, each with its entities: the worst and nearest first."""
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            found[node.layer].append(node)
        names = [name for name in LAYERS if name in found] + sorted(found.keys() - set(LAYERS))
        return [(name, sorted(found[name], key=_urgency)) for name in names]

    @property
    def query(self) -> str:
        """What the address of a page with this graph ends with."""
        chosen = {"investigation": self.graph["investigationId"]}
        if self.diff:
            chosen["from"] = self.diff["fromId"]
        return urlencode(chosen)

    @property
    def unseen(self) -> list[tuple[str, str, str, Json | None]]:
        """What could not be seen: layer, what, why, and the right that would let it be read, where one is missing."""
        layer_of = {node.kind: node.layer for node in self.nodes}
        told = [
            (layer_of.get(note.get("kind", ""), "any"), _part(note), note["reason"], note.get("grant"))
            for note in self.graph["coverage"]
        ]
        for name, nodes in self.layers:
            if unknown := [node for node in nodes if node.presence == "unknown"]:
                what = ", ".join(node.id for node in unknown[:_NAMED])
                more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
                told.append((name, f"{what}{more}", "something refers to it; whether it is there is not known", None))
        return told

    @property
    def state_counts(self) -> list[tuple[str, int]]:
        """How many entities are in each state, the worst first, those that are."""
        counts = [(state, sum(node.state == state for node in self.nodes)) for state in STATES]
        return [(state, count) for state, count in counts if count]

    def as_json(self) -> dict[str, Any]:
        """Return what the page's script draws."""
        return {
            "investigationId": self.graph["investigationId"],
            "layers": [name for name, _ in self.layers],
            "nodes": [asdict(node) for node in self.nodes],
            "links": [asdict(link) for link in self.links],
        }


def view_of(graph: Json, evidence: Json, diff: Json | None = None) -> GraphView:
    """Return what the tab shows; what went since the other investigation is in it too, and marked."""
    told = _read_findings(evidence)
    came = {one["id"] for one in diff["entitiesAdded"]} if diff else set()
    before = {one["id"]: one["before"] for one in diff["entitiesChanged"]} if diff else {}
    by_id: dict[str, Node] = {}
    for one in graph["entities"]:
        change = "came" if one["id"] in came else before.get(one["id"], "")
        by_id[one["id"]] = _node(one, graph["blastRadius"], told, change)
    for one in diff["entitiesRemoved"] if diff else []:
        by_id.setdefault(one["id"], _node(one, graph["blastRadius"], _Told(), GONE))
    links = tuple(_links(graph, diff, by_id))
    links_of: dict[str, list[Link]] = {name: [] for name in by_id}
    for link in links:
        links_of[link.source].append(link)
        if link.target != link.source:
            links_of[link.target].append(link)
    return GraphView(graph, tuple(by_id.values()), links, diff, by_id, links_of)


def _node(one: Json, radius: Json, told: "_Told", change: str) -> Node:
    name = one["id"]
    return Node(
        id=name,
        kind=one["resource"]["kind"],
        name=one["resource"]["name"],
        namespace=one["resource"]["namespace"] or "",
        layer=one["layer"],
        state=_state(one["presence"], is_culprit=name in told.culprits, is_affected=name in told.affected),
        presence=one["presence"],
        hops=one["hops"],
        blast=_blast(name, radius),
        change=change,
        findings=told.counts.get(name, 0),
        is_seed=one["isSeed"],
    )


def _part(note: Json) -> str:
    namespace = note.get("namespace")
    return f"{note['part']} in {namespace}" if namespace else str(note["part"])


def entity_id(resource: Json | None) -> str:
    """Return the id that the graph gives to an object."""
    if not resource:
        return ""
    return "/".join(part for part in (resource["kind"], resource["namespace"], resource["name"]) if part)


def all_findings(evidence: Json) -> list[tuple[str, Json]]:
    """Return hypotheses and findings, each once, with its anchor on the evidence page: the hypotheses first."""
    found: dict[str, tuple[str, Json]] = {}
    anchors: set[str] = set()
    for sort in ("hypothesis", "finding"):
        for one in evidence["hypotheses" if sort == "hypothesis" else "findings"]:
            anchor = _anchor(f"{sort}-{_UNSAFE.sub('-', one['ruleId'].lower()).strip('-')}", anchors)
            found.setdefault(f"{one['ruleId']}@{entity_id(one.get('subject'))}", (anchor, one))
    return list(found.values())


def _anchor(wanted: str, taken: set[str]) -> str:
    """Return the anchor as the evidence page makes it: with a number where there is one already."""
    anchor, number = wanted, 1
    while anchor in taken:
        number += 1
        anchor = f"{wanted}-{number}"
    taken.add(anchor)
    return anchor


@dataclass(frozen=True, slots=True)
class _Told:
    """What findings say of entities: which are culprits, where trouble shows, how many findings name each."""

    culprits: frozenset[str] = frozenset()
    affected: frozenset[str] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)


def _read_findings(evidence: Json) -> _Told:
    affected: set[str] = set()
    counts: dict[str, int] = defaultdict(int)
    for _, one in all_findings(evidence):
        named = names_of(one)
        if one["severity"] in _TROUBLE:
            affected |= named
        for name in named:
            counts[name] += 1
    culprits = frozenset(entity_id(one.get("culprit")) for one in evidence["hypotheses"])
    return _Told(culprits, frozenset(affected), counts)


def names_of(finding: Json) -> set[str]:
    """Return the ids of the entities a finding is about."""
    named = [finding.get("subject"), finding.get("culprit"), *finding.get("explains", [])]
    return {entity_id(one) for one in named if one}


def _state(presence: str, *, is_culprit: bool, is_affected: bool) -> str:
    if is_culprit:
        return "culprit"
    if presence != "present":
        return presence if presence in STATES else "unknown"
    return "affected" if is_affected else "present"


def _blast(name: str, radius: Json) -> str:
    up, down = name in radius["upstream"], name in radius["downstream"]
    if up and down:
        return "both"
    return "upstream" if up else "downstream" if down else ""


def _links(graph: Json, diff: Json | None, nodes: Mapping[str, Node]) -> Iterable[Link]:
    came = {one["id"] for one in diff["edgesAdded"]} if diff else set()
    before = {one["id"]: one["before"] for one in diff["edgesChanged"]} if diff else {}
    for one in graph["edges"]:
        if one["source"] in nodes and one["target"] in nodes:
            yield _link(one, "came" if one["id"] in came else before.get(one["id"], ""))
    for one in diff["edgesRemoved"] if diff else []:
        if one["source"] in nodes and one["target"] in nodes:
            yield _link(one, GONE)


def _link(one: Json, change: str) -> Link:
    origin = one["origin"]
    return Link(
        id=one["id"],
        source=one["source"],
        target=one["target"],
        relation=one["relation"].replace("_", " "),
        state=one["state"],
        confidence=one["confidence"],
        rationale=one["rationale"],
        note=one["note"],
        origin=f"{entity_id(origin['resource'])} {origin['fieldPath']}".strip() if origin else "",
        change=change,
    )


def _urgency(node: Node) -> tuple[Any, ...]:
    return list(STATES).index(node.state), node.hops, node.kind, node.namespace, node.name
