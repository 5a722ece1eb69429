"""Read the policy of commands from disk, and find its programs there."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from services.actions.domain.commands.file import LARGEST_FILE, PolicyInvalid, parse_policy
from services.actions.domain.commands.policy import CommandPolicy


def read_policy(file: Path) -> CommandPolicy:
    """Return the policy in ``file``; raise ``PolicyInvalid`` with all that is wrong and where."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        return parse_policy(content.decode(), str(file), locate)
    except OSError as error:
        raise PolicyInvalid(f"{file}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise PolicyInvalid(f"{file}: is not UTF-8") from None


def locate(name: str, search_path: Sequence[str]) -> str | None:
    """Return the path of the program ``name``, absolute or on ``search_path``; None where it cannot be run.

    The caller's own PATH is never asked.
    """
    places = [name] if name.startswith("/") else [f"{folder.rstrip('/')}/{name}" for folder in search_path]
    return next((place for place in places if _is_program(place)), None)


def _is_program(place: str) -> bool:
    try:
        return stat.S_ISREG(Path(place).stat().st_mode) and os.access(place, os.X_OK)
    except OSError:
        return False
