"""The form of a proposal: the fields of each type and verb, as the contract of changes has them, and their JSON.

What cannot be read as what it should be is passed on as it was typed: the API says what is wrong, by its place.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.action import KubernetesVerb
from shared.remediation_parameters import kinds_of, parameter_names, required_parameters

TYPES = ("kubernetes", "command", "manual")
RISKS = ("low", "medium", "high", "critical")
# No number of the contract has more digits, and Python reads none of thousands.
_NUMBER = re.compile(r"-?[0-9]{1,15}")
VERBS = tuple(str(verb) for verb in KubernetesVerb)
_WORDS = ("title", "rationale", "rollback", "expectedEffect", "supersedes")
# Written in when it is proposed, so that nobody has to.
_WRITTEN_IN = frozenset({"restartedAt"})

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of a verb: ``sort`` is number, flag, text, choice, pairs (a line each, ``key=value``) or json."""

    name: str
    label: str
    sort: str
    hint: str = ""
    choices: tuple[str, ...] = ()
    is_required: bool = False


_PARAMETERS = {
    one.name: one
    for one in (
        Parameter("replicas", "Replicas", "number"),
        Parameter("revision", "Revision to go back to", "number", "as kubectl rollout history lists them"),
        Parameter("templateDigest", "Template digest", "text", "only where exactly that template is meant"),
        Parameter("images", "Images", "pairs", "container=image, a line each"),
        Parameter("container", "Container", "text"),
        Parameter("requests", "Requests", "pairs", "cpu=500m, a line each; cpu= removes one"),
        Parameter("limits", "Limits", "pairs", "memory=1Gi, a line each; memory= removes one"),
        Parameter("gracePeriodSeconds", "Grace period in seconds", "number"),
        Parameter("timeoutSeconds", "Give up after seconds", "number"),
        Parameter("force", "Also pods that nothing makes anew", "flag"),
        Parameter("deleteEmptyDirData", "Also pods that lose what they keep in emptyDir", "flag"),
        Parameter("patch", "Patch", "json", "JSON"),
        Parameter("patchType", "Type of patch", "choice", choices=("strategic", "merge", "json")),
        Parameter("propagation", "What it owns", "choice", choices=("background", "foreground", "orphan")),
        Parameter("manifest", "Manifest", "json", "JSON, with apiVersion, kind and metadata"),
    )
}


def parameters_of(verb: str) -> tuple[Parameter, ...]:
    """Return the fields of a verb; of one there is not, none."""
    if verb not in VERBS:
        return ()
    known, required = KubernetesVerb(verb), required_parameters(KubernetesVerb(verb))
    asked = (name for name in parameter_names(known) if name not in _WRITTEN_IN)
    return tuple(_named(name, is_required=name in required) for name in asked)


def kinds(verb: str) -> tuple[str, ...]:
    """Return the kinds a verb is of; empty: any."""
    return kinds_of(KubernetesVerb(verb)) if verb in VERBS else ()


def has_namespace(verb: str) -> bool:
    """Answer whether to ask for a namespace: nodes have none."""
    return kinds(verb) != ("Node",)


def as_proposal(form: Fields) -> dict[str, Any]:
    """Return the JSON of a filled form. Fields that were left empty are left out."""
    words = {name: form[name].strip() for name in _WORDS if form.get(name, "").strip()}
    risk = {"risk": form["risk"]} if form.get("risk") else {}
    type_ = form.get("type", "")
    return {"type": type_, **words, **risk, "payload": _PAYLOADS.get(type_, _no_payload)(form)}


def as_fields(action: Mapping[str, Any]) -> dict[str, str]:
    """Return an action, or the change that would undo one, as a filled form, to propose another like it."""
    payload = action["payload"]
    fields = {name: str(action[name]) for name in ("type", "risk", *_WORDS[:-1]) if action.get(name)}
    for name, value in payload.items():
        if name == "parameters":
            continue
        fields[name] = "\n".join(value) if name == "argv" else str(value or "")
    for name, value in (payload.get("parameters") or {}).items():
        if name in _PARAMETERS:
            fields[name] = _shown(_PARAMETERS[name], value)
    return fields


def _named(name: str, *, is_required: bool) -> Parameter:
    one = _PARAMETERS.get(name) or Parameter(name, name, "text")
    return Parameter(one.name, one.label, one.sort, one.hint, one.choices, is_required)


def _change(form: Fields) -> dict[str, Any]:
    verb = form.get("verb", "")
    place = {
        name: form[name].strip() for name in ("context", "namespace", "kind", "name") if form.get(name, "").strip()
    }
    if not has_namespace(verb):
        place.pop("namespace", None)
    given = ((one.name, _read(one, form.get(one.name, ""))) for one in parameters_of(verb))
    return {"verb": verb, **place, "parameters": {name: value for name, value in given if value is not None}}


def _command(form: Fields) -> dict[str, Any]:
    # An argument a line: nothing is quoted, nothing is guessed.
    argv = [line.rstrip("\r") for line in form.get("argv", "").strip("\r\n").split("\n")]
    return {"argv": [word for word in argv if word], "target": form.get("target", "").strip()}


def _manual(form: Fields) -> dict[str, Any]:
    return {"instructions": form.get("instructions", "").strip()}


def _no_payload(_: Fields) -> dict[str, Any]:
    return {}


_PAYLOADS = {"kubernetes": _change, "command": _command, "manual": _manual}


def _read(one: Parameter, typed: str) -> Any:
    text = typed.strip()
    if not text:
        return None
    match one.sort:
        case "number":
            return int(text) if _NUMBER.fullmatch(text) else text
        case "flag":
            return True
        case "pairs":
            return _pairs(text.splitlines())
        case "json":
            return _json(text)
    return text


def _pairs(lines: Iterable[str]) -> dict[str, str | None]:
    split = (line.partition("=") for line in lines if line.strip())
    return {key.strip(): value.strip() or None for key, _, value in split}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _shown(one: Parameter, value: Any) -> str:
    if one.sort == "pairs" and isinstance(value, Mapping):
        return "\n".join(f"{key}={'' if image is None else image}" for key, image in value.items())
    if one.sort == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    return "on" if value is True else str(value)
