"""Read the spans that the product's processes wrote to a file, and ask how they hang together."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Span:
    """One span as OpenTelemetry's own exporter wrote it down. Ids are hexadecimal, without ``0x``."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    service: str
    pid: int
    attributes: dict[str, Any]
    links: tuple[str, ...]
    is_error: bool

    def get(self, name: str) -> Any:
        """Return an attribute of ours; None where there is none."""
        return self.attributes.get(f"faultline.{name}")


def read_spans(file: Path) -> list[Span]:
    """Return every span of the file, in the order they were written; none where there is no file yet."""
    if not file.exists():
        return []
    # What ends without a line break is being written.
    return [_span(json.loads(line)) for line in file.read_bytes().split(b"\n")[:-1]]


def children(spans: Iterable[Span], parent: Span) -> list[Span]:
    """Return the spans right under ``parent``."""
    return [one for one in spans if (one.trace_id, one.parent_id) == (parent.trace_id, parent.span_id)]


def trace_of(file: Path, job_id: str, outside: str | None = None) -> list[Span]:
    """Return the spans of the trace of a job, once its result's is among them, and each with the one it is under.

    Each process writes its own, a little later. ``outside`` is a span that is not ours to write.
    """

    def found() -> list[Span]:
        spans = read_spans(file)
        results = [one for one in spans if one.name == "record result" and one.get("job_id") == job_id]
        of_trace = [one for one in spans if results and one.trace_id == results[-1].trace_id]
        known = {None, outside, *(one.span_id for one in of_trace)}
        return of_trace if {one.parent_id for one in of_trace} <= known else []

    wait_until(found, f"the trace of {job_id}")
    return found()


def one_named(spans: Iterable[Span], name: str) -> Span:
    """Return the one span of this name."""
    (found,) = [one for one in spans if one.name == name]
    return found


def chain(spans: list[Span], above: Span, task: str) -> tuple[Span, Span, Span]:
    """Return the one way from a span by the queue to what came of it: handed, worked on, recorded."""
    (handed,) = [one for one in children(spans, above) if one.name == f"hand {task}"]
    (worked,) = [one for one in children(spans, handed) if one.name == task]
    (recorded,) = [one for one in children(spans, worked) if one.name == "record result"]
    return handed, worked, recorded


def _span(read: dict[str, Any]) -> Span:
    resource = read["resource"]["attributes"]
    return Span(
        name=read["name"],
        kind=read["kind"].removeprefix("SpanKind.").lower(),
        trace_id=_hex(read["context"]["trace_id"]),
        span_id=_hex(read["context"]["span_id"]),
        parent_id=_hex(read["parent_id"]) if read["parent_id"] else None,
        service=resource["service.name"],
        pid=resource["process.pid"],
        attributes=read["attributes"],
        links=tuple(_hex(link["context"]["trace_id"]) for link in read["links"]),
        is_error=read["status"]["status_code"] == "ERROR",
    )


def _hex(text: str) -> str:
    return text.removeprefix("0x")
