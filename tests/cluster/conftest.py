"""Tests of any real cluster, read-only: `KUBECONFIG=… make test-cluster`. Nothing here runs otherwise."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.graph.adapters.home_namespace import home_namespace
from services.graph.adapters.live_cluster import open_live_cluster
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS
from services.graph.handlers.read_cluster import ReadPlan, read_inventory
from services.graph.ports import ClusterSource, Limits
from shared.adapters.clock import SystemClock

KUBECONFIG, CONTEXT = "CLUSTER_UNDER_TEST", "CONTEXT_UNDER_TEST"
collect_ignore_glob = [] if os.environ.get(KUBECONFIG) else ["test_*.py"]


@pytest.fixture(scope="session")
def source() -> Iterator[ClusterSource]:
    found = open_live_cluster(os.environ.get(CONTEXT) or None, Path(os.environ[KUBECONFIG]))
    yield found
    found.close()


@pytest.fixture(scope="session")
def home() -> str:
    """The namespace the context names: the only one an account with few rights may see anything of."""
    return home_namespace(os.environ.get(CONTEXT) or None, Path(os.environ[KUBECONFIG]))


@pytest.fixture(scope="session")
def inventory(source: ClusterSource, home: str | None) -> Inventory:
    return read_inventory(source, ReadPlan(KINDS, known=(home,)), Limits(), SystemClock().now)
