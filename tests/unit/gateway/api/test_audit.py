"""The audit log: what is in it, who may read it, and that it is chained."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.domain.records import AUDIT_TYPES, Delivery, Job, Role, audit_chain, end_of_month
from services.gateway.handlers.verify_chains import verify_chains
from services.gateway.ports import RecordQuery
from tests.support.browser import a_browser
from tests.support.clock import START, FixedClock
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.memory_store import MemoryStore


def newest(gw: GatewayUnderTest) -> dict:
    return gw.get("/api/audit?limit=1").json["items"][0]


def make_token(gw: GatewayUnderTest) -> str:
    return gw.post("/api/tokens", json={"name": "bob", "role": "viewer"}).headers["Location"]


def revoke_token(gw: GatewayUnderTest) -> None:
    gw.call("DELETE", make_token(gw))


def sign_out(gw: GatewayUnderTest) -> None:
    a_browser(gw, gw.secrets[Role.ADMIN]).call("DELETE", "/api/session")


def change_rules(gw: GatewayUnderTest) -> None:
    rule = {"id": "by-team", "name": "By team", "match": {"namespaces": ["shop"]}, "groupBy": ["labels.team"]}
    body = {"grouping": [rule], "ownership": [], "reason": "teams"}
    assert gw.call("PUT", "/api/rules", json=body).status_code == 200


def change_mapping(gw: GatewayUnderTest) -> None:
    assert gw.call("PUT", "/api/mapping", json={"paths": {"title": ["headline"]}}).status_code == 200


def set_silence(gw: GatewayUnderTest) -> str:
    ends = (gw.clock.now() + timedelta(hours=1)).isoformat()
    body = {"comment": "known", "when": "true", "endsAt": ends}
    made = gw.post("/api/silences", json=body)
    assert made.status_code == 201, made.text
    return made.json["id"]


def end_silence(gw: GatewayUnderTest) -> None:
    assert gw.post(f"/api/silences/{set_silence(gw)}/end").status_code == 200


def cancel_job(gw: GatewayUnderTest) -> str:
    gw.post("/api/intake/webhook", json={})
    job = gw.store.list_records(Job, RecordQuery(limit=1)).records[0]
    assert gw.post(f"/api/jobs/{job.id}/cancel").status_code == 200
    return job.id


def retry_job(gw: GatewayUnderTest) -> None:
    assert gw.post(f"/api/jobs/{cancel_job(gw)}/retry").status_code == 202


def replay(gw: GatewayUnderTest) -> None:
    gw.post("/api/intake/webhook", json={})
    delivery = gw.store.list_records(Delivery, RecordQuery(limit=1)).records[0]
    assert gw.post(f"/api/deliveries/{delivery.id}/replay").status_code == 202


DEEDS = [
    (make_token, "token_made"),
    (revoke_token, "token_revoked"),
    (lambda gw: a_browser(gw, gw.secrets[Role.ADMIN]), "session_begun"),
    (sign_out, "session_ended"),
    (change_rules, "rules_changed"),
    (change_mapping, "mapping_changed"),
    (set_silence, "silence_set"),
    (end_silence, "silence_ended"),
    (cancel_job, "job_cancelled"),
    (retry_job, "job_retried"),
    (replay, "delivery_replayed"),
]


@pytest.mark.parametrize(("do", "kind"), [pytest.param(*deed, id=deed[1]) for deed in DEEDS])
def test_a_change_of_configuration_or_access_is_in_the_log_with_who_made_it(
    gw: GatewayUnderTest, do: Callable[[GatewayUnderTest], object], kind: str
):
    do(gw)
    entry = newest(gw)

    assert (entry["type"], entry["actor"], entry["source"]) == (kind, "token:admin", "api")
    assert entry["type"] in AUDIT_TYPES


@pytest.mark.parametrize("do", [change_rules, change_mapping])
def test_what_changes_nothing_is_not_in_the_log(gw: GatewayUnderTest, do: Callable[[GatewayUnderTest], object]):
    do(gw)
    total = gw.get("/api/audit").json["total"]
    do(gw)
    gw.post("/api/tokens", json={"name": "admin", "role": "viewer"})
    gw.open_incident()

    assert gw.get("/api/audit").json["total"] == total


def test_a_repeat_of_a_request_is_in_the_log_once(gw: GatewayUnderTest):
    for _ in range(3):
        gw.post("/api/tokens", json={"name": "bob", "role": "viewer"}, headers={"Idempotency-Key": "k"})

    assert gw.get("/api/audit?type=token_made&actor=token:admin").json["total"] == 1


def test_the_actor_is_the_subject_whatever_the_body_says(gw: GatewayUnderTest):
    refused = gw.post("/api/tokens", json={"name": "bob", "role": "viewer", "createdBy": "token:eve"})
    assert refused.status_code == 422
    browser = a_browser(gw, gw.secrets[Role.RESPONDER])
    ends = (gw.clock.now() + timedelta(hours=1)).isoformat()
    browser.call("POST", "/api/silences", json={"comment": "c", "when": "true", "endsAt": ends})

    assert newest(gw)["actor"] == "token:responder"


def test_no_secret_is_in_the_log(gw: GatewayUnderTest):
    made = gw.post("/api/tokens", json={"name": "bob", "role": "viewer"}).json
    browser = a_browser(gw, made["token"])

    text = gw.get("/api/audit").text
    for secret in (made["token"], browser.cookie.partition("=")[2], browser.csrf, gw.secrets[Role.ADMIN]):
        assert secret not in text


def test_the_log_is_read_newest_first_by_pages_and_filters(gw: GatewayUnderTest):
    for do, _ in DEEDS[:1] + DEEDS[4:7]:
        gw.clock.advance(10)
        do(gw)
    all_of = gw.get("/api/audit").json
    first = gw.get("/api/audit?limit=4").json
    rest = gw.get(f"/api/audit?limit=200&cursor={first['nextCursor']}").json

    assert first["items"] + rest["items"] == all_of["items"]
    assert [one["type"] for one in all_of["items"][:4]] == [
        "silence_set",
        "mapping_changed",
        "rules_changed",
        "token_made",
    ]
    assert all_of["total"] == len(all_of["items"]) == 9
    assert gw.get("/api/audit?actor=test").json["total"] == 5
    assert gw.get("/api/audit?type=rules_changed,silence_set&actor=token:admin").json["total"] == 2
    since = (START + timedelta(seconds=20)).isoformat().replace("+", "%2B")
    assert gw.get(f"/api/audit?since={since}").json["total"] == 3
    assert gw.get(f"/api/audit?until={since}").json["total"] == 6
    assert gw.get("/api/audit?cursor=x").status_code == 400
    assert gw.get("/api/audit?type=note_added").status_code == 422


def test_entries_are_chained_up_to_the_head_that_is_shown(gw: GatewayUnderTest):
    change_rules(gw)
    page = gw.get("/api/audit").json
    entries = sorted(page["items"], key=lambda one: one["sequence"])

    assert entries[0]["previousHash"] == "0" * 64
    assert [one["previousHash"] for one in entries[1:]] == [one["hash"] for one in entries[:-1]]
    assert page["head"] == {"month": "2026-11", "sequence": len(entries), "hash": entries[-1]["hash"]}


def test_each_month_has_a_chain_of_its_own_and_all_are_verified():
    gw = a_gateway(store=MemoryStore(clock := FixedClock(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))), clock=clock)
    gw.clock.advance(1)
    change_rules(gw)
    gw.clock.advance(31 * 86_400)
    change_mapping(gw)
    gw.open_incident()

    assert [(one["month"], one["sequence"]) for one in gw.get("/api/audit?limit=3").json["items"]] == [
        ("2027-01", 1),
        ("2026-12", 1),
        ("2026-11", 5),
    ]
    found = gw.get("/api/verify").json
    assert (found["auditMonths"], found["auditEntries"], found["incidents"], found["problems"]) == (3, 7, 1, [])


def test_an_altered_entry_of_the_log_is_found_and_named_by_its_month(gw: GatewayUnderTest):
    original, chain = gw.store.list_timeline, audit_chain(START)

    class Altered:
        def __getattr__(self, name):
            return getattr(gw.store, name)

        def list_timeline(self, chain_id, *, after=0, limit=100):
            return [one for one in original(chain_id, after=after, limit=limit) if one.entry.sequence != 3]

    (problem,) = verify_chains(Altered(), limit=10).problems
    assert (problem.chain_id, problem.sequence) == (chain, 3)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.APPROVER, Role.SERVICE])
def test_nobody_but_an_admin_reads_the_log_by_whatever_way(gw: GatewayUnderTest, role: Role):
    chain = audit_chain(START)

    assert gw.get("/api/audit", role=role).status_code == 403
    for path in ("", "/timeline", "/signals", "/jobs"):
        assert gw.get(f"/api/incidents/{chain}{path}", role=role).status_code in {403, 404}
    assert gw.call("POST", f"/api/incidents/{chain}/timeline", role=role, json={"message": "x"}).status_code in {
        403,
        404,
    }


def test_months_end_where_the_next_begins():
    assert end_of_month("2026-11") == datetime(2026, 12, 1, tzinfo=UTC)
    assert end_of_month("2026-12") == datetime(2027, 1, 1, tzinfo=UTC)
