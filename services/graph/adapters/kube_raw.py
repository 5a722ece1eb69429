"""Read a list of an API server page by page without looking into its objects, to write it down."""

from collections.abc import Iterator

import msgspec

from services.graph.adapters.kube_answers import GONE, judge
from services.graph.adapters.kube_http import Answer, Deadline, KubeHttp
from services.graph.adapters.kube_lists import ListOrder
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState, grant_for
from services.graph.domain.reading.decoding import split_page
from services.graph.ports import RawPage


def read_raw_pages(http: KubeHttp, order: ListOrder, deadline: Deadline) -> Iterator[RawPage]:
    """Yield the pages of a list; the last one says how it went."""
    pages = _Pages(order)
    query: dict[str, str] = {"limit": str(order.limits.page)}
    while True:
        answer = http.get(order.path, query, deadline, tries=order.tries)
        if answer.status == GONE and "continue" in query and not answer.trouble:
            # Once more in one piece from the server's cache; read by pages again, it might be forgotten again.
            query, pages = {"resourceVersion": "0"}, _Pages(order, starts_anew=True)
            continue
        page, token = pages.take(answer)
        yield page
        if token is None:
            return
        query = {"limit": str(order.limits.page), "continue": token}


class _Pages:
    """What came of one list so far."""

    def __init__(self, order: ListOrder, *, starts_anew: bool = False) -> None:
        self._order = order
        self._starts_anew = starts_anew
        self._count = 0
        self._pages = 0

    def take(self, answer: Answer) -> tuple[RawPage, str | None]:
        """Return the page in an answer, and where the next begins; None after the last."""
        order = self._order
        state, reason = judge(answer, order.kind, "list", order.namespace)
        items: tuple[msgspec.Raw, ...] = ()
        token: str | None = None
        if state is CoverageState.OK:
            try:
                items, token = split_page(answer.body)
            except ValueError:
                state, reason = CoverageState.UNAVAILABLE, "the answer is not the JSON of a list"
        if state is not CoverageState.OK and self._pages:
            state, reason = CoverageState.PARTIAL, f"after {self._count:,} objects: {reason}"
        room = order.limits.most_objects - self._count
        if len(items) > room or (token and len(items) == room):
            items, token = items[:room], None
            state, reason = CoverageState.TRUNCATED, f"only the first {order.limits.most_objects:,} were read"
        self._count += len(items)
        self._pages += state is not CoverageState.UNAVAILABLE
        entry = None if token else self._entry(state, reason)
        starts_anew, self._starts_anew = self._starts_anew, False
        return RawPage(order.kind, order.version, items, entry, starts_anew), token

    def _entry(self, state: CoverageState, reason: str) -> CoverageEntry:
        kind, place = self._order.kind, self._order.namespace
        grant = grant_for(kind, "list", place) if state is CoverageState.FORBIDDEN else None
        return CoverageEntry(
            kind=kind.name,
            verb="list",
            state=state,
            namespace=place,
            count=self._count,
            pages=self._pages,
            reason=reason,
            grant=grant,
        )
