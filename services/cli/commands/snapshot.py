"""`faultline snapshot`: keep a cluster as it is now in a folder, to be looked at later or elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import json_option
from services.cli.render import json_wanted, print_fields, print_json, print_table, progress

if TYPE_CHECKING:
    from services.graph.adapters.snapshot_files import Manifest
    from services.graph.ports import RawSource

# States, as coverage names them, that another try may mend.
_MAY_PASS = frozenset({"partial", "timeout", "unavailable"})
_READ = frozenset({"ok", "partial", "truncated"})
_COLUMNS = [
    (name, lambda row, name=name: row[name]) for name in ("kind", "namespace", "state", "count", "reason", "grant")
]


@click.command()
@click.option("--context", help="Context of the kubeconfig; without it the current one, or the pod's own account.")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Kubeconfig file instead of KUBECONFIG and ~/.kube/config.",
)
@click.option("-n", "--namespace", "namespaces", multiple=True, help="Only this namespace; may be given several times.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write, new or empty unless --resume.",
)
@click.option("--logs/--no-logs", "with_logs", default=True, show_default=True, help="With the ends of logs.")
@click.option(
    "--resume", is_flag=True, help="Go on with the snapshot in the folder: what it has whole is not read again."
)
@json_option
def snapshot(
    context: str | None,
    kubeconfig: Path | None,
    namespaces: tuple[str, ...],
    out: Path,
    *,
    with_logs: bool,
    resume: bool,
) -> None:
    """Write what the account may read of a cluster into a folder, without values of Secrets. The cluster is only read.

    Exits with 0 also where the account may not read everything: the table says what, and which right it lacks. With 1
    if a list broke off (--resume tries it again), with 3 if the cluster did not answer, with 4 if nothing may be read.
    """
    with _needs_graph(), _open(context, kubeconfig) as source:
        manifest = _write(source, out, namespaces or None, with_logs=with_logs, resume=resume)
    rows = [_row(entry) for entry in manifest.coverage]
    _print(manifest, rows, out)
    _judge(rows)


@contextmanager
def _needs_graph() -> Iterator[None]:
    """Word the errors of what reads clusters; it is imported in here, for most commands need none of it."""
    try:
        from shared.errors import AppError  # noqa: PLC0415

        yield
    except ImportError as error:
        raise CommandFailed(
            f"Reading clusters needs the extra `graph`: pip install 'faultline[graph]' ({error.name} is missing)."
        ) from error
    except AppError as error:
        code = ExitCode.USAGE if error.code == "snapshot_exists" else ExitCode.NOT_FOUND
        raise CommandFailed(f"{error.title}: {error.detail}" if error.detail else error.title, code) from error
    except OSError as error:
        raise CommandFailed(f"The snapshot cannot be written: {error}") from error


@contextmanager
def _open(context: str | None, kubeconfig: Path | None) -> Iterator["RawSource"]:
    from services.graph.adapters.live_cluster import LiveCluster, open_live_cluster  # noqa: PLC0415

    source = open_live_cluster(context, kubeconfig)
    try:
        if not isinstance(source, LiveCluster):
            raise CommandFailed("Only a live cluster can be written down.")
        yield source
    finally:
        source.close()


def _write(
    source: "RawSource", out: Path, namespaces: tuple[str, ...] | None, *, with_logs: bool, resume: bool
) -> "Manifest":
    from services.graph.adapters.snapshot_writer import SnapshotOrder, write_snapshot  # noqa: PLC0415

    order = SnapshotOrder(
        tool_version=version("faultline"),
        namespaces=tuple(dict.fromkeys(namespaces)) if namespaces else None,
        with_logs=with_logs,
        resume=resume,
    )
    with progress("reading the cluster") as report:
        return write_snapshot(source, out, order, lambda: datetime.now(UTC), report)


def _row(entry: Any) -> dict[str, Any]:  # noqa: ANN401 - of a package that is imported only when it is needed.
    grant = entry.grant
    return {
        "kind": entry.kind,
        "namespace": entry.namespace,
        "state": str(entry.state),
        "count": entry.count,
        "reason": entry.reason,
        "grant": f"{', '.join(grant.verbs)} {', '.join(grant.resources)}" if grant else "",
    }


def _print(manifest: "Manifest", rows: list[dict[str, Any]], out: Path) -> None:
    if json_wanted():
        print_json({"cluster": manifest.cluster, "takenAt": manifest.taken_at, "folder": str(out), "coverage": rows})
        return
    print_table(_COLUMNS, rows)
    print_fields(
        [
            ("cluster", manifest.cluster),
            ("objects", sum(row["count"] for row in rows)),
            ("lists read", sum(row["state"] in _READ for row in rows)),
            ("lists not read", sum(row["state"] not in {*_READ, "missing"} for row in rows)),
            ("folder", out),
        ]
    )


def _judge(rows: list[dict[str, Any]]) -> None:
    """Raise where the snapshot is not what an account with these rights could have."""
    states = {row["state"] for row in rows}
    if not states & _READ:
        if "forbidden" in states:
            raise CommandFailed("The account may read nothing of it.", ExitCode.NOT_AUTHORISED)
        raise CommandFailed("The cluster did not answer, or not as an API server does.", ExitCode.UNREACHABLE)
    broken = sorted({row["kind"] for row in rows if row["state"] in _MAY_PASS})
    if broken:
        raise CommandFailed(f"Not read whole: {', '.join(broken)}. With --resume, these are tried again.")
