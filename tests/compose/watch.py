"""Every end of a container of a project, as the engine tells it while it happens."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import wait_until

KILLED = "137"


@dataclass(frozen=True, slots=True)
class Ending:
    """One container came to its end, or ran out of memory: then ``exit_code`` is None."""

    service: str
    exit_code: str | None


class Watch:
    """What was told since the watch began. The engine itself remembers the last few hundred events only."""

    def __init__(self, told: Path) -> None:
        self._told = told

    def endings(self) -> list[Ending]:
        """Return the ends of the services' own containers; those of `compose run` are left out."""
        events = [json.loads(line) for line in self._told.read_text("utf-8").splitlines()]
        found = [(one["Action"], one["Actor"]["Attributes"]) for one in events]
        return [
            Ending(given["com.docker.compose.service"], given["exitCode"] if action == "die" else None)
            for action, given in found
            if given.get("com.docker.compose.oneoff") != "True"
        ]

    def await_kills(self, count: int) -> None:
        """Wait until as many were told that ended by a signal that none can catch."""
        wait_until(lambda: self._kills() >= count, f"{count} kills to be told")

    def _kills(self) -> int:
        return sum(one.exit_code == KILLED for one in self.endings())


@contextmanager
def watching(project: str) -> Iterator[Watch]:
    """Listen to the engine until the block ends."""
    words = [f"label=com.docker.compose.project={project}", "type=container", "event=die", "event=oom"]
    filters = [word for one in words for word in ("--filter", one)]
    with tempfile.NamedTemporaryFile(prefix="endings-") as file:
        listener = subprocess.Popen(["docker", "events", *filters, "--format", "{{json .}}"], stdout=file)
        try:
            yield Watch(Path(file.name))
        finally:
            listener.terminate()
            listener.wait(10)
