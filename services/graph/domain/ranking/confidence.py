"""How sure a conclusion is: a base, and steps up and down, each with its reason; the sum stays within 0.01 and 0.99."""

from dataclasses import dataclass

import msgspec

LEAST, MOST = 0.01, 0.99


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """A part of a confidence: how much, and why."""

    reason: str
    delta: float


@dataclass(frozen=True, slots=True)
class Confidence:
    """A sum that can be shown."""

    base: float
    steps: tuple[Step, ...] = ()

    @property
    def value(self) -> float:
        """The confidence, 0.01 to 0.99: nothing here is certain, and nothing is excluded."""
        total = self.base + sum(step.delta for step in self.steps)
        return round(min(MOST, max(LEAST, total)), 4)

    def step(self, delta: float, reason: str) -> "Confidence":
        """Return this with one step more."""
        return Confidence(self.base, (*self.steps, Step(reason, delta)))
