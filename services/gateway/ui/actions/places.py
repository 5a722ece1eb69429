"""Whether a worker could do what a form proposes, in words for the person who fills it in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
_CAN_WAIT = "It can be proposed and approved all the same, and is executed once one can."


@dataclass(frozen=True, slots=True)
class Lack:
    """Why it would not be executed now, and the settings of the actions worker that decide that."""

    text: str
    settings: tuple[str, ...] = ()


def find_lack(places: Json, kind: str, context: str) -> Lack | None:
    """Return what lacks for an action of this type, as ``GET /api/actions/places`` says; None where nothing does."""
    if kind == "kubernetes":
        return _of_cluster(places, context)
    if kind == "command":
        return _of_commands(places)
    return None


def _of_cluster(places: Json, context: str) -> Lack | None:
    clusters, problem = places["clusters"], places["problem"]
    if context in clusters or (clusters and not context):
        return _nobody_now(problem)
    what = f"No actions worker can change {context or 'a cluster'}"
    if clusters:
        settings = ("FAULTLINE_ACTIONS_KUBECONFIG", "FAULTLINE_ACTIONS_CONTEXTS")
        return Lack(f"{what}: those that can be changed are {', '.join(clusters)}. {_CAN_WAIT}", settings)
    why = f": {problem}" if problem else ""
    return Lack(f"{what}{why}. {_CAN_WAIT}", ("FAULTLINE_ACTIONS_KUBECONFIG",))


def _of_commands(places: Json) -> Lack | None:
    problem = places["problem"]
    if places["runsCommands"]:
        return _nobody_now(problem)
    why = f": {problem}" if problem else ""
    return Lack(f"No actions worker runs commands{why}. {_CAN_WAIT}", ("FAULTLINE_ACTIONS_COMMANDS",))


def _nobody_now(problem: str | None) -> Lack | None:
    return Lack(f"No actions worker is there now: {problem}. What is executed waits for one.") if problem else None
