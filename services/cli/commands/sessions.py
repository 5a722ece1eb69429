"""`faultline sessions`: the browsers that signed in."""

from datetime import UTC, datetime

import click

from services.cli.commands.each import each
from services.cli.options import connect, json_option, limit_option
from services.cli.render import Column, json_wanted, print_count, print_json, print_table
from services.cli.text import when


@click.group()
def sessions() -> None:
    """Browsers that signed in with a token."""


@sessions.command("list")
@click.option("--state", multiple=True, type=click.Choice(["live", "ended"]), help="May be repeated.")
@click.option("--token", "token_id", metavar="ID", help="Of this token only.")
@limit_option(100)
@json_option
def list_sessions(limit: int, state: tuple[str, ...], token_id: str | None) -> None:
    """List sessions, those that end last first: everybody's for an admin, else your own."""
    page = connect().list_page("/api/sessions", {"state": state, "tokenId": token_id}, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page.get("total"), "sessions")


@sessions.command("revoke")
@click.argument("session", nargs=-1, required=True, metavar="ID...")
@json_option
def revoke_sessions(session: tuple[str, ...]) -> None:
    """End each session at once."""
    client = connect()
    ended: Column = ("ended", lambda item: "yes" if "result" in item else "no")
    each("ending", session, lambda name: client.delete(f"/api/sessions/{name}"), result=ended)


def _columns(now: datetime) -> list[Column]:
    return [
        ("id", lambda item: item["id"]),
        ("subject", lambda item: item["subject"]),
        ("role", lambda item: item["role"]),
        ("state", lambda item: item["state"]),
        ("begun", lambda item: when(item["createdAt"], now)),
        ("last seen", lambda item: when(item["lastSeenAt"], now)),
        ("ends", lambda item: when(item.get("endedAt") or item["expiresAt"], now)),
        ("why", lambda item: item.get("end")),
        ("address", lambda item: item["address"]),
        ("browser", lambda item: item["userAgent"]),
    ]
