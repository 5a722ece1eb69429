"""The stand-in API server as the program of a container: `python -m tests.compose.cluster` serves until Ctrl-C."""

import contextlib
import threading

from tests.support.kube_api import serve
from tests.support.kube_small_cluster import a_cluster
from tests.support.kube_writes import WritableKube

HOST, PORT = "cluster", 8001

if __name__ == "__main__":
    with serve(WritableKube(a_cluster()), "0.0.0.0", PORT), contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
