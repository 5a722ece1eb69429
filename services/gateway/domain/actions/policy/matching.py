"""Decide which actions a part of the policy is about, and which environment an action is in."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from services.gateway.domain.records import Action, ActionRisk, ActionType
from shared.contracts.action import KubernetesVerb
from shared.contracts.base import Contract

UNKNOWN_ENVIRONMENT = "unknown"
"""What an action is in that no environment of the policy takes in."""


class Environment(Contract, frozen=True, kw_only=True):
    """Which contexts, and which namespaces of them, go by one name; an empty list takes in all."""

    name: str
    contexts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()

    def takes_in(self, action: Action) -> bool:
        """Answer whether ``action`` may touch it.

        What is in no one namespace (a node, or a command, whose arguments nobody reads here) counts as being in all.
        """
        place = _place_of(action)
        if place is None:
            return False
        namespace = action.kubernetes.namespace if action.kubernetes is not None else None
        return is_one_of(place, self.contexts) and (namespace is None or is_one_of(namespace, self.namespaces))


class ActionMatch(Contract, frozen=True, kw_only=True):
    """Which actions something is about: those that all its lists match. An empty list matches all.

    ``contexts`` and ``namespaces`` are patterns in which ``*`` stands for anything; the other lists hold words.
    """

    risks: tuple[ActionRisk, ...] = ()
    types: tuple[ActionType, ...] = ()
    verbs: tuple[KubernetesVerb, ...] = ()
    contexts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    def matches(self, action: Action, environments: Iterable[str]) -> bool:
        """Answer whether it is about ``action``, which is in ``environments``.

        Only changes of a cluster have a verb and a namespace. Their context is matched, and the target of a command.
        """
        found = self.reasons(action, environments)
        return all(name in found for name in _LISTS if getattr(self, name))

    def reasons(self, action: Action, environments: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return by name what of ``action`` each list matches, leaving out those that are empty or match nothing."""
        words = {name: found for name, found in _words_of(action, environments).items() if getattr(self, name)}
        matched = {
            name: tuple(word for word in found if is_one_of(word, getattr(self, name))) for name, found in words.items()
        }
        return {name: found for name, found in matched.items() if found}


_LISTS = ("risks", "types", "verbs", "contexts", "namespaces", "environments")


def is_one_of(word: str, patterns: Iterable[str]) -> bool:
    """Answer whether one of ``patterns`` matches ``word``, or there is none."""
    wanted = tuple(patterns)
    return not wanted or any(fnmatchcase(word, pattern) for pattern in wanted)


def level_of(action: Action) -> ActionRisk:
    """Return the risk whose rule ``action`` goes by: its own, or the next where its newest dry run showed nothing."""
    seen = next((one for one in reversed(action.previews) if one.target_digest or one.no_preview), None)
    if seen is None or seen.no_preview is None:
        return action.risk
    levels = list(ActionRisk)
    return levels[min(levels.index(action.risk) + 1, len(levels) - 1)]


def _words_of(action: Action, environments: Iterable[str]) -> dict[str, tuple[str, ...]]:
    place, change = _place_of(action), action.kubernetes
    return {
        # Of one that nobody could preview, both its own and the one it goes by: either asks what it asks.
        "risks": tuple(dict.fromkeys((str(action.risk), str(level_of(action))))),
        "types": (str(action.type),),
        "verbs": (str(change.verb),) if change is not None else (),
        "contexts": (place,) if place is not None else (),
        "namespaces": (change.namespace or "",) if change is not None else (),
        "environments": tuple(environments),
    }


def _place_of(action: Action) -> str | None:
    """Return where it happens: the context of a change, the target of a command; None of what a person does."""
    if action.kubernetes is not None:
        return action.kubernetes.context
    return action.command.target if action.command is not None else None
