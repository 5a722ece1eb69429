"""Choose the ports and the socket of a run, and refuse what is taken before anything is started."""

import errno
import hashlib
import os
import socket
from pathlib import Path

from services.cli.errors import CommandFailed
from shared.adapters.private_folder import FolderNotPrivate, make_private_folder

# sun_path holds 108 bytes with its closing zero.
_LONGEST_SOCKET_PATH = 107
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - recognised here, not bound.


def claim_port(
    setting: str,
    host: str,
    port: int,
    *,
    avoid: frozenset[int] = frozenset(),
    kept: frozenset[int] = frozenset(),
    zero: str = "picks a free one",
) -> int:
    """Return ``port`` if it can be listened on at ``host``, or for 0 any that is free, and not ``kept``.

    Raises ``CommandFailed``, which says why not and names ``setting``; ``zero`` is what it says of a setting of 0.
    """
    if port == 0:
        return find_free_port(host, avoid | kept, setting=setting)
    problem = _why_not(setting, host, port)
    if problem is None and port not in avoid:
        return port
    hint = f"Set {setting} to another port (0 {zero})."
    raise CommandFailed(f"Port {port} on {host} {problem or 'is wanted twice'}. {hint}")


def find_port_near(setting: str, host: str, port: int, avoid: frozenset[int]) -> int:
    """Return ``port`` if it can be listened on at ``host`` now, else any other that can; never one of ``avoid``."""
    is_free = port not in avoid and _why_not(setting, host, port) is None
    return port if is_free else find_free_port(host, avoid, setting=setting)


def find_free_port(host: str, avoid: frozenset[int] = frozenset(), *, setting: str = "FAULTLINE_PORT") -> int:
    """Return a port nothing listens on. Somebody may still take it before our child does; then that child says so.

    Raises ``CommandFailed``, which names the setting of the host beside ``setting``.
    """
    while True:
        try:
            with _bound(host, 0) as probe:
                port: int = probe.getsockname()[1]
        except OSError as error:
            raise _bad_host(setting, host, error) from error
        if port not in avoid:
            return port


def url_of(host: str, port: int) -> str:
    """Return the URL under which this machine reaches a listener at ``host``."""
    reachable = _WILDCARDS.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def broker_socket_path(folder: Path) -> Path:
    """Return where the broker's socket goes: in ``folder``, or in a short private folder if that path is too long.

    The short folder's name depends only on ``folder``, so that a killed run leaves none that is not used again.
    Raises ``CommandFailed`` where something else has that name.
    """
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    try:
        return make_private_folder(digest) / "valkey.sock"
    except FolderNotPrivate as error:
        raise CommandFailed(f"{error}. Remove it, or set FAULTLINE_DATA_DIR to a shorter path.") from error


def _bad_host(setting: str, host: str, error: OSError) -> CommandFailed:
    # Each port's address has the setting of the same name.
    named = f"{setting.removesuffix('_PORT')}_HOST"
    return CommandFailed(f"Cannot listen on {host}: {error.strerror or error}. Set {named}.")


def _why_not(setting: str, host: str, port: int) -> str | None:
    try:
        _bound(host, port).close()
    except socket.gaierror as error:
        raise _bad_host(setting, host, error) from error
    except OSError as error:
        words = {errno.EADDRINUSE: "is taken", errno.EACCES: "needs more rights than you have"}
        return words.get(error.errno or 0, f"cannot be used: {error.strerror}")
    return None


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    probe = socket.socket(family, kind, protocol)
    try:
        # As servers do: connections that linger from a run before do not count, listeners do.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    except OSError:
        probe.close()
        raise
    return probe
