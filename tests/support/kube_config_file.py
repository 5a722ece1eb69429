"""A kubeconfig for tests: JSON, which is YAML too."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_kubeconfig(
    file: Path, servers: Mapping[str, tuple[str, Mapping[str, Any]]], current: str | None = None, **cluster: Any
) -> Path:
    """Write a context for each name in ``servers``, which has the server's address and the user; return the file.

    A user is for instance ``{"token": "…"}`` or ``{"exec": {…}}``; ``cluster`` has more fields of every cluster.
    """
    text = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url, **cluster}} for name, (url, _) in servers.items()],
        "users": [{"name": name, "user": dict(user)} for name, (_, user) in servers.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in servers],
    }
    if current != "":
        text["current-context"] = current or next(iter(servers))
    file.write_text(json.dumps(text))
    return file


def exec_user(program: Path, *arguments: str) -> dict[str, Any]:
    """Return a user whose credentials a program prints."""
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(program),
            "args": list(arguments),
            "interactiveMode": "Never",
        }
    }
