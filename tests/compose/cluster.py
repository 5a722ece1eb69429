"""The stand-in API server as the program of a container: `python -m tests.compose.cluster` serves until Ctrl-C."""

import contextlib
import threading

from tests.support.kube_api import serve
from tests.support.kube_small_cluster import SHOP, a_cluster
from tests.support.kube_world import KubeWorld
from tests.support.kube_writes import WritableKube

HOST, PORT = "cluster", 8001


def a_held_cluster() -> KubeWorld:
    """Return a cluster with a node that is never emptied: a budget lets one of its pods go, and no other."""
    world = a_cluster()
    selector = {"selector": {"matchLabels": {"app": "checkout"}}}
    world.add("PodDisruptionBudget", "checkout", SHOP, spec=selector, status={"disruptionsAllowed": 1})
    return world


if __name__ == "__main__":
    with serve(WritableKube(a_held_cluster()), "0.0.0.0", PORT), contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
