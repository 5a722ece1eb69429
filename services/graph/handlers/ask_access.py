"""Ask whether somebody may do something: the server about its own caller, the roles that were read about others."""

from dataclasses import dataclass

from services.graph.domain.access.book import AccessBook, AccessVerdict
from services.graph.domain.access.question import Access, AccessQuestion, Requester
from services.graph.ports import ClusterSource, Limits


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """``by_server``: the server said so itself, by all its authorizers. Else ``verdict`` says why."""

    state: Access
    by_server: bool = False
    verdict: AccessVerdict | None = None


def ask_access(
    source: ClusterSource,
    book: AccessBook,
    question: AccessQuestion,
    who: Requester | None = None,
    *,
    own: Requester | None = None,
    limits: Limits | None = None,
) -> AccessAnswer:
    """Return whether ``who`` may do it; without ``who``, the account of the source, which ``own`` is if it is known.

    Where the server does not say, the roles that were read decide; without ``own`` then nothing is known.
    """
    if who is None or who == own:
        said = source.ask_access(question, limits or Limits())
        if said is not Access.UNKNOWN:
            return AccessAnswer(said, by_server=True)
        who = own
    if who is None:
        return AccessAnswer(Access.UNKNOWN)
    verdict = book.can_i(who, question)
    return AccessAnswer(verdict.state, verdict=verdict)
