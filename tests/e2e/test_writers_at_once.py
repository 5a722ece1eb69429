"""Many writers at once against the whole product: one winner, nothing lost, nothing done twice."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.product import Product, running_product
from tests.support.waiting import wait_until

WRITERS = 8
ROUNDS = 125
ALERTS_A_SECOND = 200
STORM_SECONDS = 10


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("writers")) as found:
        yield found


class Client:
    """One writer with a connection of its own."""

    def __init__(self, product: Product) -> None:
        self.url = product.url
        self.session = requests.Session()
        self.session.headers.update(product.headers)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=60, **options)

    def open_incident(self, **fields: Any) -> str:
        answer = self.call("POST", "/api/incidents", json={"title": "Checkout is down", **fields})
        assert answer.status_code == 201, answer.text
        return f"/api/incidents/{answer.json()['id']}"


def all_at_once(product: Product, work: Callable[[Client, int], Any], count: int = WRITERS) -> list[Any]:
    """Run ``work`` for every writer, none before all are ready, and return what they return."""
    start = threading.Barrier(count)

    def run(place: int) -> Any:
        client = Client(product)
        with client.session:
            start.wait()
            return work(client, place)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_of_1000_conflicting_patches_each_round_has_one_winner_and_no_field_is_lost(product):
    client = Client(product)
    path = client.open_incident()
    # Each writer edits a field of its own, and would take nobody else's back.
    fields = ["title", "description", "owner", "services", "labels", "roles", "owner", "title"]
    rounds = threading.Barrier(WRITERS)
    seen: list[tuple[int, int, int]] = []

    def value(name: str, text: str) -> Any:
        return {"services": [text], "labels": {"writer": text}, "roles": {"scribe": text}}.get(name, text)

    def write(writer: Client, place: int) -> list[int]:
        found = []
        for number in range(ROUNDS):
            rounds.wait()
            body = {fields[place]: value(fields[place], f"{place}-{number}")}
            answer = writer.call("PATCH", path, json=body, headers={"If-Match": f'"{number + 1}"'})
            found.append(answer.status_code)
            if answer.status_code == 200:
                seen.append((number, place, answer.json()["version"]))
        return found

    statuses = all_at_once(product, write)
    by_round = [Counter(column) for column in zip(*statuses, strict=True)]
    assert by_round == [Counter({200: 1, 412: WRITERS - 1})] * ROUNDS
    assert [version for _, _, version in sorted(seen)] == list(range(2, ROUNDS + 2))
    # Read off the timeline, edit by edit: what the winners wrote is what stands there, whoever wrote after.
    expected: dict[str, Any] = {}
    for number, place, _ in sorted(seen):
        expected[fields[place]] = value(fields[place], f"{place}-{number}")
    shown = client.call("GET", path).json()
    assert {name: shown[name] for name in expected} == expected
    entries = client.call("GET", f"{path}/timeline", params={"limit": 1000}).json()["items"]
    assert sum(entry["type"] == "fields_changed" for entry in entries) == ROUNDS


def test_without_if_match_writers_of_different_fields_lose_nothing(product):
    client = Client(product)
    path = client.open_incident()
    fields = ["title", "description", "owner", "services"]

    def write(writer: Client, place: int) -> None:
        for number in range(50):
            text = f"{place}-{number}"
            body = {fields[place]: [text] if fields[place] == "services" else text}
            assert writer.call("PATCH", path, json=body).status_code == 200

    all_at_once(product, write, len(fields))
    shown = client.call("GET", path).json()
    assert [shown[name] for name in fields] == ["0-49", "1-49", "2-49", ["3-49"]]
    assert shown["version"] == 1 + 50 * len(fields)


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("POST", None, {"title": "Once"}),
        ("PATCH", "", {"owner": "ann", "status": "triage"}),
        ("POST", "/timeline", {"message": "Once."}),
    ],
    ids=["open", "change", "note"],
)
def test_a_key_that_comes_50_times_at_once_has_one_effect_and_one_answer(product, method, suffix, body):
    client = Client(product)
    path = client.open_incident() if suffix is not None else ""
    before = client.call("GET", "/api/incidents").json()["total"]
    target = "/api/incidents" if suffix is None else path + suffix
    headers = {"Idempotency-Key": f"storm-{method}-{suffix}"}
    answers = all_at_once(product, lambda one, _: one.call(method, target, json=body, headers=headers), 50)
    assert len({(answer.status_code, answer.text, answer.headers.get("ETag")) for answer in answers}) == 1
    assert answers[0].ok, answers[0].text
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    if suffix is None:
        assert client.call("GET", "/api/incidents").json()["total"] == before + 1
    else:
        # The opening, and the one effect: a change of field and status is two entries of one version.
        entries = client.call("GET", f"{path}/timeline").json()["items"]
        assert len(entries) == (3 if method == "PATCH" else 2)


def test_a_responder_is_never_refused_because_alerts_keep_coming(product):
    client = Client(product)
    stop = threading.Event()
    sent = Counter[str]()

    def storm() -> None:
        began = time.monotonic()
        with Client(product).session as session:
            while not stop.is_set() and time.monotonic() - began < STORM_SECONDS * 3:
                number = sent["alerts"]
                alerts = [alert(number + one) for one in range(20)]
                body = {"version": "4", "status": "firing", "groupLabels": {}, "commonLabels": {}, "alerts": alerts}
                answer = session.post(
                    f"{product.url}/api/intake/alertmanager", json=body, headers=product.headers, timeout=60
                )
                assert answer.status_code == 202, answer.text
                sent["alerts"] += 20
                # On time again, however long the last one took.
                due = began + sent["alerts"] / ALERTS_A_SECOND
                stop.wait(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        path = f"/api/incidents/{incident_of_storm(client)}"
        statuses: Counter[int] = Counter()
        ends = time.monotonic() + STORM_SECONDS
        while time.monotonic() < ends:
            shown = client.call("GET", path)
            body = {"owner": f"ann-{statuses[200]}"}
            answer = client.call("PATCH", path, json=body, headers={"If-Match": shown.headers["ETag"]})
            statuses[answer.status_code] += 1
    finally:
        stop.set()
        thread.join()
    assert set(statuses) == {200}
    assert statuses[200] > 20
    assert sent["alerts"] > 20
    shown = client.call("GET", path).json()
    assert shown["owner"] == f"ann-{statuses[200] - 1}"
    assert shown["version"] == 1 + statuses[200]
    assert shown["signalCount"] > 1


def alert(number: int) -> dict[str, Any]:
    """Return one of 400 alerts of one group; after that they repeat."""
    labels = {"alertname": "StormOfAlerts", "severity": "warning", "pod": f"shop-{number % 400}", "service": "shop"}
    return {"status": "firing", "labels": labels, "startsAt": "2026-11-01T12:00:00Z"}


def incident_of_storm(client: Client) -> str:
    """Return the id of the incident the storm opened, once it did."""
    found: list[str] = []

    def look() -> bool:
        items = client.call("GET", "/api/incidents", params={"q": "StormOfAlerts"}).json()["items"]
        found[:] = [item["id"] for item in items]
        return bool(found)

    wait_until(look, "the storm to open its incident")
    (only,) = found
    return only
