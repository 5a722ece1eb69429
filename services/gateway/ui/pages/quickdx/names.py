"""What the last inventory offers to choose from, narrowed by what is chosen already."""

from collections.abc import Iterator
from typing import Any

from services.gateway.ui.pages.quickdx.kubectl import Named, NotNamed

CHOICES = ("context", "namespace", "kind", "name")
_USUAL_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "Ingress", "Node")

Chosen = dict[str, str]
Inventory = dict[str, Any]


class Offer:
    """The contexts, namespaces, kinds and names there are, for what is chosen; all empty without an inventory."""

    def __init__(self, inventory: Inventory, chosen: Chosen) -> None:
        content = inventory.get("content") or {}
        self._clusters: list[dict[str, Any]] = content.get("clusters", [])
        self.chosen = chosen
        self.kinds: tuple[str, ...] = _with(content.get("kinds") or _USUAL_KINDS, chosen["kind"])
        self.problem: str = content.get("problem", "")
        self._listed_kinds: tuple[str, ...] = tuple(content.get("kinds") or ())

    @property
    def contexts(self) -> tuple[str, ...]:
        """All contexts, and the one that is chosen."""
        return _with([one["context"] for one in self._clusters], self.chosen["context"])

    @property
    def namespaces(self) -> list[str]:
        """Those of the context; of all contexts while none is chosen."""
        return sorted({name for one in self._near() for name in one.get("namespaces", [])})

    @property
    def names(self) -> list[str]:
        """The names of the kind in the namespace; each once."""
        namespace, kind = self.chosen["namespace"], self.chosen["kind"]
        found = (
            one["names"]
            for one in self._objects()
            if one["kind"] == kind and (not namespace or one.get("namespace") == namespace)
        )
        return sorted({name for names in found for name in names})

    @property
    def is_cut(self) -> bool:
        """Answer whether there are more names of the kind than are listed."""
        return any(one.get("isCut") for one in self._objects() if one["kind"] == self.chosen["kind"])

    @property
    def missing(self) -> str:
        """What is chosen and is not among the names, in words; empty where it is, or could not be listed.

        The widest of what is missing: of what is in a namespace that is not there nothing else is worth saying.
        """
        if not self._clusters or self.problem:
            return ""
        if not self._near():
            return f"Context {self.chosen['context']}"
        # Of a cluster that answered nothing, nobody knows.
        return "" if any(one.get("problem") for one in self._near()) else next(self._missing_there(), "")

    @property
    def unlisted(self) -> list[tuple[str, str]]:
        """What could not be listed, and why: it may exist all the same."""
        whole = [(one["context"], one["problem"]) for one in self._clusters if one.get("problem")]
        parts = [
            (f"{kind} of {one['context']}", reason)
            for one in self._clusters
            for kind, reason in one.get("unread", {}).items()
        ]
        return whole + parts

    def complete(self, named: Named) -> dict[str, Any]:
        """Return what was named with its context and namespace, found where they were left out.

        Raises ``NotNamed`` where there are several that may be meant, or none.
        """
        context = named.context or self._only_context()
        namespace = named.namespace
        if namespace is None and not named.is_cluster_wide:
            namespace = self._only_namespace(context, named)
        return {"context": context, "namespace": namespace, "kind": named.kind, "name": named.name}

    def _only_context(self) -> str:
        if self.chosen["context"]:
            return self.chosen["context"]
        if len(self.contexts) == 1:
            return self.contexts[0]
        known = f" Known are {', '.join(self.contexts)}." if self.contexts else ""
        raise NotNamed(f"Which context? Add --context NAME.{known}")

    def _only_namespace(self, context: str, named: Named) -> str | None:
        found = [
            one.get("namespace")
            for cluster in self._clusters
            if cluster["context"] == context
            for one in cluster.get("objects", [])
            if one["kind"] == named.kind and named.name in one["names"]
        ]
        if len(found) == 1:
            return str(found[0]) if found[0] is not None else None
        where = f" It is in {', '.join(str(one) for one in found)}." if found else ""
        raise NotNamed(f"Which namespace? Add -n NAME.{where}")

    def _missing_there(self) -> Iterator[str]:
        _, namespace, kind, name = (self.chosen[one] for one in CHOICES)
        if namespace and namespace not in self.namespaces and self._is_read("Namespace"):
            yield f"Namespace {namespace}"
        if kind and self._listed_kinds and kind not in self._listed_kinds:
            yield f"Kind {kind}"
        if name and kind and name not in self.names and self._is_read(kind) and not self.is_cut:
            yield f"{kind} {name}" + (f" in namespace {namespace}" if namespace else "")

    def _is_read(self, kind: str) -> bool:
        return not any(kind in one.get("unread", {}) for one in self._near())

    def _near(self) -> list[dict[str, Any]]:
        context = self.chosen["context"]
        return [one for one in self._clusters if not context or one["context"] == context]

    def _objects(self) -> Iterator[dict[str, Any]]:
        return (one for cluster in self._near() for one in cluster.get("objects", []))


def _with(known: Any, chosen: str) -> tuple[str, ...]:
    return (*known, *([chosen] if chosen and chosen not in known else []))
