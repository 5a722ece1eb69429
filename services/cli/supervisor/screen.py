"""What a person sees of `faultline up`: one clear screen when it is ready, then a line per event."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from rich.console import Console
from rich.table import Table

from services.cli.supervisor.plan import ADMIN_TOKEN, FLOWER_PASSWORD, Plan

_WAITING_LINES = 1000
_LAST_WORDS_SECONDS = 2.0


class TerminalScreen:
    """Prints from a thread of its own and drops lines nobody takes: a terminal that is stopped stops nothing else.

    ``new_admin_token`` is asked once everything is up for a token that was made in this run.
    """

    def __init__(self, console: Console, new_admin_token: Callable[[], str | None]) -> None:
        self._console = console
        self._new_admin_token = new_admin_token
        self._lines: queue.Queue[object] = queue.Queue(_WAITING_LINES)
        self._printer = threading.Thread(target=self._print_all, name="screen", daemon=True)
        self._printer.start()

    def say(self, text: str) -> None:
        """Tell one event, with the time."""
        now = datetime.now().astimezone()
        stamp = f"{now:%H:%M:%S}" if self._console.is_terminal else now.isoformat(timespec="seconds")
        self._put(f"{stamp} {text}")

    def show_ready(self, plan: Plan, took_seconds: float) -> None:
        """Show where everything is."""
        lines = ready_lines(plan, took_seconds, self._new_admin_token())
        self._put(
            _as_table(lines) if self._console.is_terminal else "\n".join(f"{name}: {value}" for name, value in lines)
        )

    def close(self) -> None:
        """Print what is left, for a moment at most."""
        self._put(None)
        self._printer.join(_LAST_WORDS_SECONDS)

    def _put(self, item: object) -> None:
        with suppress(queue.Full):
            self._lines.put_nowait(item)

    def _print_all(self) -> None:
        while (item := self._lines.get()) is not None:
            # The terminal may be gone; what runs goes on without it until the hang-up signal stops it.
            with suppress(OSError, ValueError):
                self._console.print(item, markup=False, highlight=False, soft_wrap=isinstance(item, str))


def ready_lines(plan: Plan, took_seconds: float, new_admin_token: str | None) -> list[tuple[str, str]]:
    """Return what the ready screen says, as names and values."""
    lines = [
        ("Faultline is ready", f"after {took_seconds:.1f} s"),
        ("API", f"{plan.url}/api"),
        ("API docs", plan.docs_url),
    ]
    if plan.flower_url:
        lines.append(("Flower", f"{plan.flower_url} (user admin, password in {plan.data_dir / FLOWER_PASSWORD})"))
    if plan.metrics_urls:
        workers = ", ".join(f"{url} ({name})" for name, url in plan.metrics_urls.items())
        lines.append(("Metrics", f"{plan.url}/metrics (gateway), {workers}"))
    if plan.admin_token_given:
        lines.append(("Admin token", "the one in FAULTLINE_ADMIN_TOKEN"))
    elif new_admin_token:
        lines.append(("Admin token", f"{new_admin_token} (shown this once; kept in {plan.data_dir / ADMIN_TOKEN})"))
    else:
        lines.append(("Admin token", f"in {plan.data_dir / ADMIN_TOKEN}"))
    lines.append(("Data folder", f"{plan.data_dir} (logs in logs/)"))
    lines.append(("Broker", plan.broker))
    lines.append(("Up", ", ".join(spec.name + ("" if spec.essential else " (starting)") for spec in plan.children)))
    lines.append(
        ("Next", "`faultline demo` plays an outage; `faultline status` shows what is up; Ctrl-C stops everything")
    )
    return lines


def _as_table(lines: list[tuple[str, str]]) -> Table:
    (title, after), *rest = lines
    table = Table.grid(padding=(0, 2))
    table.title, table.title_justify, table.title_style = f"\n{title} {after}\n", "left", "bold green"
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rest:
        table.add_row(name, value)
    return table
