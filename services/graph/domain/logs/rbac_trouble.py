"""Why the Kubernetes API refuses an account, as its bindings and roles tell it."""

from collections.abc import Iterable
from dataclasses import replace

from services.graph.domain.access.book import AccessBook, AccessVerdict
from services.graph.domain.access.question import Access, AccessQuestion, Requester, user
from services.graph.domain.access.refusals import Refused, parse_refusal
from services.graph.domain.access.shortfall import Shortfall, find_shortfall
from services.graph.domain.logs.log_targets import Target
from services.graph.domain.rules.base import Seen, View
from services.graph.domain.rules.once import once

access_book = once(AccessBook)


def find_rbac_trouble(view: View, lines: Iterable[str]) -> Target:
    """Return what should have given the right that the newest refusal in the lines names; nothing if that is unknown.

    ``culprit`` stays empty where no binding and no role comes near to giving it.
    """
    refused = next(filter(None, map(parse_refusal, reversed(list(lines)))), None)
    if refused is None:
        return Target()
    verdict, short = explain_refusal(view, refused)
    if verdict.state is Access.ALLOWED:
        return Target(steps=((-0.2, "by now it may"),), note=f"By now it may {refused.question}.")
    if short is None:
        return Target(note=f"Nothing gives it {refused.question}." if verdict.state is Access.DENIED else "")
    mark = Seen("object", short.culprit, short.words, short.path)
    return Target((mark,), ((short.strength, "bindings and roles explain it"),), short.culprit, short.words)


def explain_refusal(view: View, refused: Refused) -> tuple[AccessVerdict, Shortfall | None]:
    """Return whether RBAC refuses it still, and what comes nearest to allowing it."""
    book, who = access_book(view.inventory), user(refused.user)
    question = _likely(refused, who)
    verdict = book.can_i(who, question)
    if verdict.state is Access.ALLOWED:
        # Of words that broke off, what was asked for is not known: that it is allowed elsewhere tells nothing.
        return (verdict if refused.is_whole else AccessVerdict(Access.UNKNOWN)), None
    return verdict, find_shortfall(book, who, question, refused.missing_roles)


def _likely(refused: Refused, who: Requester) -> AccessQuestion:
    """Return what was asked; where the words broke off, most programs ask for their own namespace."""
    if refused.is_whole or who.account is None:
        return refused.question
    return replace(refused.question, namespace=who.account[0])
