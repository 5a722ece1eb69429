"""Turn what a rule proposes into the form of an action: a change of the cluster where its command is one.

What only reads, such as `kubectl logs`, changes nothing and needs nobody's approval: it is there to be copied.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.kube_names import SHORT_NAMES

_READS = frozenset({"logs", "describe", "get", "top", "events", "explain"})
_ROLLOUTS = {"undo": "rollback", "restart": "restart", "pause": "pause", "resume": "resume"}
_CHANGED = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "CronJob", "Node")
_KINDS = {kind.lower(): kind for kind in _CHANGED} | {
    short: kind for short, kind in SHORT_NAMES.items() if kind in _CHANGED
}
_FLAG = re.compile(r"--?(?P<name>[a-z-]+)(?:=(?P<value>.*))?", re.DOTALL)
_MOST_TITLE = 300

Fields = dict[str, str]


def only_reads(command: Sequence[str]) -> bool:
    """Answer whether a command changes nothing."""
    words = list(command[1:3])
    return command[:1] == ["kubectl"] and (words[:1] == ["rollout"] and words[1:] in (["status"], ["history"])) | (
        bool(words) and words[0] in _READS
    )


def proposal_fields(proposal: Mapping[str, Any], *, cluster: str, because: str) -> Fields:
    """Return the fields of the form that proposes this; what cannot be told from it is left for the person."""
    command = [str(word) for word in proposal.get("command") or ()]
    about = {"title": str(proposal.get("text") or "")[:_MOST_TITLE], "rationale": because}
    if risk := proposal.get("risk"):
        about["risk"] = str(risk)
    if change := _as_change(command):
        return {"type": "kubernetes", **change, "context": change.get("context") or cluster, **about}
    if command:
        return {"type": "command", "argv": "\n".join(command), "target": cluster, **about}
    return {"type": "manual", "instructions": str(proposal.get("text") or ""), **about}


def _as_change(command: Sequence[str]) -> Fields | None:
    """Return a command of kubectl as a change of one object; None where it is none we know."""
    if list(command[:1]) != ["kubectl"]:
        return None
    words, flags = _split(command[1:])
    reader = _READERS.get(words[0]) if words else None
    change = reader(words, flags) if reader else None
    if change is None:
        return None
    place = {"namespace": flags.get("n") or flags.get("namespace"), "context": flags.get("context")}
    return change | {name: value for name, value in place.items() if value}


def _split(words: Sequence[str]) -> tuple[list[str], Fields]:
    """Return the words of a command and its flags; `-n shop` and `--namespace=shop` alike."""
    plain: list[str] = []
    flags: Fields = {}
    waiting = ""
    for word in words:
        found = _FLAG.fullmatch(word)
        if found and found["value"] is None and found["name"] in {"n", "namespace", "context"}:
            waiting = found["name"]
        elif found:
            flags[found["name"]] = found["value"] or "true"
        elif waiting:
            flags[waiting], waiting = word, ""
        else:
            plain.append(word)
    return plain, flags


def _object(words: Sequence[str]) -> Fields | None:
    kind, slash, name = words[0].partition("/") if words else ("", "", "")
    if not slash and len(words) > 1:
        name = words[1]
    known = _KINDS.get(kind.lower().removesuffix("s") if kind.lower() not in _KINDS else kind.lower())
    return {"kind": known, "name": name} if known and name else None


def _rollout(words: Sequence[str], flags: Fields) -> Fields | None:
    thing = _object(words[2:])
    verb = _ROLLOUTS.get(words[1]) if len(words) > 1 else None
    if thing is None or verb is None:
        return None
    revision = {"revision": flags["to-revision"]} if verb == "rollback" and "to-revision" in flags else {}
    return {"verb": verb, **thing, **revision}


def _scale(words: Sequence[str], flags: Fields) -> Fields | None:
    thing = _object(words[1:])
    return {"verb": "scale", **thing, "replicas": flags.get("replicas", "")} if thing else None


def _node(words: Sequence[str], _: Fields) -> Fields | None:
    names = [word.removeprefix("node/") for word in words[1:] if word != "node"]
    return {"verb": words[0], "kind": "Node", "name": names[0]} if names else None


def _delete(words: Sequence[str], _: Fields) -> Fields | None:
    thing = _object(words[1:])
    return {"verb": "delete-pod", **thing} if thing and thing["kind"] == "Pod" else None


_READERS: Mapping[str, Callable[[Sequence[str], Fields], Fields | None]] = {
    "rollout": _rollout,
    "scale": _scale,
    "cordon": _node,
    "uncordon": _node,
    "drain": _node,
    "delete": _delete,
}
