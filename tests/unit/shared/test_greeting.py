"""A worker says that it is there, and at the end that it leaves."""

from pathlib import Path

from shared.adapters.door_client import DoorUnavailable
from shared.adapters.greeting import Greeter
from shared.contracts.messages import Hello
from tests.support.waiting import wait_until

HELLO = Hello(service="graph", worker="graph@here:1", version="1", queues=("graph",))


class Door:
    """Hears hellos, or is away."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.heard: list[Hello] = []
        self.is_away = is_away

    def hello(self, hello: Hello) -> None:
        self.heard.append(hello)
        if self.is_away:
            raise DoorUnavailable("nobody answers")


def test_it_says_hello_at_once_and_at_the_end_that_it_leaves():
    door = Door()
    greeter = Greeter(door, HELLO, lambda: ("prod",))  # type: ignore[arg-type]
    greeter.start()
    wait_until(lambda: door.heard, "a hello")
    greeter.stop()
    wait_until(lambda: len(door.heard) == 2, "a goodbye")

    assert [(one.clusters, one.is_leaving) for one in door.heard] == [(("prod",), False), ((), True)]


def test_a_gateway_that_is_away_keeps_no_worker_from_leaving(tmp_path: Path):
    door = Door(is_away=True)
    greeter = Greeter(door, HELLO, heard_file=tmp_path / "heard")  # type: ignore[arg-type]
    greeter.start()
    wait_until(lambda: door.heard, "a hello")
    greeter.stop()
    wait_until(lambda: door.heard[-1].is_leaving, "a goodbye")
    assert greeter._thread is not None
    greeter._thread.join(10)

    assert not greeter._thread.is_alive()
    assert not (tmp_path / "heard").exists()
