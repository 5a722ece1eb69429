"""What every Celery app of ours has in common."""

from types import SimpleNamespace

import billiard.pool
import pytest

from shared.adapters.celery_app import create_celery_app


def test_a_process_of_a_pool_waits_but_a_second_for_a_note_that_nobody_makes(monkeypatch: pytest.MonkeyPatch):
    """Without, a worker told to stop just as it hands out a task ends half a minute later."""
    create_celery_app("any", "redis://127.0.0.1:1")
    waits: list[float] = []
    monkeypatch.setattr(billiard.pool, "time", SimpleNamespace(sleep=waits.append))
    process = object.__new__(billiard.pool.Worker)
    process.on_ready_counter = SimpleNamespace(value=0)

    assert process._ensure_messages_consumed(completed=1) is False
    assert sum(waits) <= 1.01
    assert waits
