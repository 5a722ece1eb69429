"""A delivery that kills whoever reads it costs itself only, and ends."""

import os
import signal
import subprocess
from pathlib import Path

import msgspec

from services.gateway.domain.records import DeliveryState, JobState
from tests.integration.jobs.rig import ROOT, Rig, pool_of, running_rig

FIRING = (ROOT / "data" / "samples" / "alertmanager" / "01_firing.json").read_bytes()
POISON = FIRING + b" " * (20 << 10)


def _make_deadly(rig: Rig, worker: subprocess.Popen[bytes]) -> None:
    """Kill the worker's pool whenever it fetches the poison, which is too big to travel inline."""
    get_blob = rig.blobs.get

    def kill_and_get(digest: str) -> bytes:
        for pid in pool_of(worker):
            os.kill(pid, signal.SIGKILL)
        return get_blob(digest)

    rig.blobs.get = kill_and_get  # type: ignore[method-assign]


def test_a_delivery_that_kills_its_worker_is_dead_lettered_and_the_rest_goes_on(tmp_path: Path) -> None:
    with running_rig(tmp_path) as rig, rig.worker() as worker:
        rig.wait_for_hello()
        _make_deadly(rig, worker)
        before = rig.accept(FIRING)
        poison = rig.accept(POISON)
        after = [rig.accept(msgspec.json.encode(msgspec.json.decode(FIRING) | {"n": n})) for n in range(20)]

        good = rig.wait_until_done([before, *after])
        (bad,) = rig.wait_until_done([poison])

        assert {delivery.state for delivery in good} == {DeliveryState.PROCESSED}
        assert (bad.state, bad.code) == (DeliveryState.QUARANTINED, "worker_lost")
        job = rig.job(poison)
        assert (job.state, job.attempt) == (JobState.FAILED, job.max_attempts)
        assert rig.relay.stats().queues["intake"].dead_lettered_total == 1
