"""What a worker calls the clusters it can read, as it tells the gateway."""

from pathlib import Path

import pytest

from services.graph.adapters.known_names import KnownNames
from services.graph.adapters.kube_config import IN_CLUSTER, list_contexts
from services.graph.ports import ClusterSource
from shared.errors import AppError


class Book:
    """Clusters by name; ``problem`` stands for a kubeconfig that cannot be read."""

    def __init__(self, *names: str) -> None:
        self.listed = list(names)
        self.problem: AppError | None = None
        self.asked = 0

    def names(self) -> list[str]:
        self.asked += 1
        if self.problem is not None:
            raise self.problem
        return self.listed

    def snapshots(self) -> list[str]:
        return ["demo"]

    def open(self, name: str) -> ClusterSource:
        raise NotImplementedError(name)


def test_names_are_asked_for_once_a_minute() -> None:
    book, now = Book("prod"), [0.0]
    names = KnownNames(book, lambda: now[0])
    assert names() == ("prod",)
    book.listed = ["prod", "staging"]
    now[0] = 59.9
    assert (names(), book.asked) == (("prod",), 1)
    now[0] = 60.0
    assert (names(), book.asked) == (("prod", "staging"), 2)


def test_a_kubeconfig_that_cannot_be_read_leaves_the_snapshots() -> None:
    book = Book("demo", "prod")
    book.problem = AppError("it is no YAML")
    assert KnownNames(book, lambda: 0.0)() == ("demo",)


@pytest.mark.parametrize(("has_token", "named"), [(True, [IN_CLUSTER]), (False, [])])
def test_without_a_kubeconfig_a_pod_names_its_own_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_token: bool, named: list[str]
) -> None:
    monkeypatch.setattr("kubernetes.config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    if has_token:
        (tmp_path / "token").write_text("t")
    assert list_contexts(account=tmp_path) == named
