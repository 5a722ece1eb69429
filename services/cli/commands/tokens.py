"""`faultline tokens`: who may call the API, and as what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from services.cli.options import connect, json_option, limit_option
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

_SCOPES = click.Choice(
    [
        "incidents:read",
        "incidents:write",
        "actions:approve",
        "deliveries:read",
        "deliveries:write",
        "rules:read",
        "rules:write",
        "intake:send",
        "admin",
    ]
)
_STATES = click.Choice(["active", "expired", "revoked"])
_ROLES = click.Choice(["viewer", "responder", "approver", "admin", "service"])


@click.group()
def tokens() -> None:
    """Bearer tokens and their roles."""


@tokens.command("list")
@click.option("--role", multiple=True, type=_ROLES, help="May be repeated.")
@click.option("--state", multiple=True, type=_STATES, help="May be repeated.")
@limit_option(100)
@json_option
def list_tokens(limit: int, **filters: Any) -> None:
    """List tokens, newest first. Their secrets are kept by nobody."""
    page = connect().list_page("/api/tokens", filters, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page.get("total"), "tokens")


@tokens.command("create")
@click.argument("name")
@click.option(
    "--role", type=_ROLES, required=True, help="What it may do; `service` may send deliveries and nothing else."
)
@click.option(
    "--scope", "scopes", multiple=True, type=_SCOPES, help="Narrows the role; may be repeated. All if left out."
)
@click.option("--expires-in-days", type=click.FloatRange(min=0, min_open=True, max=36500), help="For ever if left out.")
@json_option
def create_token(name: str, role: str, scopes: tuple[str, ...], expires_in_days: float | None) -> None:
    """Make a token called NAME. It is shown this once."""
    body: dict[str, Any] = {"name": name, "role": role}
    if scopes:
        body["scopes"] = list(scopes)
    if expires_in_days is not None:
        expires_at = datetime.now(UTC) + timedelta(days=expires_in_days)
        body["expiresAt"] = expires_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    made = connect().post("/api/tokens", body)
    if json_wanted():
        print_json(made)
        return
    print_fields(
        [
            ("token", made["token"]),
            ("id", made["id"]),
            ("name", made["name"]),
            ("role", made["role"]),
            ("scopes", _scopes(made)),
            ("expires", when(made.get("expiresAt"), datetime.now(UTC))),
        ]
    )
    click.echo("Keep the token now: it is not shown again.", err=True)


@tokens.command("revoke")
@click.argument("token_id", metavar="ID")
@json_option
def revoke_token(token_id: str) -> None:
    """Refuse the token with this ID from now on."""
    body = connect().delete(f"/api/tokens/{token_id}")
    if json_wanted():
        print_json(body)
    else:
        click.echo(f"revoked {token_id}")


def _scopes(token: dict[str, Any]) -> str:
    return " ".join(token.get("scopes") or ["all"])


def _columns(now: datetime) -> list[Column]:
    return [
        ("id", lambda item: item["id"]),
        ("name", lambda item: item["name"]),
        ("role", lambda item: item["role"]),
        ("scopes", _scopes),
        ("state", lambda item: item.get("state")),
        ("created", lambda item: when(item["createdAt"], now)),
        ("created by", lambda item: item.get("createdBy")),
        ("expires", lambda item: when(item.get("expiresAt"), now)),
        ("last used", lambda item: when(item.get("lastUsedAt"), now)),
        ("revoked", lambda item: when(item.get("revokedAt"), now)),
    ]
