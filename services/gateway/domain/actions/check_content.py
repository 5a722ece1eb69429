"""Decide whether what is proposed can be meant: each verb with what it needs, no shell, no secret in plain sight."""

import re
from collections.abc import Iterator

from services.gateway.domain.records import Action, ManualPayload
from shared.contracts.action import CommandPayload, KubernetesPayload
from shared.redaction import find_secret, find_secret_argument
from shared.remediation_parameters import check_change

_LEADING = 6
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "tcsh", "cmd", "cmd.exe", "powershell", "pwsh"})
# Controls, and marks that turn the direction of text: with them a person reads another thing than a machine does.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
_KEEP_OUT = "holds {}: it would be kept for ever; name where the secret is instead"
_READ_ALIKE = "holds characters that nobody sees, or that turn the direction of text"


def check_content(action: Action) -> dict[str, list[str]]:
    """Return every problem of a proposal by its place; empty if there is none. No value is repeated in it."""
    problems: dict[str, list[str]] = {}
    for place, text in _check(action):
        problems.setdefault(place, []).append(text)
    return problems


def _check(action: Action) -> Iterator[tuple[str, str]]:
    words = {
        "title": action.title,
        "rationale": action.rationale,
        "rollback": action.rollback,
        "expectedEffect": action.expected_effect,
    }
    for place, text in words.items():
        yield from _check_text(place, text)
    match action.payload:
        case KubernetesPayload() as change:
            yield from check_change(change)
            yield from _check_parameters(change)
        case CommandPayload() as command:
            yield from _check_command(command)
        case ManualPayload() as work:
            yield from _check_text("payload.instructions", work.instructions)


def _check_text(place: str, text: str) -> Iterator[tuple[str, str]]:
    if found := find_secret(text):
        yield place, _KEEP_OUT.format(found)
    if _UNSEEN.search(text):
        yield place, _READ_ALIKE


def _check_parameters(change: KubernetesPayload) -> Iterator[tuple[str, str]]:
    place = "payload.parameters"
    texts = list(_texts(change.parameters))
    if found := next((found for text in texts if (found := find_secret(text))), None):
        yield place, _KEEP_OUT.format(found)
    if any(map(_UNSEEN.search, texts)):
        yield place, _READ_ALIKE


def _check_command(command: CommandPayload) -> Iterator[tuple[str, str]]:
    # A wrapper such as `env` or `sudo` names the program after it.
    programs = [word.replace("\\", "/").rpartition("/")[2].lower() for word in command.argv]
    if any(word in _SHELLS for word in programs[:_LEADING]):
        yield "payload.argv", "must name the program itself: a shell would read more into its arguments"
    if found := find_secret_argument(command.argv):
        yield "payload.argv", _KEEP_OUT.format(found)
    if any(map(_UNSEEN.search, command.argv)):
        yield "payload.argv", _READ_ALIKE
    yield from _check_text("payload.target", command.target)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            # A name and its value together say more than each alone: `password` and what follows.
            yield f"{key}={inner}" if isinstance(inner, str) else key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
