"""The `faultline` command: the group all others hang on."""

import click

from services.cli.commands.audit import audit
from services.cli.commands.changes import changes
from services.cli.commands.deliveries import deliveries
from services.cli.commands.demo import demo
from services.cli.commands.incidents import incidents
from services.cli.commands.jobs import jobs
from services.cli.commands.mapping import mapping
from services.cli.commands.noise import noise
from services.cli.commands.rules import rules
from services.cli.commands.sessions import sessions
from services.cli.commands.silences import silences
from services.cli.commands.status import status
from services.cli.commands.store import store
from services.cli.commands.tokens import tokens
from services.cli.commands.up import up
from services.cli.commands.verify import verify


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="faultline", message="faultline %(version)s")
def cli() -> None:
    """Faultline, an incident workbench for teams that run Kubernetes."""


_WORK = (incidents, rules, silences, noise, changes, deliveries, mapping, jobs)
for command in (up, status, demo, *_WORK, tokens, sessions, audit, verify, store):
    cli.add_command(command)
