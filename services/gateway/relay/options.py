"""How the relay hands work."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """The settings of the same names say what each means; ``docs/jobs.md`` how they act together."""

    window: int = 8
    batch_limit: int = 64
    linger_seconds: float = 0.03
    lease_seconds: float = 5.0
