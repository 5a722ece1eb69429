"""What every tracer promises, whether spans go anywhere or not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.tracing import NoTracer, open_tracer
from shared.errors import TransientError
from shared.ports import SpanKind, Tracer
from tests.support.spans_kept import KeptSpans

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
RUBBISH = ["rubbish", "00-0-0-01", "0" * 5_000, "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "ü", "00-a-b-c-d"]


@pytest.fixture(params=["none", "otlp", "file", "kept"])
def tracer(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracer]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    made: dict[str, Tracer] = {
        "none": NoTracer(),
        "otlp": open_tracer("otlp", service="tests", version="0"),
        "file": open_tracer(tmp_path / "traces.jsonl", service="tests", version="0"),
        "kept": KeptSpans(),
    }
    yield made[request.param]
    made[request.param].close()


def test_a_span_goes_on_from_its_parent(tracer: Tracer) -> None:
    span = tracer.begin("work", SpanKind.CONSUMER, parent=PARENT, links=[PARENT], attributes={"a": 1})
    span.end()

    if tracer.is_on:
        assert span.context is not None
        version, trace_id, span_id, _ = span.context.split("-")
        assert (version, trace_id) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736")
        assert len(span_id) == 16
        assert span_id != "00f067aa0ba902b7"
    else:
        assert span.context is None


@pytest.mark.parametrize("parent", RUBBISH)
def test_a_parent_that_cannot_be_read_is_none(tracer: Tracer, parent: str) -> None:
    with tracer.begin("work", SpanKind.SERVER, parent=parent) as span:
        assert (span.context is not None) == tracer.is_on

    if span.context is not None:
        assert "4bf92f3577b34da6a3ce929d0e0e4736" not in span.context


def test_what_is_said_late_or_twice_does_no_harm(tracer: Tracer) -> None:
    span = tracer.begin("work", SpanKind.INTERNAL)
    span.fail("a_code")
    span.end()
    span.end()
    span.note({"late": True})
    span.fail("late")


def test_an_error_goes_through_a_span(tracer: Tracer) -> None:
    with pytest.raises(TransientError, match="as it was"), tracer.begin("work", SpanKind.CLIENT):
        raise TransientError("as it was")


def test_it_can_be_closed_twice_and_what_begins_later_is_lost(tracer: Tracer) -> None:
    tracer.close()
    tracer.close()

    with tracer.begin("late", SpanKind.INTERNAL, parent=PARENT) as span:
        span.note({"a": "b"})
