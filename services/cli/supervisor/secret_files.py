"""Keep a secret in a file only its owner can read: made once, the same ever after."""

import os
import secrets
from pathlib import Path


def read_or_make_secret(path: Path) -> str:
    """Return the secret in ``path``; make one of 256 bits if there is none. The file's mode is 0600 afterwards."""
    try:
        secret = path.read_text(encoding="ascii").strip()
        path.chmod(0o600)
    except FileNotFoundError:
        secret = ""
    return secret or _make(path)


def _make(path: Path) -> str:
    secret = secrets.token_urlsafe(32)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return secret
