"""Run the command as ``python -m services.cli``, where the ``faultline`` script is not installed."""

from services.cli.main import cli

cli(prog_name="faultline")
