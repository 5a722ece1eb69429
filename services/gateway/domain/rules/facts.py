"""What rules and silences see of a signal."""

from collections.abc import Mapping
from functools import cached_property

import cel

from services.gateway.domain.records import Signal
from shared.contracts.signal import NormalisedSignal

# The names a condition may use after ``signal.``.
FIELDS = (
    *("source", "fingerprint", "name", "title", "description", "severity", "status"),
    *("service", "namespace", "cluster", "dedupKey", "labels", "annotations", "link"),
)


class Facts:
    """One signal, as it was reported or as it is known. What is absent is the empty string."""

    def __init__(self, signal: NormalisedSignal | Signal) -> None:
        self._signal = signal
        grouped, labels = signal.group_labels, signal.labels
        self.labels: Mapping[str, str] = labels
        self.source = signal.source
        self.name = signal.name
        self.severity = str(signal.severity)
        self.service = signal.service or ""
        self.namespace = grouped.get("namespace") or labels.get("namespace") or ""
        self.cluster = grouped.get("cluster") or labels.get("cluster") or ""
        self.dedup_key = signal.dedup_key or ""

    @property
    def signal(self) -> NormalisedSignal | Signal:
        """The signal itself."""
        return self._signal

    @cached_property
    def context(self) -> cel.Context:
        """The signal as conditions see it; made once, because making it costs far more than asking it."""
        signal = self._signal
        return cel.Context(
            {
                "signal": {
                    "source": self.source,
                    "fingerprint": signal.fingerprint,
                    "name": self.name,
                    "title": signal.title,
                    "description": signal.description,
                    "severity": self.severity,
                    "status": str(signal.status),
                    "service": self.service,
                    "namespace": self.namespace,
                    "cluster": self.cluster,
                    "dedupKey": self.dedup_key,
                    "labels": dict(signal.labels),
                    "annotations": dict(signal.annotations),
                    "link": signal.link or "",
                },
            },
        )

    def value_of(self, field: str) -> str | None:
        """Return the value of a field by its name in ``FIELDS``, or of ``labels.<name>``; None for no such label."""
        if field.startswith("labels."):
            return self.labels.get(field.removeprefix("labels."))
        if field == "dedupKey":
            return self.dedup_key
        value = getattr(self, field, None)
        if value is None:
            value = getattr(self._signal, field, None)
        return None if value is None else str(value)
