"""Find in which namespace an object is that was named without one."""

from services.graph.domain.reading.kinds import Kind
from services.graph.ports import ClusterSource, Limits, Lookup


def namespaces_of(source: ClusterSource, kind: Kind, name: str, home: str, limits: Limits) -> list[str]:
    """Return the namespaces that have it; ``home`` alone where it is there, and where it is nowhere to be seen."""
    if not kind.is_namespaced or source.read_object(kind, home, name, limits).lookup is Lookup.FOUND:
        return [home]
    read = source.read_kind(kind, None, limits)
    found = sorted({one.metadata.namespace or home for one in read.objects if one.metadata.name == name})
    return found or [home]
