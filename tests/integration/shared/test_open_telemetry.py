"""Spans on their way out: to a collector that is there or is not, to a file of many processes, and across a fork."""

import http.server
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared.adapters.tracing import open_tracer
from shared.ports import SpanKind
from tests.support.product import ROOT
from tests.support.trace_files import read_spans

Received = list[tuple[str, ExportTraceServiceRequest]]
SECONDS = 60.0

WRITE_MANY = """
import sys
from pathlib import Path
from shared.adapters.tracing import open_tracer
from shared.ports import SpanKind

tracer = open_tracer(Path(sys.argv[1]), service=sys.argv[2], version="0")
for number in range(1_000):
    with tracer.begin("work", SpanKind.INTERNAL, attributes={"faultline.padding": "x" * 2_000, "number": number}):
        pass
tracer.close()
"""
FORK = """
import os, sys
from pathlib import Path
from shared.adapters.tracing import open_tracer
from shared.ports import SpanKind

tracer = open_tracer(Path(sys.argv[1]), service="forks", version="0")
tracer.begin("before", SpanKind.INTERNAL).end()
if not (child := os.fork()):
    tracer.begin("in the child", SpanKind.INTERNAL).end()
    tracer.close()
    os._exit(0)
os.waitpid(child, 0)
tracer.begin("after", SpanKind.INTERNAL).end()
tracer.close()
"""
IMPORTS = """
import sys
from shared.adapters.jobs_in_hand import JobsInHand
import services.{service}.{root} as root

found = sorted(name for name in sys.modules if name.partition(".")[0] in ("opentelemetry", "google"))
assert not found, found
"""


def run(code: str, *arguments: str, **env: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FAULTLINE_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, *arguments],
        cwd=ROOT, env=clean | env, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture
def collector() -> Iterator[tuple[str, Received]]:
    received: Received = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()


def test_spans_go_to_the_collector_that_the_standard_variables_name(
    collector: tuple[str, Received], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, received = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    tracer = open_tracer("otlp", service="intake", version="1.2.3")
    with tracer.begin("work", SpanKind.CONSUMER, attributes={"faultline.job_id": "job_1"}) as span:
        pass
    tracer.close()

    ((path, request),) = received
    (resource_spans,) = request.resource_spans
    (sent,) = resource_spans.scope_spans[0].spans
    named = {one.key: one.value.string_value for one in resource_spans.resource.attributes}
    assert path == "/v1/traces"
    assert (named["service.name"], named["service.version"]) == ("faultline-intake", "1.2.3")
    assert span.context is not None
    assert sent.span_id.hex() == span.context.split("-")[2]
    assert {one.key: one.value.string_value for one in sent.attributes} == {"faultline.job_id": "job_1"}


def test_processes_that_write_one_file_at_once_write_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    threads = [threading.Thread(target=run, args=(WRITE_MANY, str(file), f"writer-{one}")) for one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    spans = read_spans(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {one.service for one in spans} == {"faultline-writer-0", "faultline-writer-1"}
    assert len({one.span_id for one in spans}) == len(spans) == 2_000


def test_a_process_that_forks_has_a_tracer_of_its_own_on_both_sides(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    run(FORK, str(file))

    pids = {one.name: one.pid for one in read_spans(file)}
    assert set(pids) == {"before", "in the child", "after"}
    assert pids["before"] == pids["after"] != pids["in the child"]


def test_a_file_that_cannot_be_written_costs_its_spans_only(tmp_path: Path) -> None:
    tracer = open_tracer(tmp_path / "no-such-folder" / "traces.jsonl", service="tests", version="0")
    for _ in range(3):
        with tracer.begin("work", SpanKind.INTERNAL) as span:
            assert span.context is not None
    tracer.close()

    assert not (tmp_path / "no-such-folder").exists()


def test_a_variable_of_the_sdk_that_it_cannot_use_costs_the_spans_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    tracer = open_tracer("otlp", service="tests", version="0")

    with tracer.begin("work", SpanKind.INTERNAL) as span:
        assert span.context is None


def test_a_header_that_cannot_be_read_is_told_without_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization: Bearer the-key-of-a-collector")
    tracer = open_tracer("otlp", service="tests", version="0")
    with tracer.begin("work", SpanKind.INTERNAL):
        pass
    tracer.close()

    assert "a header of OTEL_EXPORTER_OTLP_HEADERS cannot be read" in caplog.text
    assert "the-key-of-a-collector" not in caplog.text


def test_a_caller_cannot_fill_the_log_with_a_long_parent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tracer = open_tracer(tmp_path / "traces.jsonl", service="tests", version="0")
    with tracer.begin("work", SpanKind.SERVER, parent="0" * 5_000, links=["0" * 5_000]) as span:
        assert span.context is not None
    tracer.close()

    assert not caplog.records


@pytest.mark.parametrize(("service", "root"), [("gateway", "main"), ("intake", "worker"), ("graph", "worker")])
def test_where_nothing_is_traced_open_telemetry_is_not_even_imported(service: str, root: str) -> None:
    told = {"FAULTLINE_BROKER_URL": "redis://127.0.0.1:1/0", "FAULTLINE_DOOR_KEY": "a-key-for-an-import-only"}
    run(IMPORTS.format(service=service, root=root), **told)
