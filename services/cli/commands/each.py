"""Do one thing to many records: with a bar, going on past refusals, and saying in the end what was refused."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.render import Column, json_wanted, print_json, print_table, progress

_FATAL = (ExitCode.UNREACHABLE, ExitCode.NOT_AUTHORISED)


def _job(item: dict[str, Any]) -> object:
    result = item.get("result", {})
    return result.get("jobId") or result.get("id")


_JOB: Column = ("job", _job)


def each(step: str, names: Sequence[str], do: Callable[[str], dict[str, Any]], *, result: Column = _JOB) -> None:
    """Call ``do`` for every name and print what ``result`` reads off it. One refusal does not stop the rest.

    Ends like its only refusal, or with FAILED after several; at once when the gateway is out of reach or the
    token may not do it.
    """
    results: list[dict[str, Any]] = []
    refusals: list[CommandFailed] = []
    with progress(step, len(names)) as report:
        for done, name in enumerate(names):
            report(step, done, len(names))
            try:
                results.append({"id": name, "result": do(name)})
            except CommandFailed as error:
                if error.exit_code in _FATAL or len(names) == 1:
                    raise
                refusals.append(error)
                results.append({"id": name, "problem": error.problem or {"title": error.message}})
    _print(results, result)
    if refusals:
        codes = {error.exit_code for error in refusals}
        code = ExitCode(codes.pop()) if len(codes) == 1 else ExitCode.FAILED
        raise CommandFailed(f"{len(refusals)} of {len(names)} were refused; the first: {refusals[0].message}", code)


def _print(results: list[dict[str, Any]], result: Column) -> None:
    if json_wanted():
        print_json({"items": results})
    elif results:
        print_table([("of", lambda item: item["id"]), result, ("problem", _problem)], results)
    else:
        click.echo("nothing to do", err=True)


def _problem(item: dict[str, Any]) -> object:
    problem = item.get("problem", {})
    return problem.get("detail") or problem.get("title")
