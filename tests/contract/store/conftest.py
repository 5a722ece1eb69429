from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.json_store import open_json_store
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_store import MemoryStore


class TickingClock:
    """Goes on by a millisecond each time it is asked."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time


@pytest.fixture
def clock():
    return TickingClock()


@pytest.fixture(params=["memory", "json"])
def store(request, tmp_path, clock):
    """Every store passes these tests; adding a store adds one name above and one line below."""
    opened = MemoryStore(clock) if request.param == "memory" else open_json_store(tmp_path, clock=clock)
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "files"])
def blobs(request, tmp_path, clock):
    return MemoryBlobs(clock) if request.param == "memory" else FileBlobs(tmp_path / "blobs")
