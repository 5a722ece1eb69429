"""`faultline up`: everything a local Faultline needs, in one command."""

import asyncio
import os
from pathlib import Path

import click
from rich.console import Console

from services.cli.errors import CommandFailed
from services.cli.supervisor.plan import ADMIN_TOKEN, Plan, make_plan, read_up_settings
from services.cli.supervisor.run_files import RunLock
from services.cli.supervisor.screen import TerminalScreen
from services.cli.supervisor.supervise import Supervisor


@click.command()
def up() -> None:
    """Start the broker, the gateway, the workers and Flower, and keep them up until Ctrl-C.

    Settings come from the environment (docs/configuration.md). One run per data folder.
    """
    settings = read_up_settings(os.environ)
    data_dir: Path = settings["data_dir"]
    _make_folder(data_dir)
    lock = RunLock(data_dir)
    had_token = (data_dir / ADMIN_TOKEN).exists()
    try:
        plan = make_plan(settings, os.environ)
        screen = TerminalScreen(Console(), lambda: None if had_token else _read_token(data_dir))
        screen.say(f"starting {', '.join(spec.name for spec in plan.children)} in {data_dir}")
        try:
            asyncio.run(_supervise(plan, screen))
            screen.say("stopped")
        finally:
            screen.close()
    finally:
        lock.release()


async def _supervise(plan: Plan, screen: TerminalScreen) -> None:
    await Supervisor(plan, screen).run()


def _make_folder(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / "logs").mkdir(exist_ok=True)
    except OSError as error:
        raise CommandFailed(
            f"Cannot use the data folder {data_dir}: {error.strerror}. Set FAULTLINE_DATA_DIR."
        ) from error


def _read_token(data_dir: Path) -> str | None:
    try:
        return (data_dir / ADMIN_TOKEN).read_text(encoding="ascii").strip()
    except OSError:
        return None
