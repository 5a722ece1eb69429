"""Jobs in motion: what is handed to the broker, what came back, what was lost. Used by the gateway's wiring."""

from services.gateway.relay.errors import ClaimRefused
from services.gateway.relay.options import RelayOptions
from services.gateway.relay.relay import Relay
from services.gateway.relay.stats import QueueStats, RelayStats, Worker

__all__ = ["ClaimRefused", "QueueStats", "Relay", "RelayOptions", "RelayStats", "Worker"]
