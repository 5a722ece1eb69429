"""A cluster that can be changed, over HTTP, and a client of it as the worker opens one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.actions.adapters.kube_writes import KubeCluster, open_cluster
from services.actions.handlers.execute import execute
from services.actions.handlers.preview import preview
from services.actions.ports import Pace
from shared.contracts.action import ApprovedChange, ExecutionOutcome, KubernetesPayload, StepsDone
from tests.support.kube_changes import CONTEXT
from tests.support.kube_rights import all_rights
from tests.support.kube_small_cluster import a_cluster
from tests.support.kube_writes import WritableKube, serve_writable_kube


@pytest.fixture
def kube() -> Iterator[WritableKube]:
    with serve_writable_kube(a_cluster(), all_rights()) as kube:
        yield kube


@pytest.fixture
def open_client(kube: WritableKube, tmp_path: Path) -> Iterator[Callable[[float], KubeCluster]]:
    opened: list[KubeCluster] = []

    def open_one(seconds: float = 20) -> KubeCluster:
        opened.append(open_cluster(CONTEXT, kube.write_kubeconfig(tmp_path / "kubeconfig"), seconds))
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture
def client(open_client: Callable[[], KubeCluster]) -> KubeCluster:
    return open_client()


class FakeTime:
    """A clock that only pauses move; ``on_pause`` may change the world meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self.on_pause: Callable[[], None] = lambda: None
        self.is_ending: Callable[[], bool] = lambda: False

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        self.on_pause()

    @property
    def pace(self) -> Pace:
        return Pace(lambda: self.now, self.pause, self.is_ending)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


class Doing:
    """Previews and executes as the worker does, and keeps what it was told on the way."""

    def __init__(self, client: KubeCluster, time: FakeTime) -> None:
        self.client = client
        self.time = time
        self.told: list[StepsDone] = []
        self.is_cancelled: Callable[[], bool] = lambda: False

    def approve(self, payload: KubernetesPayload) -> ApprovedChange:
        """Preview a change, and approve what was seen."""
        seen = preview(payload, self.client)
        assert seen.no_preview is None, seen.no_preview
        assert seen.target_digest
        return ApprovedChange(payload=payload, target_digest=seen.target_digest)

    def execute(self, approved: ApprovedChange, client: KubeCluster | None = None) -> ExecutionOutcome:
        return execute(
            approved, client or self.client, self.told.append, self.is_cancelled, self.time.pace
        )  # fmt: skip


@pytest.fixture
def doing(client: KubeCluster, time: FakeTime) -> Doing:
    return Doing(client, time)
