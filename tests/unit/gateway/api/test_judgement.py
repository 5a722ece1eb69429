"""Rules, silences, trials, previews, noise and explanations, over the API."""

from datetime import timedelta

import pytest

from services.gateway.api import rule_shapes
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Delivery, Job, Role
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.handlers.run_timers import run_timer
from services.gateway.ports import RecordQuery
from shared.contracts.messages import DeliveryNormalised, DeliveryQuarantined, Results
from shared.contracts.severity import Severity
from shared.contracts.signal import ChangeEvent, NormalisedSignal, SignalStatus
from tests.support.gateway import GatewayUnderTest

RULE = {"id": "shop", "name": "Shop", "match": {"namespaces": ["shop"]}, "groupBy": ["namespace"]}


class World:
    """The API with a worker that is done by hand."""

    def __init__(self, gw: GatewayUnderTest) -> None:
        self.gw = gw
        self.recorder = Recorder(Judge(GroupingPolicy()))

    def report(self, name: str = "Down", status: str = "firing", **fields) -> NormalisedSignal:
        now = self.gw.clock.now()
        given = {
            "source": "alertmanager",
            "fingerprint": f"alertmanager:{name}",
            "status": SignalStatus(status),
            "severity": Severity.HIGH,
            "name": name,
            "starts_at": now,
            "ends_at": now if status == "resolved" else None,
            "title": f"{name} is down",
            "labels": {"namespace": "shop", "team": "a"},
            "group_labels": {"alertname": name, "namespace": "shop"},
        }
        return NormalisedSignal(**given | fields)

    def deliver(self, *reports: NormalisedSignal, **fields) -> str:
        accepted = self.gw.post("/api/intake/webhook", data=b"{}").json
        self.read(accepted["deliveryId"], *reports, **fields)
        return accepted["deliveryId"]

    def read(self, delivery_id: str, *reports: NormalisedSignal, **fields) -> None:
        job_id = self.gw.store.get(Delivery, delivery_id).job_id
        result = DeliveryNormalised(job_id=job_id, attempt=1, delivery_id=delivery_id, signals=reports, **fields)
        record_results(self.gw.store, self.recorder, Results(results=(result,)))

    def timers(self) -> None:
        query = RecordQuery(states=("pending",), tags=("timer",), limit=200)
        for job in self.gw.store.list_records(Job, query).records:
            if job.not_before <= self.gw.clock.now():
                run_timer(self.gw.store, self.recorder.judge, job.id)


@pytest.fixture
def world(gw):
    return World(gw)


def valid(shape: type, answer) -> dict:
    assert shape().validate(answer.json) == {}
    return answer.json


def test_rules_are_put_read_and_kept_in_every_version(world):
    gw = world.gw
    before = valid(rule_shapes.RulesShape, gw.get("/api/rules"))
    put = gw.call("PUT", "/api/rules", json={"grouping": [RULE], "reason": "one case for the shop"})
    gw.call("PUT", "/api/rules", json={"grouping": []})

    assert (before["version"], [rule["id"] for rule in before["builtIn"]]) == (0, ["watchdog", "default"])
    assert valid(rule_shapes.RulesShape, put)["version"] == 1
    versions = valid(rule_shapes.RulesVersionPageShape, gw.get("/api/rules/versions"))["items"]
    assert [(one["version"], one["groupingRules"]) for one in versions] == [(2, 0), (1, 1)]
    first = valid(rule_shapes.RulesShape, gw.get("/api/rules/versions/1"))
    assert (first["reason"], first["changedBy"], first["grouping"][0]["resolveOn"]) == (
        "one case for the shop",
        "token:admin",
        "all",
    )
    assert gw.get("/api/rules/versions/9").status_code == 404
    assert gw.get("/api/rules/versions/current").status_code == 404


def test_the_rules_in_force_again_are_no_new_version_and_no_rules_at_all_are_none(world):
    key = {"Idempotency-Key": "no-rules-at-all"}
    none, again = (world.gw.call("PUT", "/api/rules", json={"reason": "x"}, headers=key) for _ in range(2))
    put, same = (world.gw.call("PUT", "/api/rules", json={"grouping": [RULE]}) for _ in range(2))

    assert (none.status_code, again.status_code, none.json, none.headers["ETag"][:3]) == (200, 200, again.json, '"0-')
    assert valid(rule_shapes.RulesShape, none)["version"] == 0
    assert (put.json["version"], same.json["version"]) == (1, 1)
    assert world.gw.get("/api/rules/versions").json["total"] == 1


def test_rules_that_changed_meanwhile_are_not_overwritten(world):
    tag = world.gw.get("/api/rules").headers["ETag"]
    world.gw.call("PUT", "/api/rules", json={"grouping": [RULE]})

    stale = world.gw.call("PUT", "/api/rules", json={"grouping": []}, headers={"If-Match": tag})

    assert (stale.status_code, stale.json["currentVersion"]) == (412, 1)


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"when": "signal.nam == 'x'"}, "grouping[0].when"),
        ({"when": "1 +"}, "grouping[0].when"),
        ({"groupBy": ["severity"]}, "grouping[0].groupBy"),
        ({"id": "default"}, "grouping[0].id"),
    ],
)
def test_what_no_rule_may_say_is_named_by_its_place(world, rule, where):
    answer = world.gw.call("PUT", "/api/rules", json={"grouping": [RULE | rule]})

    assert (answer.status_code, list(answer.json["errors"])) == (422, [where])
    assert world.gw.get("/api/rules").json["version"] == 0


@pytest.mark.parametrize("path", ["/api/rules", "/api/mapping"])
def test_only_an_admin_changes_configuration(world, path):
    assert world.gw.call("PUT", path, role=Role.APPROVER, json={}).status_code == 403


def test_rules_are_tried_on_the_past_without_effect(world):
    for name in ("A", "B", "C"):
        world.deliver(world.report(name))
        world.gw.clock.advance(10)

    tried = valid(rule_shapes.TriedRulesShape, world.gw.post("/api/rules/try", json={"grouping": [RULE], "hours": 1}))

    assert (tried["deliveries"], tried["signals"], tried["isWhole"]) == (3, 3, True)
    assert (tried["before"]["incidents"], tried["after"]["incidents"]) == (3, 1)
    assert tried["after"]["outcomes"] == {"opened": 1, "joined": 2}
    assert tried["after"]["rules"] == {"shop": 3}
    assert [one["after"]["outcome"] for one in tried["differences"]] == ["opened", "joined", "joined"]
    assert world.gw.get("/api/rules").json["version"] == 0
    assert world.gw.get("/api/incidents").json["total"] == 3


def test_a_trial_lives_through_the_timers_of_the_past(world):
    world.deliver(world.report("A"))
    world.deliver(world.report("A", "resolved"))
    world.gw.clock.advance(7_200)
    world.deliver(world.report("A"))

    never = RULE | {"resolveOn": "never"}
    tried = world.gw.post("/api/rules/try", json={"grouping": [never], "hours": 24}).json

    assert (tried["before"]["incidents"], tried["after"]["incidents"]) == (2, 1)


def test_a_silence_is_set_holds_and_ends(world):
    gw = world.gw
    ends = (gw.clock.now() + timedelta(hours=1)).isoformat()
    made = gw.post(
        "/api/silences",
        json={"comment": "known", "match": {"namespaces": ["shop"]}, "endsAt": ends},
        role=Role.RESPONDER,
    )
    silence = valid(rule_shapes.SilenceShape, made)
    world.deliver(world.report())

    assert (made.status_code, silence["createdBy"], silence["state"]) == (201, "token:responder", "live")
    assert gw.get("/api/incidents").json["total"] == 0
    assert valid(rule_shapes.SilencePageShape, gw.get("/api/silences?state=live"))["total"] == 1
    ended = valid(rule_shapes.SilenceShape, gw.post(f"/api/silences/{silence['id']}/end"))
    world.timers()
    assert (ended["state"], ended["endedBy"]) == ("ended", "token:admin")
    assert gw.get("/api/incidents").json["total"] == 1
    again = gw.post(f"/api/silences/{silence['id']}/end")
    assert (again.status_code, again.json["code"]) == (409, "silence_ended")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"endsAt": "2020-01-01T00:00:00Z"}, "endsAt"),
        ({"match": {}}, "match"),
        ({"comment": " "}, "comment"),
        ({"repeat": "FREQ=DAILY"}, "repeat"),
        ({"kind": "maintenance_window", "repeat": "FREQ=SECONDLY"}, "repeat"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"when": "signal.foo"}, "when"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_by_field(world, fields, where):
    ends = (world.gw.clock.now() + timedelta(hours=1)).isoformat()
    given = {"comment": "known", "match": {"names": ["Down"]}, "endsAt": ends} | fields

    answer = world.gw.post("/api/silences", json=given)

    assert (answer.status_code, where in answer.json["errors"]) == (422, True), answer.json
    assert world.gw.get("/api/silences").json["total"] == 0


def test_a_silence_is_tried_on_the_past_week(world):
    kept = world.deliver(world.report("A"))
    world.deliver(world.report("A"))
    world.deliver(world.report("B"))
    world.deliver(world.report("A", "resolved"))
    ends = (world.gw.clock.now() + timedelta(hours=1)).isoformat()

    given = {"comment": "known", "match": {"names": ["A"]}, "endsAt": ends}
    tried = valid(rule_shapes.TriedSilenceShape, world.gw.post("/api/silences/try", json=given))

    assert (tried["lookedAt"], tried["deliveries"], tried["signals"]) == (4, 2, 2)
    assert (tried["fingerprints"], tried["incidents"]) == (1, 1)
    assert tried["heldBack"][-1]["deliveryId"] == kept
    assert world.gw.get("/api/silences").json["total"] == 0


def test_noise_is_counted_by_source_and_rule(world):
    for _ in range(3):
        world.deliver(world.report("A"))
    world.deliver(world.report("A", "resolved"), world.report("Watchdog"))

    lines = valid(rule_shapes.NoiseShape, world.gw.get("/api/noise?hours=1"))["lines"]

    by_rule = {line["ruleId"]: line for line in lines}
    assert (by_rule["default"]["signals"], by_rule["default"]["repeats"], by_rule["default"]["noise"]) == (4, 2, 0.75)
    assert by_rule["default"]["outcomes"] == {"joined": 3, "opened": 1}
    assert by_rule["watchdog"]["outcomes"] == {"suppressed": 1}
    assert by_rule[""]["deliveries"] == 4


def test_noise_of_long_ago_is_left_out(world):
    world.deliver(world.report("A"))
    world.gw.clock.advance(3 * 3_600)

    assert world.gw.get("/api/noise?hours=1").json["lines"] == []


def test_a_delivery_explains_itself(world):
    other = RULE | {"id": "other", "match": {"namespaces": ["pay"]}}
    world.gw.call("PUT", "/api/rules", json={"grouping": [other, RULE]})
    delivery = world.deliver(world.report("A"))
    world.gw.call("PUT", "/api/rules", json={"grouping": []})

    told = valid(rule_shapes.ExplanationShape, world.gw.get(f"/api/deliveries/{delivery}/explanation"))

    (signal,) = told["signals"]
    assert [(one["ruleId"], one["whyNot"] is None) for one in signal["considered"]] == [
        ("other", False),
        ("shop", True),
    ]
    assert "pay" in signal["considered"][0]["whyNot"]
    assert any("rule shop of version 1" in line for line in signal["story"])
    assert any("INC-1" in line for line in signal["story"])


def test_a_quarantined_delivery_explains_itself(world):
    accepted = world.gw.post("/api/intake/webhook", data=b"{").json
    result = DeliveryQuarantined(
        job_id=accepted["jobId"], attempt=1, delivery_id=accepted["deliveryId"], code="not_json", reason="no JSON"
    )
    record_results(world.gw.store, world.recorder, Results(results=(result,)))

    told = world.gw.get(f"/api/deliveries/{accepted['deliveryId']}/explanation").json

    assert any("not_json" in line for line in told["story"])


def test_changes_are_kept_as_context_once(world):
    change = ChangeEvent(
        source="pagerduty",
        key="pagerduty:change:1",
        summary="Deploy 1.42",
        occurred_at=world.gw.clock.now(),
        service="a",
    )
    delivery = world.deliver(changes=(change,))
    world.deliver(changes=(change,))

    listed = valid(rule_shapes.ChangePageShape, world.gw.get("/api/changes?service=a"))
    assert [one["summary"] for one in listed["items"]] == ["Deploy 1.42"]
    kept = world.gw.get(f"/api/deliveries/{delivery}").json
    assert (kept["outcome"], kept["changes"][0]["changeId"]) == ("noted", listed["items"][0]["id"])
    assert world.gw.get("/api/changes?service=b").json["items"] == []
    assert world.gw.get("/api/incidents").json["total"] == 0


def test_a_preview_shows_what_a_replay_would_do_and_does_nothing(world):
    delivery = world.deliver(world.report("A"))
    world.gw.call("PUT", "/api/rules", json={"grouping": [RULE]})

    started = world.gw.post(f"/api/deliveries/{delivery}/preview")
    preview = started.json["previewId"]
    assert (started.status_code, started.headers["Location"]) == (202, f"/api/previews/{preview}")
    assert world.gw.get(f"/api/previews/{preview}").json["isReady"] is False
    again = world.gw.get("/api/deliveries?state=accepted").json["items"][0]["id"]
    world.read(again, world.report("A", title="Renamed", fingerprint="alertmanager:other"))

    shown = valid(rule_shapes.PreviewShape, world.gw.get(f"/api/previews/{preview}"))
    (one,) = shown["deliveries"]
    assert (shown["isReady"], one["isDifferent"], one["deliveryId"]) == (True, True, delivery)
    assert one["before"]["signals"][0]["reading"]["title"] == "A is down"
    after = one["after"]["signals"][0]
    assert (after["reading"]["title"], after["outcome"]["outcome"], after["outcome"]["ruleId"]) == (
        "Renamed",
        "opened",
        "shop",
    )
    assert after["outcome"]["incidentId"] is None
    assert world.gw.get("/api/incidents").json["total"] == 1
    assert world.gw.get("/api/signals").json["total"] == 1
    assert [one["id"] for one in world.gw.get("/api/deliveries").json["items"]] == [delivery]
    assert world.gw.get("/api/deliveries?state=previewed").json["total"] == 1


def test_a_preview_of_what_would_be_the_same_says_so(world):
    delivery = world.deliver(world.report("A"))
    preview = world.gw.post(f"/api/deliveries/{delivery}/preview").json["previewId"]
    again = world.gw.get("/api/deliveries?state=accepted").json["items"][0]["id"]
    world.read(again, world.report("A"))

    assert world.gw.get(f"/api/previews/{preview}").json["deliveries"][0]["isDifferent"] is False


def test_a_mapping_is_versioned_and_tried_on_the_last_deliveries(world):
    for _ in range(22):
        world.deliver(world.report("A"))
    paths = {"title": ["check.headline"]}

    tried = world.gw.post("/api/mapping/try", json={"paths": paths})
    assert valid(rule_shapes.PreviewStartedShape, tried)
    waiting = world.gw.get("/api/deliveries?state=accepted&limit=200").json["items"]
    assert {tuple(one["mapping"]["title"]) for one in waiting} == {("check.headline",)}
    assert len(waiting) == 20
    put = world.gw.call("PUT", "/api/mapping", json={"paths": paths})
    assert valid(rule_shapes.MappingShape, put)["version"] == 1
    assert world.gw.get("/api/mapping").json["paths"] == {"title": ["check.headline"]}


@pytest.mark.parametrize("path", ["/api/mapping", "/api/mapping/try"])
def test_a_field_no_mapping_has_is_refused(world, path):
    method = "PUT" if path == "/api/mapping" else "POST"

    answer = world.gw.call(method, path, json={"paths": {"titel": ["a"]}})

    assert (answer.status_code, list(answer.json["errors"])) == (422, ["paths.titel"])


@pytest.mark.parametrize("path", ["preview", "explanation"])
def test_a_delivery_nobody_sent_is_not_found(world, path):
    method = "POST" if path == "preview" else "GET"

    assert world.gw.call(method, f"/api/deliveries/dlv_nope/{path}").status_code == 404
