"""What the gateway counts and shows to Prometheus; ``docs/metrics.md`` names every metric and its promise."""

from services.gateway.api.metrics.metrics import Metrics

__all__ = ["Metrics"]
