"""What the board remembers of the store's commits, and for whom."""

import threading

from services.gateway.api.diagnoses import EXAMPLE
from services.gateway.domain.records import Incident
from services.gateway.live.board import LiveBoard
from tests.support.gateway import a_gateway
from tests.support.investigated import ask, opened
from tests.support.investigations import an_investigation, report_investigation


def test_a_change_is_told_once_with_the_parts_it_shows_in() -> None:
    gw = a_gateway()
    board = LiveBoard(gw.store)
    before = board.last_seq
    incident = gw.open_incident()
    news = board.since(before)
    assert news.changed == {incident["id"]: frozenset({"incident", "timeline"})}
    assert board.since(news.seq).changed == {}


def test_changes_of_one_incident_are_put_together_and_others_left_out() -> None:
    gw = a_gateway()
    board = LiveBoard(gw.store)
    one, other = gw.open_incident(), gw.open_incident()
    after = board.last_seq
    gw.post(f"/api/incidents/{one['id']}/timeline", json={"message": "Looking."})
    gw.patch(f"/api/incidents/{one['id']}", json={"owner": "ann"})
    gw.patch(f"/api/incidents/{other['id']}", json={"owner": "ben"})
    assert board.since(after, one["id"]).changed == {one["id"]: frozenset({"incident", "timeline"})}
    assert set(board.since(after).changed or {}) == {one["id"], other["id"]}


def test_what_belongs_to_an_incident_is_told_by_the_part_that_shows_it() -> None:
    gw = a_gateway()
    path = f"/api/incidents/{gw.open_incident()['id']}"
    board = LiveBoard(gw.store)
    bodies = {
        "tasks": {"title": "Tell support"},
        "actions": {"type": "manual", "title": "Fail over", "payload": {"instructions": "Do it."}, "risk": "high"},
        "diagnoses": EXAMPLE,
    }
    for part, body in bodies.items():
        before = board.last_seq
        assert gw.post(f"{path}/{part}", json=body).status_code == 201
        (parts,) = (board.since(before).changed or {}).values()
        # The incident embeds the newest of them.
        assert parts - {"incident"} == {part, "timeline"}


def test_what_an_investigation_changes_is_told() -> None:
    gw = a_gateway()
    incident = opened(gw)
    board = LiveBoard(gw.store)
    before = board.last_seq
    asked = ask(gw, incident)
    assert (board.since(before).changed or {})[incident] == {"incident", "investigations", "jobs"}
    before = board.last_seq
    report_investigation(gw, asked["jobId"], an_investigation(incident, observed_at=gw.clock.now()))
    assert (board.since(before).changed or {})[incident] == {"incident", "investigations", "jobs", "timeline"}


def test_commits_that_concern_no_incident_are_not_told() -> None:
    gw = a_gateway()
    board = LiveBoard(gw.store)
    gw.post("/api/tokens", json={"name": "ann", "role": "viewer"})
    assert board.since(board.last_seq).changed == {}


def test_what_is_older_than_the_board_cannot_be_told() -> None:
    gw = a_gateway()
    gw.open_incident()
    board = LiveBoard(gw.store)
    assert board.since(board.last_seq).changed == {}
    assert board.since(board.last_seq - 1).changed is None


def test_what_was_forgotten_is_said_to_be_unknown_rather_than_unchanged() -> None:
    gw = a_gateway()
    board = LiveBoard(gw.store, kept=2)
    start = board.last_seq
    for _ in range(3):
        gw.open_incident()
    assert board.since(start).changed is None
    kept = board.since(board.last_seq - 2)
    assert kept.changed is not None
    assert len(kept.changed) == 2


def test_an_id_from_the_future_is_one_of_another_store() -> None:
    gw = a_gateway()
    board = LiveBoard(gw.store)
    assert board.since(board.last_seq + 1).changed is None


def test_an_incident_that_is_removed_is_told() -> None:
    gw = a_gateway()
    incident = gw.open_incident()
    board = LiveBoard(gw.store)
    before = board.last_seq
    gw.store.transact(lambda tx: tx.remove_incident(incident["id"]))
    assert board.since(before).changed == {incident["id"]: frozenset({"incident"})}
    assert gw.store.find(Incident, incident["id"]) is None


def test_waiting_ends_with_a_change_and_with_the_end_of_the_board() -> None:
    gw = a_gateway()
    board = LiveBoard(gw.store)
    seen: list[bool] = []
    waiting = threading.Thread(target=lambda: seen.append(board.wait(board.last_seq, 60)))
    waiting.start()
    gw.open_incident()
    waiting.join(60)
    ending = threading.Thread(target=lambda: seen.append(board.wait(board.last_seq, 60)))
    ending.start()
    board.close()
    ending.join(60)
    assert seen == [True, False]
    assert not board.wait(board.last_seq, 0)
