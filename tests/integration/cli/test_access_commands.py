"""Tokens, sessions and the audit log on the command line: what is sent, what is printed, how they end."""

import json
from typing import Any

import click
import pytest

from services.cli.commands.tokens import create_token
from services.cli.exit_codes import ExitCode
from services.gateway.domain.records import Role, Scope
from tests.integration.cli.stand_in_gateway import Gateway, page

TOKEN = {
    "id": "tok_1",
    "name": "dash",
    "role": "viewer",
    "scopes": ["incidents:read", "rules:read"],
    "state": "active",
    "createdBy": "token:admin",
    "createdAt": "2026-11-23T12:00:00Z",
    "expiresAt": None,
    "revokedAt": None,
    "lastUsedAt": None,
}
SESSION = {
    "id": "ses_1",
    "subject": "token:ann",
    "tokenId": "tok_1",
    "role": "viewer",
    "scopes": None,
    "state": "ended",
    "isCurrent": False,
    "createdAt": "2026-11-23T12:00:00Z",
    "expiresAt": "2026-11-24T12:00:00Z",
    "lastSeenAt": "2026-11-23T12:00:00Z",
    "address": "192.0.2.1",
    "userAgent": "Browser \x1b[2J1.0",
    "endedAt": "2026-11-23T13:00:00Z",
    "endedBy": "token:ann",
    "end": "signed_out",
}
ENTRY = {
    "month": "2026-11",
    "sequence": 7,
    "type": "token_made",
    "actor": "token:admin",
    "recordedAt": "2026-11-23T12:00:00Z",
    "message": "Token dash made",
}
HEAD = {"month": "2026-11", "sequence": 7, "hash": "ab" * 32}


def cells_of(result: Any) -> dict[str, str]:
    names, cells = (line.split("\t") for line in result.stdout.splitlines())
    return dict(zip(names, cells, strict=True))


def test_a_token_is_made_with_scopes(gateway: Gateway, run: Any) -> None:
    gateway.answer("POST", "/api/tokens", (201, {**TOKEN, "token": "flt_x"}))

    scopes = ("--scope", "incidents:read", "--scope", "rules:read")
    result = run("tokens", "create", "dash", "--role", "viewer", *scopes)

    assert gateway.asked[0][2] == {"name": "dash", "role": "viewer", "scopes": ["incidents:read", "rules:read"]}
    assert "scopes\tincidents:read rules:read\n" in result.stdout


@pytest.mark.parametrize(("option", "words"), [("scopes", Scope), ("role", Role)])
def test_the_words_of_the_command_are_those_of_the_gateway(option: str, words: type) -> None:
    (found,) = (one for one in create_token.params if one.name == option)

    assert isinstance(found.type, click.Choice)
    assert sorted(found.type.choices) == sorted(words)


def test_tokens_are_listed_by_role_and_state(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/tokens", page(TOKEN))

    result = run("tokens", "list", "--state", "active", "--role", "viewer", "--role", "admin")

    assert "state=active&role=viewer&role=admin" in gateway.asked[0][1]
    assert (cells_of(result)["scopes"], cells_of(result)["state"]) == ("incidents:read rules:read", "active")


def test_sessions_are_listed_without_what_a_browser_made_up(gateway: Gateway, run: Any) -> None:
    gateway.answer("GET", "/api/sessions", page(SESSION))

    result = run("sessions", "list", "--state", "ended", "--token", "tok_1")

    assert "state=ended&tokenId=tok_1" in gateway.asked[0][1]
    assert cells_of(result)["why"] == "signed_out"
    assert "\x1b" not in result.stdout


def test_sessions_are_revoked_one_after_the_other(gateway: Gateway, run: Any) -> None:
    gateway.answer("DELETE", "/api/sessions/ses_1", (204, None))

    assert cells_of(run("sessions", "revoke", "ses_1"))["ended"] == "yes"
    assert run("sessions", "revoke", "ses_1", "ses_2").exit_code == ExitCode.NOT_FOUND
    assert run("sessions", "revoke", "ses_1", "--json").exit_code == 0


def test_the_audit_log_is_listed_with_its_head(gateway: Gateway, run: Any) -> None:
    status, body = page(ENTRY)
    gateway.answer("GET", "/api/audit", (status, {**body, "head": HEAD}))

    words = ("audit", "list", "--actor", "token:admin", "--type", "token_made", "--since", "2026-11-23T00:00:00Z")
    result = run(*words)

    assert "actor=token%3Aadmin&type=token_made&since=2026-11-23T00%3A00%3A00Z" in gateway.asked[0][1]
    assert cells_of(result)["message"] == "Token dash made"
    assert f"2026-11 ends at 7 with {'ab' * 32}" in result.stderr
    assert json.loads(run(*words, "--json").stdout)["head"] == HEAD
