"""Read how people name an object to kubectl: what they have in a shell, a chat or a ticket, pasted as it is."""

import shlex
from dataclasses import dataclass

from shared.kube_names import SHORT_NAMES

# Plurals that are not the kind with an s.
_PLURALS = {"ingresses": "Ingress", "networkpolicies": "NetworkPolicy", "storageclasses": "StorageClass"}
_CLUSTER_WIDE = frozenset({"PersistentVolume", "StorageClass", "Node", "Namespace", "PriorityClass", "GatewayClass"})
_OTHERS = ("Job", "Secret", "Gateway", "HTTPRoute")
_KINDS = {
    **{word: kind for kind in {*SHORT_NAMES.values(), *_OTHERS} for word in (kind.lower(), f"{kind.lower()}s")},
    **_PLURALS,
    **SHORT_NAMES,
}
_PROGRAMS = frozenset({"kubectl", "k", "oc", "faultline", "dx"})
_PROMPTS = frozenset({"$", "#", ">", "%"})
_VERBS = frozenset(
    {"get", "describe", "logs", "log", "exec", "edit", "delete", "attach", "port-forward", "scale", "rollout"}
    | {"status", "history", "restart", "undo", "cordon", "uncordon", "drain", "debug", "top", "label", "annotate", "cp"}
)
# These take the name of a pod, or of a node, where no kind is named, and have words of their own after it.
_OF_PODS = frozenset({"logs", "log", "exec", "attach", "port-forward", "debug"})
_OF_NODES = frozenset({"cordon", "uncordon", "drain"})
_VALUED = frozenset(
    {"-o", "--output", "-l", "--selector", "-c", "--container", "--tail", "--since", "--replicas", "--kubeconfig"}
    | {"--cluster", "--user", "--as", "--field-selector", "--sort-by", "--timeout"}
)
_PLACES = {"-n": "namespace", "--namespace": "namespace", "--context": "context"}
_PARTS = 2


class NotNamed(ValueError):
    """The words name no one object; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Named:
    """What was named, as far as it was."""

    kind: str
    name: str
    namespace: str | None = None
    context: str | None = None

    @property
    def is_cluster_wide(self) -> bool:
        """Answer whether it belongs to no namespace."""
        return self.kind in _CLUSTER_WIDE


def read_named(text: str) -> Named:
    """Return what ``deploy/checkout -n shop --context prod``, ``-n shop pod checkout-1`` or a line of kubectl names.

    Of several lines the first that says anything counts. Raises ``NotNamed``.
    """
    line = next((one.strip() for one in text.splitlines() if one.strip()), "")
    try:
        words = shlex.split(line)
    except ValueError:
        raise NotNamed("A quote in it has no end.") from None
    places, plain = _sort_out(words)
    kind, name = _kind_and_name(plain)
    namespace = None if kind in _CLUSTER_WIDE else places.get("namespace")
    return Named(kind, name, namespace, places.get("context"))


def find_kind(word: str) -> str | None:
    """Return the kind people mean by ``deploy``, ``deployments.apps`` or ``Deployment``; None for none that is known.

    A word that begins like a kind of the cluster's own, with a capital, is taken as it is.
    """
    plain = word.partition(".")[0]
    return _KINDS.get(plain.lower()) or (plain if plain[:1].isupper() else None)


def _sort_out(words: list[str]) -> tuple[dict[str, str], list[str]]:
    places: dict[str, str] = {}
    plain: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            break
        flag, equals, value = word.partition("=")
        if flag in _PLACES:
            places[_PLACES[flag]] = value if equals else next(rest, "")
        elif flag in _VALUED and not equals:
            next(rest, None)
        elif word.startswith("-n") and not word.startswith("--"):
            places["namespace"] = word[2:]
        elif not word.startswith("-"):
            plain.append(word)
    return {name: value for name, value in places.items() if value}, plain


def _kind_and_name(plain: list[str]) -> tuple[str, str]:
    while plain and (plain[0] in _PROMPTS or plain[0] in _PROGRAMS):
        plain = plain[1:]
    verbs = []
    while plain and plain[0] in _VERBS:
        verbs.append(plain[0])
        plain = plain[1:]
    implied = "Pod" if _OF_PODS & {*verbs} else "Node" if _OF_NODES & {*verbs} else None
    if implied:
        plain = [plain[0] if "/" in plain[0] else f"{implied}/{plain[0]}"] if plain else []
    if not plain:
        raise NotNamed("Name one object, such as deploy/checkout -n shop.")
    return _split(plain)


def _split(plain: list[str]) -> tuple[str, str]:
    word, _, name = plain[0].partition("/")
    if not name and len(plain) == _PARTS:
        name = plain[1]
    elif len(plain) > 1:
        raise NotNamed("It names several things. Name one object, such as deploy/checkout -n shop.")
    if not word or not name or "/" in name:
        raise NotNamed(f"{' '.join(plain)!r} is no KIND/NAME, such as deploy/checkout.")
    kind = find_kind(word)
    if kind is None:
        raise NotNamed(f"{word!r} is no kind that is known here. Write its Kind with a capital, such as Deployment.")
    return kind, name
