"""The client libraries people have already, unchanged but for the base address and the key, against the product."""

import json
import warnings
from pathlib import Path

import pytest
import requests
from cloudevents.core.bindings import http as ce_http
from cloudevents.core.v1.event import CloudEvent
from pagerduty import EventsApiV2Client

from tests.support.product import Product, running_product
from tests.support.tls_proxy import make_certificate, tls_before
from tests.support.waiting import wait_until

with warnings.catch_warnings():
    # Escapes in its docstrings that Python warns of, the first time its files are compiled.
    warnings.filterwarnings("ignore", category=SyntaxWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import opsgenie_sdk


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("libraries")
    with running_product(folder, FAULTLINE_GATEWAY_STABLE_SECONDS="1") as running:
        yield running


@pytest.fixture
def key(product: Product, request: pytest.FixtureRequest) -> str:
    body = {"name": request.node.name.replace("[", "-").replace("]", "")[:60], "role": "service"}
    made = requests.post(f"{product.url}/api/tokens", json=body, headers=product.headers, timeout=10)
    assert made.status_code == 201, made.text
    token: str = made.json()["token"]
    return token


def read(product: Product, path: str) -> dict:
    answer = requests.get(f"{product.url}{path}", headers=product.headers, timeout=10)
    assert answer.status_code == 200, answer.text
    body: dict = answer.json()
    return body


def wait_for(product: Product, title: str, status: str) -> None:
    """Return once there is one incident of this title, with this status."""

    def statuses() -> list[str]:
        found = [one for one in read(product, "/api/incidents?limit=200")["items"] if one["title"] == title]
        return [one["status"] for one in found]

    wait_until(lambda: statuses() == [status], f"one incident {title!r} to be {status}")


def wait_for_outcome(product: Product, source: str, outcome: str) -> dict:
    """Return the newest delivery of ``source`` once it has this outcome."""
    path = f"/api/deliveries?source={source}&limit=1"
    wait_until(lambda: read(product, path)["items"][0]["outcome"] == outcome, f"a delivery of {source} to be {outcome}")
    newest: dict = read(product, path)["items"][0]
    return newest


# --- pagerduty


@pytest.fixture
def events(product: Product, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # The library refuses a base address without TLS.
    certificate, private = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_before(product.url, certificate, private) as url, EventsApiV2Client(key, base_url=url) as client:
        yield client


@pytest.mark.system_package("openssl")
def test_pagerduty_triggers_acknowledges_and_resolves(product: Product, events: EventsApiV2Client):
    dedup_key = events.trigger("Disk of db-3 is full", "db-3", severity="critical")
    wait_for(product, "Disk of db-3 is full", "new")
    assert events.acknowledge(dedup_key) == dedup_key
    wait_for(product, "Disk of db-3 is full", "triage")
    assert events.resolve(dedup_key) == dedup_key
    wait_for(product, "Disk of db-3 is full", "resolved")


@pytest.mark.system_package("openssl")
def test_pagerduty_submits_a_change(product: Product, events: EventsApiV2Client):
    # A time is given because version 7.2.0 of the library fails at making one itself.
    events.submit(
        "Deploy of checkout 1.42",
        source="ci",
        custom_details={"build": "1042"},
        timestamp="2026-11-01T12:00:00Z",
    )

    delivery = wait_for_outcome(product, "pagerduty", "noted")
    assert [one["summary"] for one in delivery["changes"]] == ["Deploy of checkout 1.42"]


@pytest.mark.system_package("openssl")
def test_pagerduty_sends_a_change_event(product: Product, events: EventsApiV2Client):
    events.send_change_event(payload={"summary": "Flag new-cart on", "source": "flags"})

    delivery = wait_for_outcome(product, "pagerduty", "noted")
    assert [one["summary"] for one in delivery["changes"]] == ["Flag new-cart on"]


@pytest.mark.system_package("openssl")
def test_no_routing_key_is_kept_or_logged(product: Product, events: EventsApiV2Client, key: str):
    events.trigger("A key must not stay", "db-4", dedup_key="stay")
    wait_for(product, "A key must not stay", "new")

    files = [path for path in product.data_dir.rglob("*") if path.is_file()]
    assert [path for path in files if key.encode() in path.read_bytes()] == []


# --- opsgenie_sdk


@pytest.fixture
def alerts(product: Product, key: str):
    configuration = opsgenie_sdk.Configuration()
    configuration.host = product.url
    configuration.api_key["Authorization"] = key
    return opsgenie_sdk.AlertApi(api_client=opsgenie_sdk.ApiClient(configuration=configuration))


def wait_for_request(product: Product, alerts, request_id: str):
    """Return what the library says of a request, once the worker has read it."""
    path = f"/api/deliveries/{request_id}"
    wait_until(lambda: read(product, path)["state"] != "accepted", f"{request_id} to be processed")
    return alerts.get_request_status(request_id).data


def test_opsgenie_creates_acknowledges_and_closes_by_alias(product: Product, alerts):
    body = opsgenie_sdk.CreateAlertPayload(message="Queue grows", alias="prod/queue", priority="P1", tags=["mq"])
    created = alerts.create_alert(create_alert_payload=body)
    assert created.result == "Request will be processed"
    status = wait_for_request(product, alerts, created.request_id)
    assert (status.is_success, status.action, status.alias) == (True, "Create", "prod/queue")
    assert status.alert_id
    wait_for(product, "Queue grows", "new")

    acknowledged = alerts.acknowledge_alert("prod/queue", identifier_type="alias")
    assert wait_for_request(product, alerts, acknowledged.request_id).is_success
    wait_for(product, "Queue grows", "triage")

    closed = alerts.close_alert(
        "prod/queue", identifier_type="alias", close_alert_payload=opsgenie_sdk.CloseAlertPayload(note="Drained")
    )
    status = wait_for_request(product, alerts, closed.request_id)
    assert (status.is_success, status.action) == (True, "Close")
    wait_for(product, "Queue grows", "resolved")


def test_opsgenie_closes_by_the_id_it_was_given(product: Product, alerts):
    created = alerts.create_alert(create_alert_payload=opsgenie_sdk.CreateAlertPayload(message="Cache is cold"))
    status = wait_for_request(product, alerts, created.request_id)
    wait_for(product, "Cache is cold", "new")
    alerts.close_alert(status.alert_id)

    wait_for(product, "Cache is cold", "resolved")


def test_an_alias_with_a_slash_arrives_whole(product: Product, alerts):
    # On the wire it is %2F, which servers and frameworks each undo in their own way.
    made = alerts.close_alert("prod/queue one", identifier_type="alias")

    context = read(product, f"/api/deliveries/{made.request_id}")["context"]
    assert context == {"action": "close", "identifier": "prod/queue one", "identifier_type": "alias"}


# --- cloudevents


def an_event(name: str, state: str) -> CloudEvent:
    attributes = {"id": f"{name}-{state}", "source": "/checks", "type": f"com.example.check.{state}", "subject": name}
    return CloudEvent(attributes=attributes, data={"title": f"Check {name} fails", "severity": "high", "service": name})


def post(product: Product, key: str, message) -> requests.Response:
    headers = {**message.headers, "Authorization": f"Bearer {key}"}
    return requests.post(f"{product.url}/api/intake/cloudevents", data=message.body, headers=headers, timeout=10)


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_a_cloud_event_fires_and_resolves(product: Product, key: str, mode: str):
    write = ce_http.to_binary_event if mode == "binary" else ce_http.to_structured_event
    firing = write(an_event(mode, "firing"))
    assert post(product, key, firing).status_code == 202
    wait_for(product, f"Check {mode} fails", "new")
    assert post(product, key, firing).json()["replayed"] is True
    assert post(product, key, write(an_event(mode, "resolved"))).status_code == 202

    wait_for(product, f"Check {mode} fails", "resolved")


def test_a_batch_of_cloud_events_opens_an_incident_for_each(product: Product, key: str):
    # The library has no batch of its own: one is a JSON array of structured events.
    messages = [ce_http.to_structured_event(an_event(f"batch-{number}", "firing")) for number in (1, 2)]
    body = json.dumps([json.loads(message.body) for message in messages])
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    url = f"{product.url}/api/intake/cloudevents?access_token={key}"
    assert requests.post(url, data=body, headers=headers, timeout=10).status_code == 202

    for number in (1, 2):
        wait_for(product, f"Check batch-{number} fails", "new")


# --- any program that can set nothing but an address


def test_a_token_in_an_address_is_kept_and_logged_nowhere(product: Product, key: str):
    paths = {
        f"/api/intake/webhook/{key}": 202,
        f"/api/intake/cloudevents?access_token={key}": 415,
        f"/api/intake/nobody/{key}": 404,
        f"/api/intake/webhook/{key}/": 404,
    }
    for path, status in paths.items():
        answer = requests.post(f"{product.url}{path}", data=b'{"title": "By address"}', timeout=10)
        assert answer.status_code == status
        assert key not in answer.text
    wait_for(product, "By address", "new")

    files = [path for path in product.data_dir.rglob("*") if path.is_file()]
    assert [path for path in files if key.encode() in path.read_bytes()] == []
