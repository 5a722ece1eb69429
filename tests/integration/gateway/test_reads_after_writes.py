"""Answers kept in memory over a real store: whoever has the answer to a write is never shown what was before it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.store import Options
from shared.adapters.clock import SystemClock
from tests.support.gateway import GatewayUnderTest, a_gateway

WRITERS, READERS, WRITES = 4, 3, 40


@pytest.fixture
def gw(tmp_path: Path) -> Iterator[GatewayUnderTest]:
    clock = SystemClock()
    store = open_json_store(tmp_path, clock=clock, options=Options(views=False))
    yield a_gateway(store=store, clock=clock)
    store.close()


class Watch:
    """Writes and reads, and notes what was not as it must be."""

    def __init__(self, gw: GatewayUnderTest) -> None:
        self.gw = gw
        self.ids = [gw.open_incident(title=f"case {n}")["id"] for n in range(WRITERS)]
        self.done = threading.Event()
        self.wrong: list[object] = []

    def write(self, n: int) -> None:
        path, tag = f"/api/incidents/{self.ids[n]}", ""
        for turn in range(WRITES):
            title = f"case {n} turn {turn}"
            self.gw.patch(path, json={"title": title})
            read = self.gw.get(path, headers={"If-None-Match": tag})
            if read.status_code != 200 or read.json["title"] != title:
                self.wrong.append(("read", title, read.status_code))
            listed = self.gw.get("/api/incidents?sort=number").json["items"][n]["title"]
            if listed != title:
                self.wrong.append(("listed", title, listed))
            tag = read.headers["ETag"]

    def read(self) -> None:
        tags, newest = dict.fromkeys(self.ids, ""), dict.fromkeys(self.ids, 0)
        while not self.done.is_set():
            for incident_id in self.ids:
                answer = self.gw.get(f"/api/incidents/{incident_id}", headers={"If-None-Match": tags[incident_id]})
                tags[incident_id] = answer.headers["ETag"]
                version = answer.json["version"] if answer.status_code == 200 else newest[incident_id]
                # What is shown agrees with its tag, and never goes back.
                if version < newest[incident_id] or not tags[incident_id].startswith(f'"{version}-'):
                    self.wrong.append(("went back", incident_id, version, newest[incident_id]))
                newest[incident_id] = version


def test_a_read_after_a_write_shows_it_however_many_others_read_and_write(gw: GatewayUnderTest) -> None:
    watch = Watch(gw)
    writers = [threading.Thread(target=watch.write, args=(n,)) for n in range(WRITERS)]
    readers = [threading.Thread(target=watch.read) for _ in range(READERS)]

    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    watch.done.set()
    for thread in readers:
        thread.join()

    assert watch.wrong == []
