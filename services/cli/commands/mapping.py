"""`faultline mapping`: where the generic endpoint looks for each field of a signal."""

from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from services.cli.commands.previews import await_preview, print_preview
from services.cli.options import connect, json_option
from services.cli.parameters import read_json_object
from services.cli.render import Column, json_wanted, print_fields, print_json, print_table
from services.cli.text import when

# What `mapping show --json` says of a version beside its paths.
_SHOWN = ("version", "changedBy", "changedAt")
_COLUMNS: list[Column] = [("field", lambda row: row["field"]), ("paths", lambda row: row["paths"])]


@click.group()
def mapping() -> None:
    """Where the generic endpoint looks for each field of a signal."""


@mapping.command("show")
@json_option
def show_mapping() -> None:
    """Show the paths in force; a field that is not named keeps its defaults."""
    _print_mapping(connect().get("/api/mapping"))


@mapping.command("set")
@click.argument("file", type=click.File("rb"))
@json_option
def set_mapping(file: BinaryIO) -> None:
    """Put the paths in FILE (JSON; - for standard input) into force for what is read from now on."""
    _print_mapping(connect().put("/api/mapping", _read_mapping(file)))


@mapping.command("try")
@click.argument("file", type=click.File("rb"))
@json_option
def try_mapping(file: BinaryIO) -> None:
    """Read the last 20 deliveries of the generic endpoint by the paths in FILE. Nothing is changed."""
    client = connect()
    started = client.post("/api/mapping/try", _read_mapping(file))
    print_preview(await_preview(client, started["previewId"]))


def _read_mapping(file: BinaryIO) -> dict[str, Any]:
    """Return the body; the file may also be one of ``FAULTLINE_INTAKE_MAPPING_FILE``, which is paths alone."""
    found = read_json_object(file)
    if "paths" not in found:
        return {"paths": {field: [path] if isinstance(path, str) else path for field, path in found.items()}}
    return {name: value for name, value in found.items() if name not in _SHOWN}


def _print_mapping(found: dict[str, Any]) -> None:
    if json_wanted():
        print_json(found)
        return
    print_fields(
        [
            ("version", found["version"]),
            ("changed", when(found.get("changedAt"), datetime.now(UTC))),
            ("changed by", found.get("changedBy")),
        ]
    )
    click.echo()
    print_table(_COLUMNS, [{"field": field, "paths": paths} for field, paths in found["paths"].items()])
