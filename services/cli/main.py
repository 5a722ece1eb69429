"""The `faultline` command: the group all others hang on."""

import click

from services.cli.commands.up import up


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="faultline", message="faultline %(version)s")
def cli() -> None:
    """Faultline, an incident workbench for teams that run Kubernetes."""


cli.add_command(up)
