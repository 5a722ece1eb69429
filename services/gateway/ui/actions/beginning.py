"""What the form of a proposal begins with: cluster, namespace and object, where the incident says which are meant.

Nothing is guessed. A kind and a name stand there only if the incident names exactly one object that the verb is of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.gateway.ui.actions.proposal import has_namespace, kinds

Json = Mapping[str, Any]
Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """An object that the incident names; of a namespace that is empty nothing is known."""

    kind: str
    namespace: str
    name: str


def begin(incident: Json, verb: str, given: Fields, clusters: Sequence[str]) -> dict[str, str]:
    """Return what to fill in beside ``given``, of a change of a cluster; a member may empty a field.

    ``given`` is what an address or the form itself says. What it has stays, but for a name of the incident's that no
    object of this verb bears. An address that names an object is taken as it is: only its cluster may be missing.
    ``clusters`` are those that can be changed.
    """
    filled = {} if "context" in given else {"context": _cluster(incident, clusters)}
    thing = _object(incident, verb, given)
    if "namespace" not in given and not given.get("name") and has_namespace(verb):
        filled["namespace"] = _namespace(incident)
    if thing is not None:
        filled |= {"kind": thing.kind, "name": thing.name}
        filled |= {"namespace": thing.namespace} if thing.namespace else {}
    elif _is_of_another_kind(incident, verb, given):
        filled["name"] = ""
    return filled


def _object(incident: Json, verb: str, given: Fields) -> Named | None:
    """Return the one object that is meant; None where the form says another, or more than one could be."""
    if given.get("name") and not _is_of_another_kind(incident, verb, given):
        return None
    found = _of_kinds(incident, verb)
    if len(found) != 1:
        return None
    only = found[0]
    has_other_kind = given.get("kind", only.kind) in kinds(verb) and given.get("kind", only.kind) != only.kind
    namespace = given.get("namespace") or only.namespace
    return None if has_other_kind or (only.namespace and namespace != only.namespace) else only


def _is_of_another_kind(incident: Json, verb: str, given: Fields) -> bool:
    """Answer whether the name that stands there is one of the incident's, and of no object of this verb."""
    name = given.get("name")
    is_known = any(one.name == name for one in _named(incident))
    return bool(name) and is_known and bool(kinds(verb)) and all(one.name != name for one in _of_kinds(incident, verb))


def _of_kinds(incident: Json, verb: str) -> list[Named]:
    by_name = {kind.casefold(): kind for kind in kinds(verb)}
    found = ((by_name.get(one.kind.casefold()), one) for one in _named(incident))
    return list(dict.fromkeys(Named(kind, one.namespace, one.name) for kind, one in found if kind))


def _named(incident: Json) -> Iterator[Named]:
    """Yield what is blamed, what was diagnosed, and what signals name; each may come more than once."""
    blamed = (one["culprit"] for one in incident["hypotheses"] if one["culprit"])
    diagnosed = (one["resource"] for one in incident["diagnoses"])
    for one in (*blamed, *diagnosed, *incident["entities"]):
        yield Named(str(one["kind"]), str(one["namespace"] or ""), str(one["name"]))


def _cluster(incident: Json, clusters: Sequence[str]) -> str:
    """Return the cluster as its last investigation called it, else as the incident does; else the only one there is."""
    named = dict.fromkeys(one["cluster"] for one in incident["entities"] if one["cluster"])
    said = incident["labels"].get("cluster") or (next(iter(named)) if len(named) == 1 else "")
    if incident["investigation"]:
        return str(incident["investigation"]["context"])
    if not said and not named and len(clusters) == 1:
        return clusters[0]
    return str(said)


def _namespace(incident: Json) -> str:
    named = dict.fromkeys(one.namespace for one in _named(incident) if one.namespace)
    return incident["labels"].get("namespace") or (next(iter(named)) if len(named) == 1 else "")
