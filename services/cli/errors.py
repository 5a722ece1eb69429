"""What a command raises to end with a clear word and an exit code that means something."""

import click

from services.cli.exit_codes import ExitCode


class CommandFailed(click.ClickException):
    """Ends the command: ``message`` goes to standard error, ``exit_code`` to the shell.

    ``problem`` is the API's problem+json where there is one; under ``--json`` it is printed as it came.
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED, *, problem: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.problem = problem
