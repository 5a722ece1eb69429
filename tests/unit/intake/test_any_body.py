"""Whatever is in a body and beside it: signals, or a reason; never anything else."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain.errors import NotUnderstood
from services.intake.domain.reading import Reading
from shared.contracts.messages import DeliveryNormalised, encode
from tests.connectors.stories import NOW, SOURCES, STORIES

_WORDS = st.one_of(
    st.sampled_from(["data", "alert", "alerts", "issue", "event", "metric_alert", "payload", "id", "title", "message"]),
    st.sampled_from(["version", "1", "4", "trigger", "created", "create", "critical", "event_action", "summary"]),
    st.sampled_from(
        ["specversion", "1.0", "source", "type", "a.firing", "labels", "fingerprint", "dedup_key", "alias"]
    ),
    st.sampled_from(["tags", "action", "details", "\x00", "é", "$ID", ""]),
)
_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _WORDS
_JSON = st.recursive(
    _PLAIN | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=8), inner, max_size=6),
    max_leaves=25,
)
_CONTEXT = st.dictionaries(
    st.sampled_from(["action", "identifier", "identifier_type", "dedup_key", "content-type", "sentry-hook-resource"])
    | st.sampled_from(["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject"]),
    st.sampled_from(["change", "create", "close", "issue", "1.0", "application/cloudevents+json", "text/plain", "%ff"])
    | st.text(max_size=10),
    max_size=6,
)


@pytest.mark.parametrize("source", [*STORIES, "webhook"])
@settings(max_examples=150, deadline=None)
@given(found=_JSON, context=_CONTEXT)
def test_any_json_gives_signals_or_a_reason(source, found, context):
    check(source, msgspec.json.encode(found).decode(), context)


@pytest.mark.parametrize("source", [*STORIES, "webhook"])
@settings(max_examples=60, deadline=None)
@given(changes=st.dictionaries(_WORDS, _JSON, max_size=4), place=st.integers(0, 3))
def test_a_sample_with_wrong_parts_gives_signals_or_a_reason(source, changes, place):
    story = STORIES.get(source, STORIES["datadog"])[place]
    body = msgspec.json.decode(story.body)
    inner = next((value for value in body.values() if isinstance(value, dict)), body)
    inner.update(changes)
    check(source, msgspec.json.encode(body).decode(), story.headers | story.context)


@pytest.mark.parametrize("source", [*STORIES, "webhook"])
@settings(max_examples=40, deadline=None)
@given(body=st.binary(max_size=60))
def test_any_bytes_give_signals_or_a_reason(source, body):
    check(source, body, {})


def check(source: str, body: str | bytes, context: dict[str, str]) -> None:
    try:
        read = SOURCES[source](Reading(body, NOW, context))
    except NotUnderstood:
        return
    assert read.signals or read.changes
    for signal in read.signals:
        assert signal.title
        assert signal.name
        assert ":" in signal.fingerprint
        assert len(signal.labels) <= 64
    encode(
        DeliveryNormalised(
            job_id="j", attempt=1, delivery_id="d", signals=read.signals, changes=read.changes, warnings=read.warnings
        )
    )
