"""Read the samples as the worker does: through its table of sources, with what the edge passes on."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from services.gateway.api.sources import SOURCES
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.mapping import Mapping
from services.intake.domain.normalised import Normalised
from services.intake.domain.reading import Reading
from services.intake.handlers import make_sources
from shared.contracts.signal import NormalisedSignal

SAMPLES = Path(__file__).parents[2] / "data/samples"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
_SOURCES = {source.name: source for source in SOURCES}
_READERS = make_sources(Mapping())


class Connector:
    """One source, read as it is wired."""

    def __init__(self, source: str) -> None:
        self.source = source

    def read(self, body: object, at: datetime = NOW, **context: str) -> Normalised:
        """Return what is read of a body: text and bytes as they are, anything else as JSON."""
        raw = body if isinstance(body, str | bytes) else msgspec.json.encode(body).decode()
        named = {name.replace("_", "-") if name.startswith("ce_") else name: value for name, value in context.items()}
        return _READERS[self.source](Reading(raw, at, named))

    def one(self, body: object, at: datetime = NOW, **context: str) -> NormalisedSignal:
        """Return the only signal of a body."""
        (signal,) = self.read(body, at, **context).signals
        return signal

    def read_sample(self, name: str, at: datetime = NOW, **context: str) -> Normalised:
        """Return what is read of a sample, with the headers the edge would pass on."""
        body = (SAMPLES / self.source / f"{name}.json").read_text()
        return _READERS[self.source](Reading(body, at, self.headers(name) | context))

    def sample(self, name: str, at: datetime = NOW, **context: str) -> NormalisedSignal:
        """Return the only signal of a sample."""
        (signal,) = self.read_sample(name, at, **context).signals
        return signal

    def body(self, name: str) -> dict[str, object]:
        """Return the decoded body of a sample that is an object."""
        return msgspec.json.decode((SAMPLES / self.source / f"{name}.json").read_bytes(), type=dict[str, object])

    def headers(self, name: str) -> dict[str, str]:
        """Return those headers of a sample that a reader is given."""
        path = SAMPLES / self.source / f"{name}.headers.json"
        given: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        spec = _SOURCES[self.source]
        wanted = {header.lower() for header in spec.headers}
        prefix = spec.header_prefix or "\0"
        found = ((header.lower(), value) for header, value in given.items())
        return {header: value for header, value in found if header in wanted or header.startswith(prefix)}

    def refusal(self, body: object, **context: str) -> NotUnderstood:
        """Return why a body is not understood."""
        with pytest.raises(NotUnderstood) as caught:
            self.read(body, NOW, **context)
        assert caught.value.reason
        return caught.value
