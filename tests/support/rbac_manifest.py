"""Roles and bindings as a manifest writes them, with what its comments promise."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests.support.kube_rights import Rule

_FOR = re.compile(r"^ +# For: (.+)$")


@dataclass(frozen=True)
class GrantedRule:
    """A rule of a role, once for each place where it is bound.

    ``namespace`` None: the whole cluster. ``verbs_served`` are those its comment names.
    """

    role: str
    namespace: str | None
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    verbs_served: frozenset[str]

    def rights(self) -> Iterator[Rule]:
        """Yield each right it grants, one verb of one resource at a time."""
        for resource in self.resources:
            for verb in self.verbs:
                yield Rule((verb,), self.groups, (resource,), self.namespace)


def documents_of(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a manifest."""
    return [one for one in yaml.safe_load_all(file.read_text()) if one]


def granted_by(file: Path) -> tuple[GrantedRule, ...]:
    """Return every rule that a binding of the manifest grants, in the order of the file."""
    documents = documents_of(file)
    served = iter(_served_by(file.read_text()))
    found = []
    for role in (one for one in documents if one["kind"] == "ClusterRole"):
        # A rule without its comment would take the next one's: the test counts them.
        words = [next(served) for _ in role["rules"]]
        for binding in _bindings_of(documents, role["metadata"]["name"]):
            namespace = binding["metadata"].get("namespace")
            found += [
                GrantedRule(
                    role=role["metadata"]["name"],
                    namespace=namespace,
                    groups=tuple(rule["apiGroups"]),
                    resources=tuple(rule["resources"]),
                    verbs=tuple(rule["verbs"]),
                    verbs_served=verbs,
                )
                for rule, verbs in zip(role["rules"], words, strict=True)
            ]
    return tuple(found)


def count_promises(file: Path) -> int:
    """Return how many rules say which verbs they are for, in the line right above them."""
    return len(_served_by(file.read_text()))


def _bindings_of(documents: list[dict[str, Any]], role: str) -> list[dict[str, Any]]:
    kinds = {"RoleBinding", "ClusterRoleBinding"}
    return [one for one in documents if one["kind"] in kinds and one["roleRef"]["name"] == role]


def _served_by(text: str) -> list[frozenset[str]]:
    lines = text.splitlines()
    pairs = pairwise(lines)
    return [
        frozenset(found[1].split(", "))
        for line, after in pairs
        if (found := _FOR.match(line)) and after.lstrip().startswith("- apiGroups:")
    ]
