"""The tracer over OpenTelemetry's SDK: the only module that imports it. See ADR 24."""

import logging
import os
import threading
import time
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

import structlog
from opentelemetry import trace as api
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.ports import Attributes, Span, SpanKind, Tracer

log = structlog.get_logger(__name__)

# How long an end waits for the collector; what is not handed over by then is lost.
CLOSE_SECONDS = 2.0
# A collector that has not answered for so long is not waited for at the end.
_STUCK_SECONDS = 1.0
_FILE_DELAY_MILLISECONDS = 200
# A traceparent is 55 characters; of a later version it may be longer. The SDK warns of each that it finds too long.
_LONGEST_PARENT = 512
# As log files: nothing secret is meant to be in it, and nobody else's business it is.
_OWNER_ONLY = 0o600
_KINDS = {kind: api.SpanKind[kind.name] for kind in SpanKind}
_propagator = TraceContextTextMapPropagator()


def make_tracer(file: Path | None, *, service: str, version: str) -> Tracer:
    """Return a tracer that adds a line of JSON a span to ``file``, or sends spans where OTEL_EXPORTER_OTLP_* say.

    Both by a thread of its own, over a queue that drops what is too much; the SDK's variables (OTEL_BSP_*,
    OTEL_TRACES_SAMPLER and so on) hold. Nothing is connected to here.
    """
    if file is None:
        # It quotes a header that it cannot read, and what is in it is mostly a key.
        logging.getLogger("opentelemetry.util.re").addFilter(_without_values)
        if not logging.getLogger().isEnabledFor(logging.DEBUG):
            # It logs each failed batch, and each try; ours says once that it fails.
            logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
        exporter, delay = _Told(OTLPSpanExporter()), None
    else:
        exporter, delay = _Told(_ToFile(file)), _FILE_DELAY_MILLISECONDS
    names = {"service.namespace": "faultline", "service.name": f"faultline-{service}", "service.version": version}
    resource = Resource.create({**names, "process.pid": os.getpid()})
    # Ended by ``close``, within its time: the SDK's own end waits for up to half a minute.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=delay))
    return _SdkTracer(provider, exporter)


class _SdkTracer:
    is_on = True

    def __init__(self, provider: TracerProvider, exporter: "_Told") -> None:
        self._provider, self._exporter = provider, exporter
        self._tracer = provider.get_tracer("faultline")

    def begin(
        self,
        name: str,
        kind: SpanKind,
        *,
        parent: str | None = None,
        links: Sequence[str] = (),
        attributes: Attributes | None = None,
    ) -> Span:
        # In a context of its own: nothing but the parent's ids comes with it, so no baggage and no trace state.
        begun = self._tracer.start_span(
            name,
            context=_context_of(parent),
            kind=_KINDS[kind],
            attributes=attributes,
            links=[api.Link(api.get_current_span(_context_of(link)).get_span_context()) for link in links],
        )
        return _SdkSpan(begun)

    def close(self) -> None:
        if self._exporter.is_stuck:
            self._exporter.shutdown()
            return
        thread = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        thread.start()
        thread.join(CLOSE_SECONDS)


class _SdkSpan:
    def __init__(self, span: api.Span) -> None:
        self._span = span

    @property
    def context(self) -> str | None:
        ids = self._span.get_span_context()
        if not ids.is_valid:
            return None
        return f"00-{ids.trace_id:032x}-{ids.span_id:016x}-{ids.trace_flags:02x}"

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    def fail(self, code: str) -> None:
        self._span.set_attribute("error.type", code)
        self._span.set_status(api.StatusCode.ERROR)

    def end(self) -> None:
        # The SDK warns of a second end.
        if self._span.is_recording():
            self._span.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # Its type only: what an error says may quote a body.
            self.fail(getattr(error, "code", "") or type(error).__name__)
        self.end()


def _context_of(parent: str | None) -> Context:
    if not parent or len(parent) > _LONGEST_PARENT:
        return Context()
    return _propagator.extract({"traceparent": parent}, Context())


def _without_values(record: logging.LogRecord) -> bool:
    record.msg, record.args = "a header of OTEL_EXPORTER_OTLP_HEADERS cannot be read, and is left out", ()
    return True


class _LineFile:
    """Adds whole lines to a file that other processes add to as well: one write each, past any buffer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None

    def write(self, line: str) -> None:
        # Opened here, where what goes wrong costs spans and not the work they tell of.
        if self._file is None:
            self._file = FileIO(self._path, "a", opener=lambda path, flags: os.open(path, flags, _OWNER_ONLY))
        self._file.write(line.encode())

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class _ToFile(ConsoleSpanExporter):
    def __init__(self, path: Path) -> None:
        self._lines = _LineFile(path)
        super().__init__(out=cast("IO[str]", self._lines), formatter=lambda span: f"{span.to_json(indent=None)}\n")

    def shutdown(self) -> None:
        self._lines.close()


class _Told(SpanExporter):
    """Says once in the log that spans are not taken, and once that they are again."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._fails = False
        self._began: float | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether what is to take the spans failed last, or has not answered for a while."""
        began = self._began
        return self._fails or (began is not None and time.monotonic() - began > _STUCK_SECONDS)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        problem = ""
        self._began = time.monotonic()
        try:
            result = self._inner.export(spans)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs these spans and nothing else.
            result, problem = SpanExportResult.FAILURE, type(error).__name__
        finally:
            self._began = None
        fails = result is not SpanExportResult.SUCCESS
        if fails and not self._fails:
            log.warning("traces are not taken, and are dropped", spans=len(spans), problem=problem or None)
        elif self._fails and not fails:
            log.info("traces are taken again")
        self._fails = fails
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)
