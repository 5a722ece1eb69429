"""What may be proposed: each verb with what it needs, no shell, no secret in plain sight, nothing unseen."""

import pytest

from services.gateway.domain.actions.check_content import check_content
from services.gateway.domain.records import ActionType, ManualPayload
from shared.contracts.action import CommandPayload, KubernetesVerb
from shared.redaction import find_secret, redact
from tests.support.actions import a_change, an_action

V = KubernetesVerb
PARAMETERS = "payload.parameters"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----"
SECRETS = [
    KEY,
    "AKIAABCDEFGHIJKLMNOP",
    "ghp_" + "a1" * 18,
    "xoxb-1234567890-abcdef",
    "flt_" + "a" * 32,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "curl -H 'Authorization: Bearer abcdefgh1234' https://x",
    "mysql --password=hunter2hunter",
    "PGPASSWORD=hunter2hunter psql",
    "postgres://app:hunter2@db/shop",
]
HARMLESS = [
    "Set the password in Vault, then restart.",
    "mysql --password=$MYSQL_PASSWORD",
    "curl -H 'Authorization: Bearer $TOKEN' https://x",
    "curl -H 'Authorization: Bearer <token>'",
    "postgres://app:$PASSWORD@db/shop",
    "kubectl get secret payments-db -o yaml",
    "see https://wiki.example.org:8443/runbooks",
    "token: see the vault",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_in_plain_sight_is_found_and_taken_out(text):
    assert find_secret(text)
    clean, count = redact(f"before {text} after")
    assert count == 1
    assert clean.startswith("before ")
    assert clean.endswith(" after") or "https" in clean or "psql" in clean or "/shop" in clean
    assert redact(clean) == (clean, 0)


@pytest.mark.parametrize("text", HARMLESS)
def test_words_about_secrets_are_none(text):
    assert find_secret(text) is None


@pytest.mark.parametrize("unit", ["eyJ-", "eyJaaaaaaaaaaa.", "-----BEGIN ", KEY[:31], "a://", "ab://a:", "password="])
@pytest.mark.timeout(30)
def test_hostile_text_is_looked_through_in_good_time(unit):
    text = unit * (262_144 // len(unit))

    # What takes quadratic time would take minutes.
    assert redact(text)


@pytest.mark.parametrize("place", ["title", "rationale", "rollback", "expected_effect"])
def test_no_word_of_a_proposal_may_hold_a_secret(place):
    (problem,) = check_content(an_action(**{place: f"use {SECRETS[1]}"})).values()

    assert "an AWS access key" in problem[0]
    assert SECRETS[1] not in problem[0]


def a_manifest(kind, **fields):
    meta = {"name": "checkout", "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": fields}


def a_command(*argv, target="db-3"):
    return an_action(type=ActionType.COMMAND, command=CommandPayload(argv=argv, target=target), manual=None)


@pytest.mark.parametrize(
    ("action", "places"),
    [
        (a_change(), []),
        (a_change(namespace=None), ["payload.namespace"]),
        (a_change(parameters={}), ["payload.parameters.replicas"]),
        (a_change(parameters={"replicas": -1}), ["payload.parameters.replicas"]),
        (a_change(parameters={"replicas": True}), ["payload.parameters.replicas"]),
        (a_change(parameters={"replicas": 1.5}), ["payload.parameters.replicas"]),
        (a_change(verb=V.RESTART, parameters={}), []),
        (a_change(verb=V.RESTART, namespace=None), ["payload.namespace"]),
        (a_change(verb=V.DELETE_POD), ["payload.kind"]),
        (a_change(verb=V.DELETE_POD, kind="Pod"), []),
        (a_change(verb=V.CORDON), ["payload.kind", "payload.namespace"]),
        (a_change(verb=V.DRAIN, kind="Node", namespace=None), []),
        (a_change(verb=V.PATCH, parameters={}), ["payload.parameters.patch"]),
        (a_change(verb=V.PATCH, parameters={"patch": {"spec": {}}}), []),
        (
            a_change(verb=V.PATCH, kind="Secret", parameters={"patch": {"data": {"a": "aGk="}}}),
            ["payload.parameters.patch"],
        ),
        (
            a_change(
                verb=V.PATCH,
                parameters={"patch": [{"op": "add", "path": "/spec/env", "value": {"password": "hunter2hunter"}}]},
            ),
            ["payload.parameters"],
        ),
        (a_change(verb=V.DELETE, namespace=None, kind="ClusterRole"), []),
        (a_change(verb=V.DELETE, name=".."), ["payload.name"]),
        (
            a_change(verb=V.CORDON, parameters={"force": True}),
            ["payload.kind", "payload.namespace", "payload.parameters"],
        ),
        (a_change(verb=V.PAUSE), []),
        (a_change(verb=V.RESUME, kind="StatefulSet"), ["payload.kind"]),
        (
            a_change(verb=V.EVICT, kind="Pod", parameters={"gracePeriodSeconds": "5"}),
            [f"{PARAMETERS}.gracePeriodSeconds"],
        ),
        (a_change(verb=V.SUSPEND, kind="CronJob"), []),
        (a_change(verb=V.UNSUSPEND), ["payload.kind"]),
        (a_change(verb=V.ROLLBACK), [f"{PARAMETERS}.revision"]),
        (a_change(verb=V.SET_IMAGE, parameters={"images": {"app": "registry/app:2"}}), []),
        (a_change(verb=V.SET_IMAGE, parameters={"images": ["registry/app:2"]}), [f"{PARAMETERS}.images"]),
        (a_change(verb=V.SET_RESOURCES, parameters={"container": "app"}), [f"{PARAMETERS}.requests"]),
        (a_change(verb=V.APPLY, parameters={"manifest": a_manifest("Deployment")}), []),
        (
            a_change(verb=V.APPLY, kind="Secret", parameters={"manifest": a_manifest("Secret")}),
            [f"{PARAMETERS}.manifest"],
        ),
        (
            a_change(verb=V.APPLY, parameters={"manifest": a_manifest("Deployment", password="hunter2hunter")}),
            [PARAMETERS],
        ),
        (a_command("systemctl", "restart", "haproxy"), []),
        (a_command("/bin/sh", "-c", "rm -rf /"), ["payload.argv"]),
        (a_command("C:\\Windows\\cmd.exe", "/c"), ["payload.argv"]),
        (a_command("mysqladmin", "--password", "hunter2hunter"), ["payload.argv"]),
        (a_command("mysqladmin", "--password", "$PASSWORD"), []),
        (a_command("echo", "a\u202eb"), ["payload.argv"]),
        (an_action(manual=ManualPayload(instructions="Line one.\r\n\tLine two. ⚠️👩‍💻")), []),
        (an_action(manual=ManualPayload(instructions="Rotate\u200b it")), ["payload.instructions"]),
        (an_action(title="Fail over \x1b[2J"), ["title"]),
    ],
)
def test_a_proposal_must_be_one_that_can_be_meant(action, places):
    assert list(check_content(action)) == places
