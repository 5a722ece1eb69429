"""Whom is asked: the server about its own caller, what was read about others."""

import pytest

from services.graph.domain.access.book import AccessBook
from services.graph.domain.access.question import Access, AccessQuestion, service_account
from services.graph.handlers.ask_access import ask_access
from tests.support.cluster import an_inventory
from tests.support.rbac import a_binding, a_role, a_rule

ROBOT, ME = service_account("shop", "robot"), service_account("shop", "me")
PODS = AccessQuestion("list", "", "pods", "shop")
BOOK = AccessBook(an_inventory(a_binding("sa:shop/robot"), a_role("reader", a_rule())))


class Server:
    def __init__(self, says):
        self.says, self.asked = says, []

    def ask_access(self, question, limits):
        self.asked.append(question)
        return self.says


@pytest.mark.parametrize("says", [Access.ALLOWED, Access.DENIED])
@pytest.mark.parametrize("who", [None, ROBOT])
def test_the_server_knows_its_own_caller_best(says, who):
    answer = ask_access(Server(says), BOOK, PODS, who, own=ROBOT)

    assert (answer.state, answer.by_server, answer.verdict) == (says, True, None)


def test_a_server_is_not_asked_about_others():
    server = Server(Access.DENIED)

    answer = ask_access(server, BOOK, PODS, ROBOT, own=ME)

    assert (answer.state, answer.by_server, server.asked) == (Access.ALLOWED, False, [])


@pytest.mark.parametrize(("own", "expected"), [(None, "unknown"), (ROBOT, "allowed"), (ME, "denied")])
def test_without_the_servers_word_the_roles_decide_if_the_caller_is_known(own, expected):
    assert ask_access(Server(Access.UNKNOWN), BOOK, PODS, own=own).state == expected
