"""Diagnose one object: say whether it can be seen. Stands in for the engine."""

from collections.abc import Callable

from services.graph.domain.kinds import find_kind
from services.graph.ports import ClusterSource, Limits, Lookup
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, Evidence, Finding
from shared.contracts.severity import Severity
from shared.ids import new_id
from shared.ports import Clock

Progress = Callable[[str, int, int], None]
DEFAULT_LIMITS = Limits()


class UnknownKind(ValueError):
    """No kind of this name is read."""


def diagnose_resource(
    source: ClusterSource,
    resource: DiagnosedResource,
    *,
    clock: Clock,
    limits: Limits = DEFAULT_LIMITS,
    version: str = "",
    progress: Progress | None = None,
) -> Diagnosis:
    """Return what asking for the object brought. Raises ``UnknownKind``."""
    kind = find_kind(resource.kind)
    if kind is None:
        raise UnknownKind(f"{resource.kind!r} is no kind that is read")
    if progress is not None:
        progress("ask for it", 0, 1)
    asked = source.read_object(kind, resource.namespace, resource.name, limits)
    observed = Evidence(kind="object", source="kubernetes", observation=str(asked.lookup), at=clock.now())
    finding = Finding(
        rule_id="object-lookup",
        title=f"Asking for it brought: {asked.lookup}",
        confidence=0.5,
        severity=Severity.LOW if asked.lookup is Lookup.FOUND else Severity.MEDIUM,
        evidence=(observed,),
    )
    return Diagnosis(
        id=new_id("dx"),
        resource=resource,
        observed_at=clock.now(),
        produced_by="quickdx",
        producer_version=version,
        summary=finding.title,
        findings=(finding,),
    )
