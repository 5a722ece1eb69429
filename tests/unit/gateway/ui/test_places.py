"""The form of a proposal says beforehand where nothing could be executed, and begins with what the incident names."""

import html
import re
from typing import Any

import pytest

from services.gateway.domain.records import Role
from services.gateway.handlers.note_places import note_places
from services.gateway.relay.stats import Worker
from services.gateway.ui.actions.places import find_lack
from shared.settings import SETTINGS
from tests.support.gateway import GatewayUnderTest

NOBODY = "no worker of this queue has said hello"
PART = {"HX-Request": "true"}
KUBECONFIG, CONTEXTS, COMMANDS = (f"FAULTLINE_ACTIONS_{one}" for one in ("KUBECONFIG", "CONTEXTS", "COMMANDS"))


def places(*clusters: str, runs_commands: bool = False, problem: str | None = None) -> dict[str, Any]:
    return {"clusters": list(clusters), "runsCommands": runs_commands, "problem": problem}


@pytest.mark.parametrize(
    ("known", "context", "text", "settings"),
    [
        (places(problem=NOBODY), "prod", f"No actions worker can change prod: {NOBODY}.", (KUBECONFIG,)),
        (places(), "", "No actions worker can change a cluster.", (KUBECONFIG,)),
        (places("a", "b"), "prod", "those that can be changed are a, b.", (KUBECONFIG, CONTEXTS)),
        (places("prod", problem="gone"), "prod", "No actions worker is there now: gone.", ()),
        (places("prod", problem="gone"), "", "No actions worker is there now: gone.", ()),
    ],
)
def test_why_a_cluster_cannot_be_changed(known: dict[str, Any], context: str, text: str, settings: tuple[str, ...]):
    lack = find_lack(known, "kubernetes", context)

    assert lack is not None
    assert text in lack.text
    assert lack.settings == settings
    assert set(lack.settings) <= set(SETTINGS)


def test_why_a_command_is_not_run():
    lack = find_lack(places("prod"), "command", "")

    assert lack is not None
    assert (lack.text.startswith("No actions worker runs commands."), lack.settings) == (True, (COMMANDS,))
    assert find_lack(places(problem="gone", runs_commands=True), "command", "") is not None


def test_nothing_lacks_where_it_can_be_done():
    assert find_lack(places("prod"), "kubernetes", "prod") is None
    assert find_lack(places("prod"), "kubernetes", "") is None
    assert find_lack(places(runs_commands=True), "command", "") is None
    assert find_lack(places(), "manual", "") is None


def the_form(
    gw: GatewayUnderTest, incident: dict[str, Any], headers: dict[str, str] | None = None, **query: str
) -> str:
    address = f"/incidents/INC-{incident['number']}/actions/new"
    page = gw.get(address, query_string=query, role=Role.RESPONDER, headers=headers or {})
    assert page.status_code == 200
    return page.text


def field(page: str, name: str) -> str | None:
    """Return what stands in a field of the form."""
    found = re.search(rf'<input name="{name}"[^>]* value="([^"]*)"', page)
    return html.unescape(found[1]) if found else None


def note(page: str) -> str:
    """Return what is said beside the cluster."""
    found = re.search(r'<div id="place-note"[^>]*>(.*?)</div>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else "nothing is there"


def test_the_form_says_that_nothing_can_change_the_cluster_and_which_setting_decides_that(gw: GatewayUnderTest):
    gw.relay.workers = ()
    incident = gw.open_incident(labels={"cluster": "prod", "namespace": "shop"})

    page = the_form(gw, incident)

    assert (field(page, "context"), field(page, "namespace"), field(page, "name")) == ("prod", "shop", "")
    assert f"No actions worker can change prod: {NOBODY}." in note(page)
    assert f"{KUBECONFIG} of the actions worker decides that." in note(page)
    assert "This incident names the cluster and namespace. Change what is not meant." in page


def test_what_is_said_follows_the_cluster_that_is_typed(gw: GatewayUnderTest):
    gw.relay.workers = (Worker(service="actions", worker="a", version="0", queues=("actions",), heard_seconds_ago=3.0),)
    note_places(gw.store, ("prod", "lab"), runs_commands=False)
    incident = gw.open_incident(labels={"cluster": "prod"})

    assert note(the_form(gw, incident)) == ""
    typed = {"type": "kubernetes", "verb": "restart", "context": "other", "namespace": "", "kind": "", "name": ""}
    page = the_form(gw, incident, PART, **typed)
    assert "<html" not in page
    assert "No actions worker can change other: those that can be changed are lab, prod." in note(page)
    assert field(page, "context") == "other"
    assert '<option value="lab"></option><option value="prod"></option>' in page
    assert "No actions worker runs commands." in note(the_form(gw, incident, type="command"))
    assert note(the_form(gw, incident, type="manual")) == "nothing is there"


def test_whoever_approves_is_told_too_that_nothing_can_change_the_cluster(gw: GatewayUnderTest):
    gw.relay.workers = ()
    incident = gw.open_incident(labels={"cluster": "prod"})
    payload = {"verb": "restart", "context": "prod", "namespace": "shop", "kind": "Deployment", "name": "a"}
    given = {"type": "kubernetes", "title": "Again", "risk": "high", "payload": payload}
    action = gw.post(f"/api/incidents/{incident['id']}/actions", json=given).json

    page = gw.get(f"/incidents/INC-{incident['number']}/actions/{action['id']}").text

    assert f"No actions worker can change prod: {NOBODY}." in page
    assert "is executed once one can" in page


def test_who_may_only_look_is_offered_no_form(gw: GatewayUnderTest):
    incident = gw.open_incident()

    page = gw.get(f"/incidents/INC-{incident['number']}/actions/new", role=Role.VIEWER).text

    assert "Responders propose actions" in page
    assert 'name="title"' not in page


def test_a_refused_form_comes_back_as_it_was_typed(gw: GatewayUnderTest):
    incident = gw.open_incident(labels={"cluster": "prod", "namespace": "shop"})
    form = {"type": "kubernetes", "verb": "restart", "title": "Again", "context": "", "kind": "Deployment", "name": "a"}

    address = f"/incidents/INC-{incident['number']}/actions/new"
    answer = gw.post(address, data=form, role=Role.RESPONDER)

    assert answer.status_code == 422
    assert (field(answer.text, "context"), field(answer.text, "namespace")) == ("", "")
