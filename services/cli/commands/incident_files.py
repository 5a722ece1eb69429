"""What `faultline incidents` reads from files and writes to them: diagnoses, reports, bundles."""

import hashlib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import connect, json_option
from services.cli.parameters import read_json_object
from services.cli.render import json_wanted, print_fields, print_json
from services.cli.text import when

# A long timeline takes its time to be read and packed before the first byte comes.
_EXPORT_SECONDS = 600.0
_MANIFEST = "manifest.json"
_output = click.Path(path_type=Path, dir_okay=False)


@click.command("diagnose")
@click.argument("incident")
@click.argument("file", type=click.File("rb"))
@json_option
def diagnose_incident(incident: str, file: BinaryIO) -> None:
    """Attach the diagnosis in FILE (JSON; - for standard input) to INCIDENT; doing it again changes nothing."""
    attached = connect().post(f"/api/incidents/{incident}/diagnoses", read_json_object(file))
    if json_wanted():
        print_json(attached)
        return
    resource = attached["resource"]
    parts = (resource.get("cluster"), resource.get("namespace"), resource["kind"], resource["name"])
    print_fields(
        [
            ("diagnosis", attached["id"]),
            ("resource", "/".join(str(part) for part in parts if part)),
            ("status", attached["status"]),
            ("not looked at", [note["part"] for note in attached["coverage"]]),
            ("severity", attached.get("severity")),
            ("summary", attached["summary"]),
            ("hypotheses", [f"{one['confidence']:.0%} {one['title']}" for one in attached["hypotheses"]]),
            ("attached", when(attached["attachedAt"], datetime.now(UTC))),
        ]
    )


@click.command("report")
@click.argument("incident")
@click.option("-o", "--output", type=_output, help="Write it to this file.")
@json_option
def report_incident(incident: str, output: Path | None) -> None:
    """Print the report of INCIDENT: a postmortem draft in Markdown, from the record alone."""
    text = connect().read_text(f"/api/incidents/{incident}/report")
    if output is not None:
        try:
            output.write_text(text, "utf-8")
        except OSError as error:
            raise CommandFailed(f"{output}: {error.strerror or error}") from error
    if json_wanted():
        print_json({"file": str(output)} if output else {"report": text})
    elif output is None:
        click.echo(text, nl=False)


@click.command("export")
@click.argument("incident")
@click.option("-o", "--output", type=_output, help="The .zip to write; INC-42.zip here if left out.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@json_option
def export_incident(incident: str, output: Path | None, *, overwrite: bool) -> None:
    """Write INCIDENT as a bundle that `python3 -I verify.py` checks without Faultline; see docs/export.md.

    Keep the manifest's digest or the chain head it prints somewhere else: they prove later that nothing changed.
    """
    client = connect()
    target = output or Path(f"INC-{client.get(f'/api/incidents/{incident}', {'redirect': 'false'})['number']}.zip")
    if target.exists() and not overwrite:
        raise CommandFailed(f"{target} is there already; --overwrite replaces it.", ExitCode.USAGE)
    headers = client.download(f"/api/incidents/{incident}/export", target, timeout_seconds=_EXPORT_SECONDS)
    digest = _manifest_digest(target)
    if digest != headers.get("Faultline-Manifest"):
        raise CommandFailed(f"{target} did not arrive as it was sent; export it again.", ExitCode.DAMAGED)
    sequence, _, head = headers.get("Faultline-Chain-Head", "").partition(" ")
    if json_wanted():
        print_json({"file": str(target), "manifest": digest, "chain": {"sequence": int(sequence), "hash": head}})
    else:
        print_fields([("file", str(target)), ("chain head", f"{sequence} {head}"), ("manifest", digest)])


def _manifest_digest(archive: Path) -> str:
    try:
        with zipfile.ZipFile(archive) as bundle:
            return hashlib.sha256(bundle.read(_MANIFEST)).hexdigest()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise CommandFailed(f"{archive} is not the bundle that was sent: {error}", ExitCode.DAMAGED) from error
