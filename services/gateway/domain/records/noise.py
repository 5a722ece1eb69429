"""Noise: how many signals came, hour by hour, and what became of them, for each source and rule."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record


class Noise(Record, frozen=True, kw_only=True):
    """The counts of one hour, source and rule, as one lane of the gateway counted them.

    Lanes exist so that reports recorded at the same time never wait for each other; whoever reads adds them up.
    ``rule_id`` is empty where no rule decided. ``outcomes`` counts signals by outcome, ``repeats`` those of them
    that said nothing new.
    """

    KIND: ClassVar[str] = "noise"

    hour: datetime
    source: str
    rule_id: str = ""
    lane: int
    deliveries: int = 0
    signals: int = 0
    repeats: int = 0
    outcomes: dict[str, int] = {}

    @property
    def record_id(self) -> str:
        """Hour, source, rule and lane."""
        return f"{self.hour:%Y%m%d%H}/{self.source}/{self.rule_id}/{self.lane}"

    def facets(self) -> Facets:
        """Listed by source and rule, by hour."""
        return Facets(parent=self.rule_id or None, tag=self.source, at=self.hour)
