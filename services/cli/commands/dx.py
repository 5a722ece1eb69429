"""`faultline dx`: diagnose an object, a namespace or a cluster from here, without a gateway."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.cli.diagnosis_view import show_diagnosis
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import json_option
from services.cli.render import json_wanted, print_json, progress
from shared.adapters.clock import SystemClock
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, Verdict
from shared.errors import AppError
from shared.ports import Clock

if TYPE_CHECKING:
    from services.graph.domain.walking.target import TargetName
    from services.graph.ports import ClusterSource

_EXIT_CODES = {
    Verdict.HEALTHY: ExitCode.OK,
    Verdict.UNHEALTHY: ExitCode.FAILED,
    Verdict.CANNOT_TELL: ExitCode.UNREACHABLE,
    Verdict.NOT_ALLOWED: ExitCode.NOT_AUTHORISED,
    Verdict.NOT_FOUND: ExitCode.NOT_FOUND,
}
_folder = click.Path(path_type=Path, exists=True, file_okay=False)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to look: a cluster, the time its data is of, and the namespace it works in if it has one."""

    source: "ClusterSource"
    clock: Clock
    home: str | None


@dataclass(frozen=True, slots=True)
class _SnapshotClock:
    """Says when the snapshot was taken: how long something lasts is judged by that, not by today."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@click.command()
@click.argument("target", nargs=-1, metavar="[KIND/NAME | KIND NAME]")
@click.option("--context", "context_name", help="The context of the kubeconfig; by default the current one.")
@click.option("--kubeconfig", type=_file, help="Another kubeconfig.")
@click.option("--snapshot", type=_folder, help="Read a folder written by `faultline snapshot` instead of a cluster.")
@click.option("-n", "--namespace", help="The namespace; by default the context's.")
@click.option("-A", "--all-namespaces", is_flag=True, help="Diagnose the whole cluster.")
@click.option("-o", "--output", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True)
@click.option("-v", "--verbose", is_flag=True, help="Show the arithmetic, all evidence, and advice.")
@json_option
def dx(  # noqa: PLR0913 - one parameter an option, as click has it.
    target: tuple[str, ...],
    context_name: str | None,
    kubeconfig: Path | None,
    snapshot: Path | None,
    namespace: str | None,
    *,
    all_namespaces: bool,
    output: str,
    verbose: bool,
) -> None:
    """Say what is wrong with an object, and why: deploy/checkout, pod checkout-1, svc/cart.

    Without a name it diagnoses the namespace, with -A the whole cluster. It only reads, and needs no gateway. Ends with
    0 if all is well, 1 if something is wrong, 3 if that cannot be told, 4 if the account may not look, 5 if there is no
    such thing.
    """
    if snapshot and (context_name or kubeconfig):
        raise click.UsageError("--snapshot reads no cluster: leave out --context and --kubeconfig.")
    if all_namespaces and (target or namespace):
        raise click.UsageError("--all-namespaces takes neither a name nor --namespace.")
    with _graph_extra():
        wanted = _parse(target)
        place = _open_snapshot(snapshot) if snapshot else _open_live(context_name, kubeconfig)
        try:
            diagnosis = _diagnose(place, wanted, namespace, all_namespaces=all_namespaces)
        finally:
            place.source.close()
        _print(diagnosis, "json" if json_wanted() else output, verbose=verbose)
    if isinstance(diagnosis.verdict, Verdict):
        click.get_current_context().exit(_EXIT_CODES[diagnosis.verdict])


@contextmanager
def _graph_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        text = f"This needs the graph extra ({error.name} is not installed): pip install 'faultline[graph]'."
        raise CommandFailed(text, ExitCode.USAGE) from error
    except AppError as error:
        raise CommandFailed(str(error), ExitCode.USAGE) from error


def _parse(words: tuple[str, ...]) -> "TargetName | None":
    from services.graph.domain.walking.target import NoSuchTarget, parse_target  # noqa: PLC0415 - of an extra.

    try:
        return parse_target(words)
    except NoSuchTarget as error:
        raise click.UsageError(str(error)) from error


def _open_live(context_name: str | None, kubeconfig: Path | None) -> _Place:
    from services.graph.adapters.home_namespace import home_namespace  # noqa: PLC0415 - of an extra.

    open_live_cluster = import_module("services.graph.adapters.live_cluster").open_live_cluster
    source: ClusterSource = open_live_cluster(context_name, kubeconfig)
    return _Place(source, SystemClock(), home_namespace(context_name, kubeconfig))


def _open_snapshot(folder: Path) -> _Place:
    source: ClusterSource = import_module("services.graph.adapters.snapshot").open_snapshot(folder)
    taken_at = getattr(getattr(source, "manifest", None), "taken_at", None)
    clock = _SnapshotClock(taken_at) if isinstance(taken_at, datetime) else SystemClock()
    # A snapshot works in no namespace.
    return _Place(source, clock, None)


def _diagnose(place: _Place, wanted: "TargetName | None", namespace: str | None, *, all_namespaces: bool) -> Diagnosis:
    if wanted is None:
        where = None if all_namespaces else namespace or place.home
        return _scope(place, [where] if where else None)
    from services.graph.handlers.diagnose import DEFAULT_LIMITS, diagnose_resource  # noqa: PLC0415 - of an extra.
    from services.graph.handlers.find_target import namespaces_of  # noqa: PLC0415 - of an extra.

    kind, name, home = wanted.kind, wanted.name, place.home or "default"
    spaces = [namespace] if namespace else namespaces_of(place.source, kind, name, home, DEFAULT_LIMITS)
    if len(spaces) > 1:
        raise click.UsageError(f"There are several: give -n with one of {', '.join(spaces)}.")
    resource = DiagnosedResource(
        cluster=place.source.name, namespace=spaces[0] if kind.is_namespaced else None, kind=kind.name, name=name
    )
    with progress("read the cluster") as report:
        return diagnose_resource(
            place.source, resource, clock=place.clock, version=metadata.version("faultline"), progress=report
        )


def _scope(place: _Place, namespaces: list[str] | None) -> Diagnosis:
    from services.graph.handlers.diagnose_scope import Step, diagnose_scope  # noqa: PLC0415 - of an extra.

    steps = diagnose_scope(place.source, namespaces, clock=place.clock, version=metadata.version("faultline"))
    with progress("read the cluster") as report:
        for step in steps:
            if not isinstance(step, Step):
                return step
            report(step.text, step.done, step.total)
    raise AssertionError("a diagnosis comes last")


def _print(diagnosis: Diagnosis, output: str, *, verbose: bool) -> None:
    from services.graph.domain.report.markdown import render_markdown  # noqa: PLC0415 - of an extra.

    if output == "json":
        print_json(diagnosis)
    elif output == "markdown":
        click.echo(render_markdown(diagnosis), nl=False)
    else:
        show_diagnosis(diagnosis, verbose=verbose)
