"""A broker in memory: it passes the queue's behaviour suite, and tests look into it."""

import threading

from services.gateway.errors import BrokerUnavailable
from shared.contracts.messages import NormaliseDeliveries, decode_normalise_deliveries


class FakeJobQueue:
    """Implements ``ports.JobQueue`` with a list. ``problem`` makes it refuse everything, as a dead broker would."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.published: list[tuple[str, str, bytes]] = []
        self._changed = threading.Condition()

    def publish(self, task: str, message: bytes, *, queue: str) -> None:
        """Keep the message; see ``JobQueue``."""
        with self._changed:
            if self.problem is not None:
                raise BrokerUnavailable(self.problem)
            self.published.append((task, queue, message))
            self._changed.notify_all()

    def health(self) -> str | None:
        """Return the problem, if any."""
        return self.problem

    def close(self) -> None:
        """Nothing is held open."""

    def messages(self) -> list[NormaliseDeliveries]:
        """Return everything published, decoded, oldest first."""
        with self._changed:
            return [decode_normalise_deliveries(message) for _, _, message in self.published]

    def wait_for(self, count: int, *, seconds: float = 10.0) -> list[NormaliseDeliveries]:
        """Return the messages once there are at least ``count``; fail if there are not in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.published) >= count, seconds):
                raise AssertionError(f"{len(self.published)} messages were published, not {count}")
        return self.messages()
