"""What actions workers can do together, by what they say of themselves."""

from typing import Any

import pytest

from services.gateway.api import action_shapes
from services.gateway.domain.records import KNOWN_PLACES, ActionPlaces, Role
from services.gateway.handlers.note_places import PlaceNotes
from services.gateway.relay.stats import Worker
from shared.contracts.messages import Hello
from tests.support.gateway import GatewayUnderTest


class Workers:
    """Workers that say hello to the gateway."""

    def __init__(self, gw: GatewayUnderTest) -> None:
        self.gw, self.now = gw, 0.0
        self.notes = PlaceNotes(gw.store, monotonic=lambda: self.now)

    def hello(self, worker: str, *clusters: str, **more: Any) -> tuple[tuple[str, ...], bool]:
        """Let ``worker`` say hello; return which clusters can be changed then, and whether commands can be run."""
        said = Hello(service="actions", worker=worker, version="0", queues=("actions",), clusters=clusters, **more)
        self.notes.note(said)
        known = self.gw.store.get(ActionPlaces, KNOWN_PLACES)
        return known.names, known.runs_commands


@pytest.fixture
def workers(gw: GatewayUnderTest) -> Workers:
    return Workers(gw)


def test_only_what_every_worker_can_do_is_known_since_any_may_draw_the_job(workers: Workers):
    assert workers.hello("a", "lab", "prod", runs_commands=True) == (("lab", "prod"), True)
    assert workers.hello("b", "prod") == (("prod",), False)


def test_a_worker_that_left_counts_no_more(workers: Workers):
    """So one that is started again with a kubeconfig is asked at once."""
    assert workers.hello("old") == ((), False)
    assert workers.hello("old", is_leaving=True) == ((), False)
    assert workers.hello("new", "prod") == (("prod",), False)


def test_what_the_last_worker_could_do_stays_known_until_another_says_what_it_can(workers: Workers):
    workers.hello("old", "prod", runs_commands=True)
    assert workers.hello("old", is_leaving=True) == (("prod",), True)
    assert workers.hello("new") == ((), False)


def test_a_worker_that_was_killed_counts_until_it_was_silent_for_long(workers: Workers):
    workers.hello("killed")
    workers.now = 100.0
    assert workers.hello("new", "prod") == ((), False)
    workers.now = 130.0
    assert workers.hello("new", "prod") == (("prod",), False)


def test_the_places_of_actions_are_what_executions_go_by_and_say_whether_a_worker_is_there(workers: Workers):
    gw = workers.gw
    gw.relay.workers = ()
    told = gw.get("/api/actions/places", role=Role.VIEWER).json
    nobody = "no worker of this queue has said hello"
    assert told == {"clusters": [], "runsCommands": False, "problem": nobody}

    workers.hello("a", "prod", "lab", runs_commands=True)
    gw.relay.workers = (Worker(service="actions", worker="a", version="0", queues=("actions",), heard_seconds_ago=3.0),)

    told = gw.get("/api/actions/places", role=Role.VIEWER).json
    assert told == {"clusters": ["lab", "prod"], "runsCommands": True, "problem": None}
    assert action_shapes.ActionPlacesShape().validate(told) == {}


def test_the_places_of_actions_are_not_for_senders(gw: GatewayUnderTest):
    assert gw.get("/api/actions/places", role=Role.SERVICE).status_code == 403
