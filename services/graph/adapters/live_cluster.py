"""A cluster that is read from its API server. It is never written: the one POST asks what the account may do."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from urllib.parse import quote

import msgspec

from services.graph.adapters.kube_answers import CREATED, NOT_FOUND, OK, decode_review, is_about, judge
from services.graph.adapters.kube_config import Account, find_namespace, list_contexts, open_account
from services.graph.adapters.kube_discovery import Served, discover
from services.graph.adapters.kube_http import Answer, Deadline, KubeHttp
from services.graph.adapters.kube_lists import ListOrder, ListRead, read_list
from services.graph.adapters.kube_logs import read_log
from services.graph.adapters.kube_raw import read_raw_pages
from services.graph.domain.access.question import Access, AccessQuestion
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState, grant_for
from services.graph.domain.reading.decoding import decode_object
from services.graph.domain.reading.kinds import Kind
from services.graph.ports import (
    ClusterSource,
    Discovery,
    KindRead,
    Limits,
    LogRead,
    LogState,
    Lookup,
    ObjectRead,
    RawPage,
)

__all__ = ["LiveCluster", "find_namespace", "list_contexts", "open_live_cluster"]

# As many requests at a time as a server hardly notices, and as make most of the time that waiting takes.
MOST_REQUESTS_AT_ONCE = 6
_DISCOVERY_SECONDS = 10.0
# APIs come and go; a source may live for days. What failed is asked again sooner.
_DISCOVERY_LASTS, _FAILED_DISCOVERY_LASTS = 300.0, 15.0
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_ELSEWHERE = frozenset({CoverageState.FORBIDDEN, CoverageState.MISSING})


def open_live_cluster(
    context: str | None = None, kubeconfig: Path | None = None, called: str | None = None
) -> ClusterSource:
    """Return the cluster of a context, by default the current one; without a kubeconfig, the one this pod runs in.

    ``called`` is the name it bears, in place of the context's.

    Raises ``NoCluster`` where no configuration says how; a server that does not answer is no error here.
    """
    name, account = open_account(context, kubeconfig, MOST_REQUESTS_AT_ONCE)
    return LiveCluster(called or name, account)


class LiveCluster:
    """The port ``ClusterSource`` over HTTP. Safe to use from many threads."""

    def __init__(
        self,
        name: str,
        account: Account,
        clock: Callable[[], float] = monotonic,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._name = name
        self._clock = clock
        self._http = KubeHttp(account, MOST_REQUESTS_AT_ONCE, clock, pause)
        self._discovery_lock = Lock()
        self._served: Served | None = None
        self._served_until = 0.0

    @property
    def name(self) -> str:
        """The name of the context."""
        return self._name

    def discover(self) -> Discovery:
        """Return what the server serves; asked again after minutes only."""
        return self._discover(_DISCOVERY_SECONDS).as_discovery()

    def read_kind(self, kind: Kind, namespace: str | None, limits: Limits) -> KindRead:
        """List the objects of a kind, where it is served first or else in the second place."""
        deadline = self._http.deadline(limits.seconds)
        began = self._clock()
        found = self._list(kind, namespace, limits, deadline)
        if found.state in _ELSEWHERE and kind.instead:
            second = self._list(kind.instead, namespace, limits, deadline)
            if second.state not in _ELSEWHERE:
                found = second
        milliseconds = round((self._clock() - began) * 1000)
        return KindRead(found.objects, _entry_of_list(kind, namespace, found, milliseconds))

    def read_pages(self, kind: Kind, namespace: str | None, limits: Limits) -> Iterator[RawPage]:
        """Yield a list as the server sends it, from where it is served first or else from the second place."""
        deadline = self._http.deadline(limits.seconds)
        place = namespace if kind.is_namespaced else None
        served = self._discover(min(_DISCOVERY_SECONDS, deadline.left / 2))
        missing = _not_served(served, kind)
        refused = RawPage(kind, kind.versions[0], (), _entry_of_list(kind, place, missing, 0))
        for wanted in (kind, kind.instead) if kind.instead else (kind,):
            for version in served.versions_of(wanted):
                order = ListOrder(wanted, version, place, limits, 1 if wanted.group in served.failed else 3)
                pages = read_raw_pages(self._http, order, deadline)
                first = next(pages)
                if first.coverage is not None and first.coverage.state in _ELSEWHERE:
                    # What the first place answered counts, if the second does not do better.
                    refused = first if wanted is kind else refused
                    continue
                yield first
                yield from pages
                return
        yield refused

    def read_object(self, kind: Kind, namespace: str | None, name: str, limits: Limits) -> ObjectRead:
        """Get one object by name."""
        deadline = self._http.deadline(limits.seconds)
        began = self._clock()
        if not _is_name(name) or (namespace is not None and not _is_name(namespace)):
            lookup, thing, state, reason = Lookup.NOT_FOUND, None, CoverageState.OK, "no object can have this name"
        else:
            lookup, thing, state, reason = self._get(kind, namespace, name, deadline)
        entry = CoverageEntry(
            kind=kind.name,
            verb="get",
            state=state,
            namespace=namespace,
            count=1 if thing else 0,
            milliseconds=round((self._clock() - began) * 1000),
            reason=reason,
            grant=grant_for(kind, "get", namespace) if state is CoverageState.FORBIDDEN else None,
        )
        return ObjectRead(lookup, thing, entry)

    def read_log(self, namespace: str, pod: str, container: str, *, previous: bool, limits: Limits) -> LogRead:
        """Read the end of a container's log."""
        if not (_is_name(namespace) and _is_name(pod)):
            return LogRead(LogState.NOT_FOUND, reason="no pod can have this name")
        deadline = self._http.deadline(limits.seconds)
        return read_log(self._http, (namespace, pod, container), limits, deadline, previous=previous)

    def ask_access(self, question: AccessQuestion, limits: Limits) -> Access:
        """Ask by a SelfSubjectAccessReview: the only POST that is ever made, and it creates nothing."""
        # An empty namespace means the whole cluster, and so does one that is left out.
        wanted = {
            "verb": question.verb,
            "group": question.group,
            "resource": question.resource,
            "subresource": question.subresource,
            "namespace": question.namespace or "",
            "name": question.name,
        }
        attributes: dict[str, dict[str, str]] = {
            "resourceAttributes": {key: value for key, value in wanted.items() if value}
        }
        if question.path:
            attributes = {"nonResourceAttributes": {"path": question.path, "verb": question.verb}}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": attributes,
        }
        answer = self._http.post(_REVIEWS, msgspec.json.encode(review), self._http.deadline(limits.seconds))
        return _judge_review(answer)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _discover(self, seconds: float) -> Served:
        with self._discovery_lock:
            if self._served is None or self._clock() >= self._served_until:
                self._served = discover(self._http, self._http.deadline(seconds))
                is_bad = self._served.problem or self._served.failed
                self._served_until = self._clock() + (_FAILED_DISCOVERY_LASTS if is_bad else _DISCOVERY_LASTS)
            return self._served

    def _list(self, kind: Kind, namespace: str | None, limits: Limits, deadline: Deadline) -> ListRead:
        if namespace is not None and not _is_name(namespace):
            return ListRead(CoverageState.UNAVAILABLE, "no namespace can have this name")
        # The list itself needs time too: without an answer to discovery, it is tried all the same.
        served = self._discover(min(_DISCOVERY_SECONDS, deadline.left / 2))
        found = _not_served(served, kind)
        # A group whose server did not answer a moment ago is asked once, not three times.
        tries = 1 if kind.group in served.failed else 3
        for version in served.versions_of(kind):
            order = ListOrder(kind, version, namespace if kind.is_namespaced else None, limits, tries)
            found = read_list(self._http, order, deadline)
            if found.state is not CoverageState.MISSING:
                break
        return found

    def _get(
        self, kind: Kind, namespace: str | None, name: str, deadline: Deadline
    ) -> tuple[Lookup, KubeObject | None, CoverageState, str]:
        served = self._discover(min(_DISCOVERY_SECONDS, deadline.left / 2))
        missing = _not_served(served, kind)
        state, reason = missing.state, missing.reason
        for version in served.versions_of(kind):
            path = f"{kind.path(version, namespace if kind.is_namespaced else None)}/{quote(name, safe='')}"
            answer = self._http.get(path, {}, deadline)
            if answer.status == NOT_FOUND and not answer.trouble and is_about(answer, name):
                return Lookup.NOT_FOUND, None, CoverageState.OK, ""
            state, reason = judge(answer, kind, "get", namespace)
            if state is CoverageState.OK:
                return _decode(kind, name, answer)
            if state is not CoverageState.MISSING:
                break
        return (Lookup.FORBIDDEN if state is CoverageState.FORBIDDEN else Lookup.UNKNOWN), None, state, reason


def _not_served(served: Served, kind: Kind) -> ListRead:
    if served.is_unknown_version(kind):
        return ListRead(CoverageState.UNAVAILABLE, f"{kind.api} is served in a version that is not known here")
    return ListRead(CoverageState.MISSING, f"the server does not serve {kind.api}")


def _decode(kind: Kind, name: str, answer: Answer) -> tuple[Lookup, KubeObject | None, CoverageState, str]:
    try:
        thing = decode_object(kind, answer.body)
    except ValueError:
        thing = None
    if thing is None or thing.metadata.name != name:
        return Lookup.UNKNOWN, None, CoverageState.UNAVAILABLE, f"the answer is not the JSON of a {kind.name}"
    return Lookup.FOUND, thing, CoverageState.OK, ""


def _entry_of_list(kind: Kind, namespace: str | None, found: ListRead, milliseconds: int) -> CoverageEntry:
    place = namespace if kind.is_namespaced else None
    entry = CoverageEntry(
        kind=kind.name,
        verb="list",
        state=found.state,
        namespace=place,
        count=len(found.objects),
        pages=found.pages,
        milliseconds=milliseconds,
        reason=found.reason,
    )
    if found.state is CoverageState.FORBIDDEN:
        return msgspec.structs.replace(entry, grant=grant_for(kind, "list", place))
    return entry


def _judge_review(answer: Answer) -> Access:
    if answer.trouble or answer.status not in {OK, CREATED}:
        return Access.UNKNOWN
    status = decode_review(answer.body)
    if status.get("allowed") is True:
        return Access.ALLOWED
    # An authorizer that failed denies too; that is no answer.
    return Access.DENIED if status.get("allowed") is False and not status.get("evaluationError") else Access.UNKNOWN


def _is_name(text: str) -> bool:
    """Answer whether an object may have this name (apimachinery, IsValidPathSegmentName)."""
    return bool(text) and text not in {".", ".."} and not any(mark in text for mark in "/%")
