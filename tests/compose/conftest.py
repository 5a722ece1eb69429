"""One stack for all tests of this folder; where none can run, the reason stands at the end of the run."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.compose.engine import why_not
from tests.compose.stack import Caller, Stack, left_behind, running_stack
from tests.compose.watch import KILLED


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    if reason := why_not():
        pytest.skip(reason)
    with running_stack() as running:
        yield running
        running.down()
        ended = running.watch.endings()
    assert left_behind() == [], "`down` left something"
    killed = Counter(one.service for one in ended if one.exit_code == KILLED)
    assert killed == running.kills, "something ended that nobody killed"
    assert [one for one in ended if one.exit_code not in {"0", KILLED}] == []


@pytest.fixture(scope="session")
def admin(stack: Stack) -> Caller:
    return Caller(stack.url, stack.read("/data/admin-token"))
