"""Read settings from the environment: typed, or refused with everything that is wrong at once."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from shared.errors import SettingsInvalid
from shared.settings.table import SETTINGS

_PREFIX = "FAULTLINE_"
# `FAULTLINE_DOOR_KEY_FILE` names a file that holds FAULTLINE_DOOR_KEY: how orchestrators hand out secrets.
_FILE = "_FILE"
_MOST_SECRET_BYTES = 4_096


def read_settings(environ: Mapping[str, str], names: Iterable[str], *, required: Iterable[str] = ()) -> dict[str, Any]:
    """Return the typed values of ``names``, keyed by name without the prefix, in lower case.

    A setting that is unset or empty has its default (None where there is none). A secret may stand in a file, which
    the variable of its name with ``_FILE`` at the end names. Raises ``SettingsInvalid`` naming every misspelt, missing
    or unusable variable at once; values of secrets are never repeated in it.
    """
    problems = [f"{name}: no such setting{_suggestion(name)}" for name in sorted(environ) if _is_misspelt(name)]
    environ = {**environ, **_secrets_in_files(environ, problems)}
    values: dict[str, Any] = {}
    for name in names:
        setting = SETTINGS[name]
        text = environ.get(name) or setting.default
        if text is None:
            values[_field(name)] = None
            continue
        try:
            values[_field(name)] = setting.parse(text)
        except ValueError as error:
            shown = "the value given" if setting.secret else repr(text)
            problems.append(f"{name}: {shown}: {error}")
    problems += [
        f"{name}: must be set. {SETTINGS[name].doc}"
        for name in required
        if not (environ.get(name) or SETTINGS[name].default)
    ]
    if problems:
        raise SettingsInvalid("\n".join(problems))
    return values


def _secrets_in_files(environ: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for variable in (name for name in sorted(environ) if _names_a_file(name) and environ[name]):
        name = variable.removesuffix(_FILE)
        if environ.get(name):
            problems.append(f"{variable}: {name} is set too; set one of them")
            continue
        try:
            with Path(environ[variable]).open("rb") as file:
                found[name] = file.read(_MOST_SECRET_BYTES).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{variable}: {error}")
            continue
        if not found[name]:
            problems.append(f"{variable}: the file {environ[variable]} is empty")
    return found


def _names_a_file(name: str) -> bool:
    setting = SETTINGS.get(name.removesuffix(_FILE)) if name.endswith(_FILE) else None
    return setting is not None and setting.secret


def _is_misspelt(name: str) -> bool:
    return name.startswith(_PREFIX) and name not in SETTINGS and not _names_a_file(name)


def _suggestion(name: str) -> str:
    close = get_close_matches(name, SETTINGS, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _field(name: str) -> str:
    return name.removeprefix(_PREFIX).lower()
