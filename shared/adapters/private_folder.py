"""Folders in the machine's temporary one, which everybody may write in, that are this user's alone."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_PRIVATE = 0o700


class FolderNotPrivate(OSError):
    """Something stands there that others made, may look into, or can change."""


def private_path(name: str) -> Path:
    """Return where this user's folder of this ``name`` is, whether it has been made or not."""
    return Path(tempfile.gettempdir()) / f"faultline-{os.getuid()}-{name}"


def make_private_folder(name: str) -> Path:
    """Return this user's folder of this ``name``, closed to others; what is in it already stays.

    The name is the same at each start, so that a killed process leaves none that is not used again. Raises
    ``FolderNotPrivate`` for anything else of this name, and ``OSError`` if it cannot be made.
    """
    folder = private_path(name)
    with suppress(FileExistsError):
        folder.mkdir(mode=_PRIVATE)
    found = folder.lstat()
    # Anyone may make something of this name in the shared folder, a link to elsewhere among it.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != _PRIVATE:
        raise FolderNotPrivate(f"{folder} is not a private folder of this user")
    return folder
