"""The private folder a worker's processes keep their counts in."""

import os
import stat
import tempfile
from pathlib import Path

_PRIVATE = 0o700


def empty_folder(name: str) -> Path:
    """Return a folder of this ``name`` in the machine's temporary one: ours, closed to others, and with nothing in it.

    The name is the same at each start, so that a killed worker leaves none that is not used again. Raises ``OSError``
    if there is none to be had.
    """
    folder = Path(tempfile.gettempdir()) / f"faultline-{os.getuid()}-{name}"
    folder.mkdir(mode=_PRIVATE, exist_ok=True)
    found = folder.lstat()
    # Anyone may make a folder of this name in the shared one.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != _PRIVATE:
        raise OSError(f"{folder} is not a private folder of this user")
    for file in folder.iterdir():
        file.unlink()
    return folder
