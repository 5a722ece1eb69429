"""Read every object of one list: page by page, cut down as each page comes, within a budget and a deadline."""

from dataclasses import dataclass, field

from services.graph.adapters.kube_answers import GONE, judge
from services.graph.adapters.kube_http import Answer, Deadline, KubeHttp
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.decoding import decode_page
from services.graph.domain.reading.kinds import Kind
from services.graph.ports import Limits


@dataclass(slots=True)
class ListRead:
    """What one list brought so far, and how it ended."""

    state: CoverageState = CoverageState.OK
    reason: str = ""
    objects: list[KubeObject] = field(default_factory=list)
    pages: int = 0
    unreadable: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ListOrder:
    """Which list is read. ``tries`` 1 where its server is known not to answer."""

    kind: Kind
    version: str
    namespace: str | None
    limits: Limits
    tries: int = 3

    @property
    def path(self) -> str:
        """Where the list is."""
        return self.kind.path(self.version, self.namespace)


def read_list(http: KubeHttp, order: ListOrder, deadline: Deadline) -> ListRead:
    """Read a list to its end or its limits."""
    found = ListRead()
    token: str | None = ""
    while token is not None:
        room = order.limits.most_objects - len(found.objects)
        if room <= 0:
            return _truncate(found, order)
        query = {"limit": str(min(order.limits.page, room))} | ({"continue": token} if token else {})
        answer = http.get(order.path, query, deadline, tries=order.tries)
        if answer.status == GONE and token and not answer.trouble:
            return _read_again(http, order, deadline, found)
        token = _take(found, order, answer)
    return _finish(found, order)


def _read_again(http: KubeHttp, order: ListOrder, deadline: Deadline, before: ListRead) -> ListRead:
    """Read the list once more in one piece: the server forgot where the next page began.

    From the server's cache, which is cheap for it; were it asked by pages again, it might forget again.
    """
    answer = http.get(order.path, {"resourceVersion": "0"}, deadline, tries=order.tries)
    found = ListRead()
    _take(found, order, answer)
    if found.state is CoverageState.OK:
        return _finish(found, order)
    before.state = CoverageState.PARTIAL
    before.reason = f"the place in the list had expired (410), and reading it again failed: {found.reason}"
    return before


def _take(found: ListRead, order: ListOrder, answer: Answer) -> str | None:
    """Add a page; return where the next begins."""
    state, reason = judge(answer, order.kind, "list", order.namespace)
    if state is CoverageState.OK:
        try:
            page = decode_page(order.kind, answer.body)
        except ValueError:
            state, reason = CoverageState.UNAVAILABLE, "the answer is not the JSON of a list"
        else:
            found.objects += page.objects
            found.pages += 1
            found.unreadable += page.unreadable
            found.problem = page.problem or found.problem
            return page.next_page
    if found.pages:
        state, reason = CoverageState.PARTIAL, f"after {len(found.objects):,} objects: {reason}"
    found.state, found.reason = state, reason
    return None


def _finish(found: ListRead, order: ListOrder) -> ListRead:
    if found.state is CoverageState.OK and len(found.objects) > order.limits.most_objects:
        return _truncate(found, order)
    if found.state is CoverageState.OK and found.unreadable:
        found.state = CoverageState.PARTIAL
        found.reason = f"{found.unreadable:,} objects could not be understood: {found.problem[:200]}"
    return found


def _truncate(found: ListRead, order: ListOrder) -> ListRead:
    del found.objects[order.limits.most_objects :]
    found.state = CoverageState.TRUNCATED
    found.reason = f"only the first {order.limits.most_objects:,} were read"
    return found
