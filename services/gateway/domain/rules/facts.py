"""What a rule sees of a signal: the same fields whether a worker just reported it or the store has kept it."""

from dataclasses import dataclass
from functools import cached_property

import cel

from services.gateway.domain.grouping import derive_dedup_key
from services.gateway.domain.records import Signal
from shared.contracts.signal import NormalisedSignal

LABELS = "labels"
LABEL_PREFIX = "labels."
_SMALL_CONTEXTS = 4

# A condition's word for a field, and the attribute of Facts that holds it. All are text; ``labels`` is the one map.
FIELDS = {
    "source": "source",
    "name": "name",
    "title": "title",
    "description": "description",
    "severity": "severity",
    "status": "status",
    "service": "service",
    "namespace": "namespace",
    "cluster": "cluster",
    "dedupKey": "dedup_key",
    "fingerprint": "fingerprint",
}


@dataclass(frozen=True)
class Facts:
    """One signal as rules see it. A field the signal lacks is the empty text; a label it lacks is not in ``labels``.

    Annotations are not among them: senders put long and changing words there.
    """

    source: str
    name: str
    title: str
    description: str
    severity: str
    status: str
    service: str
    namespace: str
    cluster: str
    dedup_key: str
    fingerprint: str
    labels: dict[str, str]
    report: NormalisedSignal

    @classmethod
    def of_report(cls, report: NormalisedSignal) -> "Facts":
        placed, labels = report.group_labels, report.labels
        return cls(
            source=report.source,
            name=report.name,
            title=report.title,
            description=report.description,
            severity=report.severity.value,
            status=report.status.value,
            service=report.service or placed.get("service") or "",
            namespace=placed.get("namespace") or labels.get("namespace") or "",
            cluster=placed.get("cluster") or labels.get("cluster") or "",
            dedup_key=report.dedup_key or "",
            fingerprint=report.fingerprint,
            labels=labels,
            report=report,
        )

    @classmethod
    def of_signal(cls, signal: Signal) -> "Facts":
        """Return what rules saw when the newest words about ``signal`` were reported."""
        return cls.of_report(
            NormalisedSignal(
                source=signal.source,
                fingerprint=signal.fingerprint,
                status=signal.status,
                severity=signal.severity,
                name=signal.name,
                starts_at=signal.starts_at,
                title=signal.title,
                description=signal.description,
                labels=signal.labels,
                group_labels=signal.group_labels,
                service=signal.service,
                dedup_key=signal.dedup_key,
            ),
        )

    def value(self, path: str) -> str | None:
        """Return the field (one of ``FIELDS``) or label (``labels.<name>``) of that path; None for a label it lacks."""
        if path.startswith(LABEL_PREFIX):
            return self.labels.get(path.removeprefix(LABEL_PREFIX))
        text: str = getattr(self, FIELDS[path])
        return text

    @cached_property
    def context(self) -> cel.Context:
        """What conditions are evaluated in; made once, as it costs more than evaluating many of them."""
        signal: dict[str, object] = {field: getattr(self, attribute) for field, attribute in FIELDS.items()}
        signal[LABELS] = self.labels
        return cel.Context({"signal": signal})

    def context_of(self, fields: frozenset[str], labels: frozenset[str]) -> cel.Context:
        """Return a context that has at least these fields and labels.

        A small one costs a fraction of the whole, so the first few conditions get one each.
        """
        if "context" in self.__dict__ or len(self._small_contexts) >= _SMALL_CONTEXTS:
            return self.context
        signal: dict[str, object] = {field: getattr(self, FIELDS[field]) for field in fields}
        signal[LABELS] = {label: self.labels[label] for label in labels if label in self.labels}
        self._small_contexts.append(None)
        return cel.Context({"signal": signal})

    @cached_property
    def _small_contexts(self) -> list[None]:
        return []

    @cached_property
    def default_key(self) -> str:
        """The dedup key of the default rule."""
        return derive_dedup_key(self.report)
