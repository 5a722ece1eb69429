"""The surface of Faultline: everything a person or program outside can come to depend on, read off the code.

Settings, error codes, commands with their options, and the operations of the API. A change of it is a change
of behaviour, so ``docs_hook`` asks for its docs. ``docs/surface.json`` is the surface as last written down.
"""

import ast
import hashlib
import importlib
import importlib.util
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

Surface = dict[str, dict[str, str]]

# What documents an operation without changing what it does.
_PROSE = frozenset({"description", "summary", "tags", "example", "examples", "externalDocs"})


def read_surface() -> Surface:
    """Return kind → name → what it is, for the code in the current directory."""
    return {
        "settings": _settings(),
        "errorCodes": _error_codes(),
        "commands": _commands(),
        "operations": _operations(),
    }


def dump_surface(surface: Surface) -> str:
    """Return the text of ``docs/surface.json``: one item a line, so that changes merge and read well."""
    return json.dumps(surface, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _settings() -> dict[str, str]:
    from shared.settings import SETTINGS  # noqa: PLC0415 - of the tree that is looked at, not of this one

    return {
        setting.name: f"default {setting.default}" if setting.default is not None else "no default"
        for setting in SETTINGS.values()
    }


def _error_codes() -> dict[str, str]:
    from shared.errors import AppError  # noqa: PLC0415 - as above

    codes: dict[str, str] = {}
    for path in sorted([*Path("shared").glob("**/*.py"), *Path("services").glob("**/*.py")]):
        for name in _classes_with_a_code(path):
            kind = getattr(importlib.import_module(".".join(path.with_suffix("").parts)), name)
            if issubclass(kind, AppError):
                codes[kind.code] = f"HTTP {kind.http_status}"
    return codes


def _classes_with_a_code(path: Path) -> list[str]:
    """Return the classes of a file that set ``code``, without importing it."""
    return [
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and any(_sets_code(line) for line in node.body)
    ]


def _sets_code(line: ast.stmt) -> bool:
    match line:
        case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant()):
            return True
        case ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant()):
            return True
    return False


def _commands() -> dict[str, str]:
    if importlib.util.find_spec("services.cli") is None or importlib.util.find_spec("services.cli.main") is None:
        return {}
    import click  # noqa: PLC0415 - only the command line needs it

    root: click.Command = importlib.import_module("services.cli.main").cli
    found: dict[str, str] = {}

    def walk(command: click.Command, path: str, context: click.Context) -> None:
        words = [
            param.opts[0] if isinstance(param, click.Option) else str(param.name).upper() for param in command.params
        ]
        if not getattr(command, "hidden", False):
            found[path] = " ".join(words)
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                if child is not None:
                    walk(child, f"{path} {name}", click.Context(child, parent=context, info_name=name))

    walk(root, "faultline", click.Context(root, info_name="faultline"))
    return found


def _operations() -> dict[str, str]:
    document: dict[str, Any] = json.loads(print_openapi())
    parts = document.get("components", {})
    return {
        f"{method.upper()} {path}": _digest(operation, parts)
        for path, item in document.get("paths", {}).items()
        for method, operation in item.items()
        if method in {"get", "post", "put", "patch", "delete", "options", "head"}
    }


@cache
def print_openapi() -> str:
    """Return the OpenAPI document as the gateway prints it; an empty object where there is no API."""
    if importlib.util.find_spec("services.gateway") is None:
        return "{}\n"
    return subprocess.run(
        [sys.executable, "-m", "services.gateway.openapi"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _digest(operation: object, parts: dict[str, Any]) -> str:
    """Return a short hash of what an operation takes and gives, with everything it refers to."""
    text = json.dumps(_resolve(operation, parts, ()), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _resolve(node: object, parts: dict[str, Any], seen: tuple[str, ...]) -> object:
    if isinstance(node, list):
        return [_resolve(item, parts, seen) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        # A schema that contains itself ends at its own name.
        if reference in seen:
            return reference
        target: Any = {"components": parts}
        for step in reference.removeprefix("#/").split("/"):
            target = target.get(step, {})
        return _resolve(target, parts, (*seen, reference))
    return {key: _resolve(value, parts, seen) for key, value in node.items() if not _is_prose(key, value)}


def _is_prose(key: str, value: object) -> bool:
    # A property may well be called "description": prose is text, or a list of samples, not a schema.
    return key in _PROSE and not (isinstance(value, dict) and ("type" in value or "$ref" in value))


if __name__ == "__main__":
    sys.stdout.write(dump_surface(read_surface()))
