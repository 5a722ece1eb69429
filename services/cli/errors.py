"""What a command raises to end with a clear word and an exit code that means something."""

from typing import IO, Any

import click
import msgspec

from services.cli.exit_codes import ExitCode

JSON_WANTED = "faultline.json"


class CommandFailed(click.ClickException):
    """Ends the command: ``message`` goes to standard error, ``exit_code`` to the shell.

    Under ``--json`` standard error gets one line of JSON instead: ``problem`` (the API's problem+json) where
    there is one, else ``{"title": message}``, each with ``exitCode``.
    """

    def __init__(
        self, message: str, exit_code: ExitCode = ExitCode.FAILED, *, problem: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.exit_code: int = exit_code  # type: ignore[misc]  # click calls it a class variable and reads it off the error.
        self.problem = problem
        # Asked now: when click shows the error, the context is gone.
        context = click.get_current_context(silent=True)
        self._as_json = bool(context and context.meta.get(JSON_WANTED))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the error."""
        if not self._as_json:
            super().show(file)
            return
        body = {**(self.problem or {"title": self.message}), "exitCode": int(self.exit_code)}
        click.echo(msgspec.json.encode(body).decode(), file=file, err=file is None)
