"""`faultline rules`: which signals become one incident, and who owns it."""

from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from services.cli.matching import word_match
from services.cli.options import connect, json_option, limit_option
from services.cli.parameters import read_json_object
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

# What `rules show --json` says of a version beside its rules. Its reason is that of the change that made it.
_SHOWN = ("version", "builtIn", "changedBy", "changedAt")


@click.group()
def rules() -> None:
    """Which signals become one incident, and who owns it."""


@rules.command("show")
@click.option("--version", type=click.IntRange(min=1), help="That version; those in force if left out.")
@json_option
def show_rules(version: int | None) -> None:
    """Show the rules in their order, the built-in ones last: the first that takes a signal decides."""
    found = connect().get("/api/rules" if version is None else f"/api/rules/versions/{version}")
    _print_rules(found)


@rules.command("versions")
@limit_option()
@json_option
def list_versions(limit: int) -> None:
    """List who changed the rules when and why, newest first."""
    page = connect().list_page("/api/rules/versions", {}, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_version_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page.get("total"), "versions")


@rules.command("set")
@click.argument("file", type=click.File("rb"))
@click.option("--reason", help="Why they change; kept with the version.")
@click.option("--base", type=click.IntRange(min=0), help="Only if this version is still in force.")
@json_option
def set_rules(file: BinaryIO, reason: str | None, base: int | None) -> None:
    """Put the rules in FILE (JSON; - for standard input) into force, in place of all of before.

    What `rules show --json` prints can be given back, changed.
    """
    body = _read_rules(file)
    if reason is not None:
        body["reason"] = reason
    headers = None if base is None else {"If-Match": f'"{base}"'}
    _print_rules(connect().put("/api/rules", body, headers=headers))


@rules.command("try")
@click.argument("file", type=click.File("rb"))
@click.option("--hours", type=click.IntRange(1, 168), default=24, show_default=True, help="How far back.")
@json_option
def try_rules(file: BinaryIO, hours: int) -> None:
    """Show what the rules in FILE would have made of the past, beside those in force. Nothing is changed."""
    tried = connect().post("/api/rules/try", {**_read_rules(file), "hours": hours})
    if json_wanted():
        print_json(tried)
        return
    now = datetime.now(UTC)
    print_fields(_trial_fields(tried, now))
    click.echo()
    print_table([("", lambda row: row["of"]), *_BEFORE_AFTER], _compare(tried))
    if tried["differences"]:
        click.echo()
        print_table(_difference_columns(now), tried["differences"])
        print_count(len(tried["differences"]), tried["different"], "differences")


def _read_rules(file: BinaryIO) -> dict[str, Any]:
    """Return the rules in the file; of a printed version, only them. A word that is no field is left to the API."""
    found = read_json_object(file)
    dropped = (*_SHOWN, "reason") if "changedAt" in found else _SHOWN
    return {name: value for name, value in found.items() if name not in dropped}


def _print_rules(found: dict[str, Any]) -> None:
    if json_wanted():
        print_json(found)
        return
    print_fields(
        [
            ("version", found["version"]),
            ("changed", when(found.get("changedAt"), datetime.now(UTC))),
            ("changed by", found.get("changedBy")),
            ("reason", found.get("reason")),
        ]
    )
    click.echo()
    built_in = [{**rule, "isBuiltIn": True} for rule in found.get("builtIn", ())]
    print_table(_GROUPING_COLUMNS, [*found["grouping"], *built_in])
    if found["ownership"]:
        click.echo()
        print_table(_OWNERSHIP_COLUMNS, found["ownership"])


def _state(rule: dict[str, Any]) -> str:
    return "built in" if rule.get("isBuiltIn") else "on" if rule.get("enabled", True) else "off"


_RULE_COLUMNS: list[Column] = [
    ("rule", lambda rule: rule["id"]),
    ("name", lambda rule: rule["name"]),
    ("state", _state),
    ("takes", lambda rule: word_match(rule.get("match", {}), rule.get("when", "")) or "all"),
]
_GROUPING_COLUMNS: list[Column] = [
    *_RULE_COLUMNS,
    ("effect", lambda rule: rule["effect"]),
    ("grouped by", lambda rule: rule["groupBy"]),
]
_OWNERSHIP_COLUMNS: list[Column] = [*_RULE_COLUMNS, ("owner", lambda rule: rule["owner"])]
_BEFORE_AFTER: list[Column] = [("before", lambda row: row["before"]), ("after", lambda row: row["after"])]


def _version_columns(now: datetime) -> list[Column]:
    return [
        ("version", lambda item: item["version"]),
        ("changed", lambda item: when(item["changedAt"], now)),
        ("changed by", lambda item: item["changedBy"]),
        ("grouping", lambda item: item["groupingRules"]),
        ("ownership", lambda item: item["ownershipRules"]),
        ("reason", lambda item: item["reason"]),
    ]


def _trial_fields(tried: dict[str, Any], now: datetime) -> list[tuple[str, object]]:
    newest = "" if tried["isWhole"] else ", only the newest: there was more"
    return [
        ("since", when(tried["since"], now)),
        ("tried on", f"{tried['signals']} signals of {tried['deliveries']} deliveries{newest}"),
        ("different", f"{tried['different']} signals"),
    ]


def _compare(tried: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that set the two effects beside each other: incidents, then outcomes, then rules."""
    before, after = tried["before"], tried["after"]
    rows = [{"of": "incidents", "before": before["incidents"], "after": after["incidents"]}]
    for kind, word in (("outcomes", ""), ("rules", "rule ")):
        for name in {**before[kind], **after[kind]}:
            counts = {side: tried[side][kind].get(name, 0) for side in ("before", "after")}
            rows.append({"of": f"{word}{name}", **counts})
    return rows


def _difference_columns(now: datetime) -> list[Column]:
    return [
        ("delivery", lambda item: item["deliveryId"]),
        ("received", lambda item: when(item["receivedAt"], now)),
        ("signal", lambda item: item["title"] or item["fingerprint"]),
        ("before", lambda item: _essence(item["before"])),
        ("after", lambda item: _essence(item["after"])),
    ]


def _essence(side: dict[str, Any]) -> str:
    by = f" by {side['ruleId']}" if side.get("ruleId") else ""
    group = f" in {side['dedupKey']}" if side.get("dedupKey") else ""
    return f"{side['outcome']}{by}{group}"
