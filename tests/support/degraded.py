"""A source that answers less than another: each fault an API server shows, on the kinds a test names."""

from collections.abc import Collection

from services.graph.domain.access.question import Access, AccessQuestion
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState, grant_for
from services.graph.domain.reading.kinds import Kind
from services.graph.ports import ClusterSource, Discovery, KindRead, Limits, LogRead, LogState, Lookup, ObjectRead

_LOG_STATES = {
    CoverageState.FORBIDDEN: LogState.FORBIDDEN,
    CoverageState.TIMEOUT: LogState.TIMEOUT,
    CoverageState.UNAVAILABLE: LogState.UNAVAILABLE,
}
LOGS = "logs"


class DegradedCluster:
    """Reads ``kinds`` (all for None) in ``state``; half the objects come where the state lets some come."""

    def __init__(
        self,
        inner: ClusterSource,
        state: CoverageState,
        kinds: Collection[str] | None = None,
        *,
        only_cluster_wide: bool = False,
    ) -> None:
        self._inner, self._state, self._kinds = inner, state, kinds
        self._only_cluster_wide = only_cluster_wide
        self.name = inner.name

    def discover(self) -> Discovery:
        return self._inner.discover()

    def read_kind(self, kind: Kind, namespace: str | None, limits: Limits) -> KindRead:
        if not self._is_bad(kind, namespace):
            return self._inner.read_kind(kind, namespace, limits)
        objects = self._inner.read_kind(kind, namespace, limits).objects
        keeps = self._state in {CoverageState.PARTIAL, CoverageState.TRUNCATED}
        return KindRead(objects[::2] if keeps else (), self._entry(kind, namespace, "list"))

    def read_object(self, kind: Kind, namespace: str | None, name: str, limits: Limits) -> ObjectRead:
        if not self._is_bad(kind, namespace) or self._state in {CoverageState.PARTIAL, CoverageState.TRUNCATED}:
            return self._inner.read_object(kind, namespace, name, limits)
        lookup = Lookup.FORBIDDEN if self._state is CoverageState.FORBIDDEN else Lookup.UNKNOWN
        lookup = Lookup.NOT_FOUND if self._state is CoverageState.MISSING else lookup
        return ObjectRead(lookup, None, self._entry(kind, namespace, "get"))

    def read_log(self, namespace: str, pod: str, container: str, *, previous: bool, limits: Limits) -> LogRead:
        if not self._only_cluster_wide and (self._kinds is None or LOGS in self._kinds):
            return LogRead(_LOG_STATES.get(self._state, LogState.UNAVAILABLE), (), "as the test says")
        return self._inner.read_log(namespace, pod, container, previous=previous, limits=limits)

    def ask_access(self, question: AccessQuestion, limits: Limits) -> Access:
        return Access.UNKNOWN

    def close(self) -> None:
        self._inner.close()

    def _is_bad(self, kind: Kind, namespace: str | None) -> bool:
        if self._only_cluster_wide and namespace is not None:
            return False
        return self._kinds is None or kind.name in self._kinds

    def _entry(self, kind: Kind, namespace: str | None, verb: str) -> CoverageEntry:
        is_refused = self._state is CoverageState.FORBIDDEN
        return CoverageEntry(
            kind=kind.name,
            verb=verb,
            state=self._state,
            namespace=namespace,
            reason=f"{kind.api} {self._state}, as the test says",
            grant=grant_for(kind, verb, namespace) if is_refused else None,
        )
