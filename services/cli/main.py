"""The `faultline` command: the group all others hang on."""

import click

from services.cli.commands.actions import actions
from services.cli.commands.audit import audit
from services.cli.commands.changes import changes
from services.cli.commands.deliveries import deliveries
from services.cli.commands.demo import demo
from services.cli.commands.dx import dx
from services.cli.commands.incident_files import diagnose_incident, export_incident, report_incident
from services.cli.commands.incident_moves import backdate_incident, merge_incident, relate_incidents, split_incident
from services.cli.commands.incidents import incidents
from services.cli.commands.investigations import (
    evidence_of_incident,
    graph_of_incident,
    investigate_incident,
    list_investigations,
)
from services.cli.commands.jobs import jobs
from services.cli.commands.mapping import mapping
from services.cli.commands.noise import noise
from services.cli.commands.policy import policy
from services.cli.commands.quickdx import quickdx
from services.cli.commands.retention import retention
from services.cli.commands.rules import rules
from services.cli.commands.sessions import sessions
from services.cli.commands.silences import silences
from services.cli.commands.snapshot import snapshot
from services.cli.commands.stats import stats
from services.cli.commands.status import status
from services.cli.commands.store import store
from services.cli.commands.tasks import tasks
from services.cli.commands.tokens import tokens
from services.cli.commands.up import up
from services.cli.commands.verify import verify
from services.cli.commands.watch import watch


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="faultline", message="faultline %(version)s")
def cli() -> None:
    """Faultline, an incident workbench for teams that run Kubernetes."""


for command in (diagnose_incident, report_incident, export_incident):
    incidents.add_command(command)
for move in (merge_incident, split_incident, relate_incidents, backdate_incident):
    incidents.add_command(move)
for found in (investigate_incident, list_investigations, graph_of_incident, evidence_of_incident):
    incidents.add_command(found)
_WORK = (
    incidents,
    tasks,
    quickdx,
    actions,
    policy,
    watch,
    stats,
    rules,
    silences,
    noise,
    changes,
    deliveries,
    mapping,
    jobs,
)
for command in (up, status, demo, dx, *_WORK, tokens, sessions, audit, verify, retention, store, snapshot):
    cli.add_command(command)
