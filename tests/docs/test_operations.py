"""What operators are told to do can be done: each alert has its section, each command is one, each name exists."""

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from services.cli.main import cli
from services.gateway.store_tool import _read_arguments

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/observability/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PAGE = (ROOT / "docs/alerts.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
PAGES = {name: (ROOT / "docs" / name).read_text() for name in ("operations.md", "alerts.md")}
# Words of Compose's own command lines that take a value.
TAKING = ("--profile", "--tail", "--entrypoint", "-f", "-c")


def commands(program: str) -> list[str]:
    """Return each command line of ``program`` that the two pages tell."""
    found = [line for page in PAGES.values() for block in BLOCK.findall(page) for line in block.splitlines()]
    found += [text for page in PAGES.values() for text in INLINE.findall(BLOCK.sub("", page))]
    return sorted({line.split("   #")[0].strip() for line in found if line.startswith(f"{program} ")})


def test_every_alert_has_its_section_and_every_section_its_alert():
    assert list(SECTIONS) == [rule["alert"] for rule in ALERTS]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_a_section_says_how_bad_it_is_where_to_look_and_what_to_do(rule):
    text = SECTIONS[rule["alert"]].strip()
    labels = [rule["labels"]["severity"], rule["labels"].get("notify")]

    assert text.startswith(f"*{', '.join(filter(None, labels))}.* ")
    assert re.search(r"^\*\*Look:\*\* ", text, re.MULTILINE)
    assert re.search(r"^\*\*Do:\*\* ", text, re.MULTILINE)


@pytest.mark.parametrize("line", commands("faultline"))
def test_every_command_that_is_told_is_one(line):
    # `--type access_refused` is a command's, `ID` a placeholder.
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command = found
    options = {name for parameter in command.params for name in parameter.opts}

    assert [word for word in words if word.startswith("-") and word not in options] == []


@pytest.mark.parametrize("line", commands("docker compose"))
def test_every_name_in_a_command_of_compose_exists(line):
    words = shlex.split(line)[2:]
    plain = [word for at, word in enumerate(words) if word[0] != "-" and (at == 0 or words[at - 1] not in TAKING)]
    verb, *rest = plain
    profiles = [words[at + 1] for at, word in enumerate(words) if word == "--profile"]
    named = {"exec": rest[:1], "run": rest[:1], "cp": [rest[0].split(":")[0]] if rest else []}.get(verb, rest)
    needed = [profile for name in named if name != "NAME" for profile in COMPOSE["services"][name].get("profiles", [])]

    assert verb in ("up", "down", "exec", "run", "cp", "ps", "logs", "restart", "rm")
    assert set(needed) <= set(profiles), "Compose finds it under its profile only"


def test_every_volume_that_is_thrown_away_or_kept_exists():
    named = {name for line in commands("docker volume rm") for name in shlex.split(line)[3:]}
    table = re.search(r"\| kept in the volume \|.*?\n\n", PAGES["operations.md"], re.DOTALL)
    assert table is not None
    kept = {name for row in table[0].strip().splitlines()[2:] for name in INLINE.findall(row.split("|")[1])}

    assert named <= {f"{COMPOSE['name']}_{volume}" for volume in COMPOSE["volumes"]}
    assert kept == set(COMPOSE["volumes"])


def test_the_tool_of_the_store_takes_the_command_lines_that_are_told():
    told = [
        line.split("services.gateway.store_tool ")[1] for line in commands("docker compose") if "store_tool" in line
    ]
    verbs = [_read_arguments(shlex.split(words)).verb for words in told]

    assert sorted(verbs) == ["export", "import"]
